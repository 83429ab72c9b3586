"""Who stopped paying between two month-ends of a backtest, and what their health had said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from metrics.backtest.panel import CHURNED, NEXT, NO_SCORE, Panel
from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.models import Backtest, BacktestLoss

# A warning older than this says nothing of a loss.
LEAD_DAYS = 365


def keep_losses(run: Backtest, panel: Panel, following: Mapping[date, date]) -> dict[str, Any]:
    """Write the losses of a backtest and return them in numbers; ``following`` is the month-end after each."""
    import numpy as np

    gone = panel.where(panel.outcomes[:, NEXT] == CHURNED)
    theirs = panel.where(np.isin(panel.accounts, gone.accounts))
    red = theirs.where((theirs.scores != NO_SCORE) & (theirs.scores < 10 * AMBER_FROM))
    days_in_red: dict[int, list[int]] = {}
    for account, day in zip(red.accounts.tolist(), red.months.tolist(), strict=True):
        days_in_red.setdefault(account, []).append(day)
    losses = []
    columns = (gone.accounts, gone.months, gone.scores, gone.arr)
    for account, day, tenths, cents in zip(*(column.tolist() for column in columns), strict=True):
        last_on = date.fromordinal(day)
        gone_on = following[last_on]
        since = gone_on.toordinal() - LEAD_DAYS
        warned = [one for one in days_in_red.get(account, ()) if since <= one <= day]
        losses.append(
            BacktestLoss(
                run=run,
                account_id=account,
                last_on=last_on,
                gone_on=gone_on,
                arr=Decimal(cents) / 100,
                score=None if tenths == NO_SCORE else Decimal(tenths) / 10,
                band=band_of(tenths),
                red_on=date.fromordinal(min(warned)) if warned else None,
            )
        )
    BacktestLoss.objects.bulk_create(losses, batch_size=1000)
    leads = [lead for loss in losses if (lead := loss.lead_days) is not None]
    green = [loss for loss in losses if loss.band == "green"]
    return {
        "lost": len(losses),
        "warned": len(leads),
        "lead_days": median(leads) if leads else None,
        "bands": {
            band: sum(loss.band == band for loss in losses) for band in ("red", "amber", "green", "unknown")
        },
        "arr": str(sum((loss.arr for loss in losses), Decimal(0))),
        "green_arr": str(sum((loss.arr for loss in green), Decimal(0))),
    }


def band_of(tenths: int) -> str:
    """Return the band of a score in tenths of a point."""
    if tenths == NO_SCORE:
        return "unknown"
    if tenths < 10 * AMBER_FROM:
        return "red"
    return "amber" if tenths < 10 * GREEN_FROM else "green"
