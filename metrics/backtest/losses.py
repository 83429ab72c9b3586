"""Who stopped paying between two month-ends of a backtest, and what their health had said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from metrics.backtest.panel import CHURNED, CONTRACTED, NEXT, NO_SCORE, Panel
from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.models import Backtest, BacktestLoss

# A warning older than this says nothing of a loss.
LEAD_DAYS = 365


def keep_losses(run: Backtest, panel: Panel, following: Mapping[date, date]) -> dict[str, Any]:
    """Write the losses of a backtest and return them in numbers; ``following`` is the month-end after each.

    ``contraction`` are the warnings ahead of every fall from a month-end to the next, down to nothing.
    """
    fallen = panel.where(panel.outcomes[:, NEXT] >= CONTRACTED)
    days_in_red = _days_in_red(panel, fallen)
    leads: list[int] = []
    losses = []
    columns = (fallen.accounts, fallen.months, fallen.scores, fallen.arr, fallen.outcomes[:, NEXT])
    for account, day, tenths, cents, outcome in zip(*(column.tolist() for column in columns), strict=True):
        last_on = date.fromordinal(day)
        gone_on = following[last_on]
        since = gone_on.toordinal() - LEAD_DAYS
        red_on = min((one for one in days_in_red.get(account, ()) if since <= one <= day), default=None)
        if red_on is not None:
            leads.append(gone_on.toordinal() - red_on)
        if outcome != CHURNED:
            continue
        losses.append(
            BacktestLoss(
                run=run,
                account_id=account,
                last_on=last_on,
                gone_on=gone_on,
                arr=Decimal(cents) / 100,
                score=None if tenths == NO_SCORE else Decimal(tenths) / 10,
                band=band_of(tenths),
                red_on=None if red_on is None else date.fromordinal(red_on),
            )
        )
    BacktestLoss.objects.bulk_create(losses, batch_size=1000)
    green = [loss for loss in losses if loss.band == "green"]
    return {
        **_warnings(len(losses), [lead for loss in losses if (lead := loss.lead_days) is not None]),
        "contraction": _warnings(len(fallen), leads),
        "bands": {
            band: sum(loss.band == band for loss in losses) for band in ("red", "amber", "green", "unknown")
        },
        "arr": str(sum((loss.arr for loss in losses), Decimal(0))),
        "green_arr": str(sum((loss.arr for loss in green), Decimal(0))),
    }


def _days_in_red(panel: Panel, fallen: Panel) -> Mapping[int, list[int]]:
    """Return the month-ends in red of the accounts of ``fallen``, by ordinal."""
    import numpy as np

    theirs = panel.where(np.isin(panel.accounts, fallen.accounts))
    red = theirs.where((theirs.scores != NO_SCORE) & (theirs.scores < 10 * AMBER_FROM))
    found: dict[int, list[int]] = {}
    for account, day in zip(red.accounts.tolist(), red.months.tolist(), strict=True):
        found.setdefault(account, []).append(day)
    return found


def _warnings(lost: int, leads: Sequence[int]) -> dict[str, Any]:
    return {"lost": lost, "warned": len(leads), "lead_days": median(leads) if leads else None}


def band_of(tenths: int) -> str:
    """Return the band of a score in tenths of a point."""
    if tenths == NO_SCORE:
        return "unknown"
    if tenths < 10 * AMBER_FROM:
        return "red"
    return "amber" if tenths < 10 * GREEN_FROM else "green"
