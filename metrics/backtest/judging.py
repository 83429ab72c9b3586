"""One outcome within one window, judged: the model beside the baselines, its bands, its deciles, its components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from metrics.backtest.measures import auc, curve, deciles, inner, ranks, redrawn, shuffled_auc
from metrics.backtest.panel import CHURNED, CONTRACTED, NO_SCORE, UNKNOWN, Panel
from metrics.health.recipe import AMBER_FROM
from metrics.models import HealthComponent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Whole = NDArray[np.integer[Any]]
    Real = NDArray[np.floating[Any]]
    Marks = NDArray[np.bool_]

# With fewer accounts lost than this an AUC says next to nothing, whatever its interval.
FEWEST_ACCOUNTS = 10
# What counts as an outcome: churn is to zero; contraction is any fall, to zero included.
OUTCOMES: Mapping[str, int] = {"churn": CHURNED, "contraction": CONTRACTED}
TIER, USAGE = "tier", "usage"


def judge(
    panel: Panel,
    *,
    outcome: str,
    column: int,
    components: Sequence[HealthComponent],
    cut_on: date,
    seed: int,
) -> dict[str, Any]:
    """Judge a model by one outcome, in the ``column`` of a window; rows that aren't over count as censored."""
    import numpy as np

    known = panel.outcomes[:, column] != UNKNOWN
    scored = panel.scores != NO_SCORE
    rows = panel.where(known & scored)
    events = events_of(rows, outcome, column)
    after = rows.months >= cut_on.toordinal()
    found: dict[str, Any] = {
        "rows": len(rows),
        "censored": int((~known).sum()),
        "unknown": int((known & ~scored).sum()),
        "unknown_events": int(events_of(panel.where(known & ~scored), outcome, column).sum()),
        "events": int(events.sum()),
        "accounts": len(np.unique(rows.accounts)),
        "accounts_lost": len(np.unique(rows.accounts[events])),
        "compared": compared(rows, events, seed),
        "since_cut": compared(rows.where(after), events[after], seed),
    }
    if found["compared"]["is_enough"]:
        found |= {
            "red": red_band(rows, events),
            "deciles": [asdict(one) for one in deciles(rows.scores, events)],
            "curve": curve(rows.scores, events),
            "lifts": lifts(rows, events, components),
        }
    return found


def events_of(rows: Panel, outcome: str, column: int) -> Marks:
    """Return which rows met an outcome within a window."""
    marks: Marks = rows.outcomes[:, column] >= OUTCOMES[outcome]
    return marks


def compared(rows: Panel, events: Marks, seed: int, **others: Whole) -> dict[str, Any]:
    """Return the AUC of the model, of both baselines and of ``others`` over the same rows, each with its interval.

    A baseline is read in the direction that suits it best on these very rows, which favours it. ``ahead`` is by how
    much the model leads the better of the two, over the same draws. Without enough lost accounts nothing is judged.
    """
    import numpy as np

    lost = len(np.unique(rows.accounts[events]))
    found: dict[str, Any] = {
        "rows": len(rows),
        "events": int(events.sum()),
        "lost": lost,
        "is_enough": lost >= FEWEST_ACCOUNTS and not events.all(),
    }
    if not found["is_enough"]:
        return found
    best = {
        # Rank 1 is the highest tier, 0 none at all.
        TIER: _best(ranks(np.where(rows.tiers == 0, -999, -rows.tiers)), events),
        USAGE: _best(ranks(rows.usage), events),
    }
    orders = {"model": rows.scores, **{key: places for key, (places, _) in best.items()}, **others}
    drawn = dict(zip(orders, redrawn(list(orders.values()), events, rows.accounts, seed=seed), strict=True))
    for key, places in orders.items():
        area = auc(places, events)
        found[key] = {"auc": area, **_ends(drawn[key])}
        if key in best:
            found[key]["is_turned"] = best[key][1]
    better = max((TIER, USAGE), key=lambda key: found[key]["auc"])
    found["better"] = better
    found["ahead"] = {
        "auc": found["model"]["auc"] - found[better]["auc"],
        **_ends(drawn["model"] - drawn[better]),
    }
    for key in others:
        change = drawn[key] - drawn["model"]
        found[key]["ahead"] = {"auc": found[key]["auc"] - found["model"]["auc"], **_ends(change)}
    found["shuffled"] = shuffled_auc(rows.scores, events, rows.months, seed=seed)
    return found


def _best(places: Whole, events: Marks) -> tuple[Whole, bool]:
    """Return an order, turned round where it tells more that way, and whether it was."""
    area = auc(places, events)
    is_turned = area is not None and area < 0.5
    return (places.max() - places if is_turned else places), is_turned


def _ends(drawn: Real) -> dict[str, float]:
    low, high = inner(drawn)
    return {"low": low, "high": high}


def red_band(rows: Panel, events: Marks) -> dict[str, Any]:
    """Return what the red band called: rows in it, how many of them were lost, and how many of the lost it held."""
    import numpy as np

    red = rows.scores < 10 * AMBER_FROM
    return {
        "rows": int(red.sum()),
        "hits": int((red & events).sum()),
        "events": int(events.sum()),
        "accounts": len(np.unique(rows.accounts[red])),
        "accounts_hit": len(np.unique(rows.accounts[red & events])),
        "accounts_lost": len(np.unique(rows.accounts[events])),
    }


def lifts(rows: Panel, events: Marks, components: Sequence[HealthComponent]) -> list[dict[str, Any]]:
    """Return what each component tells alone, and what the model would lose without it."""
    whole = auc(rows.scores, events)
    weights = [float(part.weight) for part in components]
    found = []
    for place, part in enumerate(components):
        held = rows.points[:, place] != NO_SCORE
        alone = auc(rows.points[held, place], events[held]) if held.any() else None
        without = [0.0 if other == place else weight for other, weight in enumerate(weights)]
        rest = weighed(rows, without, weights) if len(components) > 1 else None
        left_out = auc(rest, events) if rest is not None else None
        found.append(
            {
                "key": part.key,
                "label": part.label,
                "weight": str(part.weight),
                "rows": int(held.sum()),
                "alone": alone,
                "left_out": left_out,
                "lift": None if whole is None or left_out is None else whole - left_out,
            }
        )
    return found


def weighed(rows: Panel, weights: Sequence[float], stored: Sequence[float] | None = None) -> Whole:
    """Return the scores that other weights give, in tenths; with none of its components present it is the stored one.

    With the ``stored`` weights given, a limit that held the score goes on holding it.
    """
    import numpy as np

    new = _mean(rows, weights)
    result = np.where(np.isnan(new), rows.scores, new)
    if stored is not None:
        old = _mean(rows, stored)
        # Both are rounded, so that they may be a tenth apart without a limit.
        is_capped, is_raised = rows.scores < old - 1, rows.scores > old + 1
        result = np.where(is_capped, np.minimum(result, rows.scores), result)
        result = np.where(is_raised, np.maximum(result, rows.scores), result)
    whole: Whole = np.floor(result + 0.5).astype(np.int16)
    return whole


def _mean(rows: Panel, weights: Sequence[float]) -> Real:
    """Return the mean of the points present by weights, component by component, so that no large copy is made."""
    import numpy as np

    total = np.zeros(len(rows), dtype=np.float32)
    present = np.zeros(len(rows), dtype=np.float32)
    for place, weight in enumerate(weights):
        if weight:
            held = rows.points[:, place] != NO_SCORE
            total += np.where(held, rows.points[:, place], 0) * np.float32(weight)
            present += held * np.float32(weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Real = total / present
    return mean
