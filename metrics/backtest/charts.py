"""The charts of a backtest, each titled by what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from common.charts import Chart, Series
from common.formatting import format_percent
from metrics.backtest.judging import TIER, USAGE
from metrics.backtest.words import HAPPENED, SIDES, area, share, too_few, verdict

AREAS = {"horizontal": True, "min": 0, "max": 1, "levels": [{"at": 0.5, "label": "luck"}]}
# A lift below this is lost in the noise of a few dozen losses.
TELLS = 0.005
STEPS = 20


def comparison(found: Mapping[str, Any]) -> Chart:
    """Draw the AUC of the version beside both baselines and luck, over all month-ends and behind the cut."""
    sides = [("All month-ends", found["compared"]), ("After the cut", found["since_cut"])]
    told = [(name, one) for name, one in sides if one["is_enough"]]
    best = told[-1][1] if told else found["compared"]
    return Chart(
        key="metrics.backtest-comparison",
        kind="bar",
        title=verdict(best),
        categories=[SIDES["model"], SIDES[TIER], SIDES[USAGE], "Shuffled outcomes"] if told else [],
        series=[
            Series(
                name=name,
                values=[one["model"]["auc"], one[TIER]["auc"], one[USAGE]["auc"], one["shuffled"]],
                tone="muted" if place == 0 and len(told) > 1 else "accent",
            )
            for place, (name, one) in enumerate(told)
        ],
        decimals=2,
        category_label="Ordered by",
        extra=AREAS,
        empty="Choose more month-ends, or wait until more is known.",
    )


def found_by_flagging(found: Mapping[str, Any]) -> Chart:
    """Draw the curve (ROC): how many of the lost are found by flagging a share of those who stay."""
    curve: Sequence[Sequence[float]] = found.get("curve", ())
    shares = [place / STEPS for place in range(STEPS + 1)]
    values = [_height(curve, one) for one in shares] if curve else []
    at = dict(zip(shares, values, strict=False)).get(0.2)
    title = too_few(found["compared"]) if at is None else (
        f"Flagging 20% of those who stay finds {format_percent(at, 0)} of those who {HAPPENED[found['outcome']]}"
    )  # fmt: skip
    return Chart(
        key="metrics.backtest-curve",
        kind="line",
        title=title,
        categories=[format_percent(one, 0) for one in shares] if curve else [],
        series=[
            Series(name="Lowest scores first", values=values, tone="accent"),
            Series(name="By luck", values=shares, tone="muted"),
        ]
        if curve
        else [],
        unit="ratio",
        decimals=0,
        category_label="Of those who stay, flagged",
        extra={"min": 0, "max": 1},
        empty="Choose more month-ends, or wait until more is known.",
    )


def calibration(found: Mapping[str, Any]) -> Chart:
    """Draw how many were lost in each tenth of the scores."""
    rows: Sequence[Mapping[str, int]] = found.get("deciles", ())
    title = too_few(found["compared"])
    if rows:
        low, high = (share(one["events"], one["rows"]) for one in (rows[0], rows[-1]))
        title = f"{low} of the lowest scores {HAPPENED[found['outcome']]}, {high} of the highest"
    return Chart(
        key="metrics.backtest-deciles",
        kind="bar",
        title=title,
        categories=[f"{one['least'] / 10:g} to {one['most'] / 10:g}" for one in rows],
        series=[Series(name="Share lost", values=[one["events"] / one["rows"] for one in rows])]
        if rows
        else [],
        unit="ratio",
        category_label="Score",
        extra={"min": 0},
        empty="Choose more month-ends, or wait until more is known.",
    )


def lift(found: Mapping[str, Any]) -> Chart:
    """Draw what the AUC would lose without each component."""
    rows = [one for one in found.get("lifts", ()) if one["lift"] is not None]
    rows.sort(key=lambda one: -one["lift"])
    title = (
        too_few(found["compared"])
        if not found["compared"]["is_enough"]
        else "One component alone: nothing to leave out"
    )
    if rows:
        idle = sum(one["lift"] < TELLS for one in rows)
        title = f"{rows[0]['label']} tells most; {idle} of {len(rows)} components add next to nothing"
    return Chart(
        key="metrics.backtest-lift",
        kind="bar",
        title=title,
        categories=[one["label"] for one in rows],
        series=[
            Series(
                name="Hundredths of AUC lost without it", values=[round(100 * one["lift"], 2) for one in rows]
            )
        ]
        if rows
        else [],
        decimals=1,
        category_label="Component",
        height="lg",
        extra={"horizontal": True},
        empty="Choose more month-ends, or wait until more is known.",
    )


def weights(suggestion: Mapping[str, Any]) -> Chart:
    """Draw the suggested weights beside those of the version, as shares of 100."""
    rows: Sequence[Mapping[str, Any]] = suggestion["weights"]
    whole = sum(float(one["now"]) for one in rows)
    result = suggestion["result"]
    lead = result["suggested"]["ahead"]
    sides = f"{area(result['suggested']['auc'])} against {area(result['model']['auc'])}"
    if lead["low"] > 0:
        title = f"Other weights would have told more: {sides}"
    elif lead["high"] < 0:
        title = f"Other weights would have told less: {sides}"
    else:
        title = f"Other weights can’t be told from these: {sides}"
    return Chart(
        key="metrics.backtest-weights",
        kind="bar",
        title=title,
        categories=[one["label"] for one in rows],
        series=[
            Series(
                name="Now", values=[round(100 * float(one["now"]) / whole, 1) for one in rows], tone="muted"
            ),
            Series(name="Suggested", values=[one["weight"] for one in rows], tone="accent"),
        ],
        unit="percent",
        decimals=0,
        category_label="Component",
        height="lg",
        extra={"horizontal": True},
    )


def _height(curve: Sequence[Sequence[float]], at: float) -> float:
    """Return the height of a curve, straight between its points; the highest where it stands upright."""
    height = 0.0
    for (x, y), (next_x, next_y) in pairwise(curve):
        if next_x <= at:
            height = next_y
        elif x <= at:
            height = y + (next_y - y) * (at - x) / (next_x - x)
    return round(height, 4)
