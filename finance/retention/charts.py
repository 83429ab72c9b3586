"""The charts of the retention page: each title states the finding."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.conf import settings

from common.charts import Chart, Series
from common.formatting import format_percent
from common.periods import month_label
from finance.retention.definitions import spoken, to_decimal
from finance.retention.drill import DOWN, STEPS
from finance.retention.figures import Figures, Retention
from finance.revenue.charts import NO_REVENUE, money
from finance.revenue.movements import Movement


def bridge_chart(read: Retention, url: Callable[[str], str] | None) -> Chart:
    """Return the waterfall of the headline's window; ``url`` gives where a step opens to its accounts."""
    moved = read.headline.moved
    steps = [key for key in STEPS if key != "fx" or moved.fx]
    values = [-getattr(moved, key) if key in DOWN else getattr(moved, key) for key in steps]
    names = {"start": month_label(moved.start_day), "end": month_label(moved.end_day)}
    is_empty = not any(values)
    return Chart(
        key="finance.retention_bridge",
        kind="waterfall",
        title=_bridge_title(moved),
        categories=[names.get(key, STEPS[key]) for key in steps],
        series=[] if is_empty else [Series(name="ARR", values=values)],
        totals=[0, len(steps) - 1],
        urls=[url(key) for key in steps] if url else [],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        decimals=2,
        category_label="Step",
        empty=NO_REVENUE,
    )


def _bridge_title(moved: Movement) -> str:
    change = moved.end - moved.start
    ups = {"new accounts": moved.new, "expansion": moved.expansion, "returning accounts": moved.reactivation}
    downs = {"contraction": moved.contraction, "churn": moved.churn}
    if not moved.start and not moved.end:
        return "No recurring revenue in this time"
    if not any(ups.values()) and not any(downs.values()):
        return f"Nothing moved: ARR is {money(moved.end)}"
    up, down = max(ups, key=lambda key: ups[key]), max(downs, key=lambda key: downs[key])
    way = "grew by" if change > 0 else "fell by"
    told = f"ARR {way} {money(abs(change))}" if change else "ARR came out even"
    parts = []
    if ups[up]:
        parts.append(f"most of the gain is {up} ({money(ups[up])})")
    if downs[down]:
        parts.append(f"most of the loss is {down} ({money(downs[down])})")
    return f"{told}: {', '.join(parts)}"


def series_chart(read: Retention) -> Chart:
    """Return NRR and GRR month by month."""
    nrr = [row.shown["nrr"] for row in read.series]
    grr = [row.shown["grr"] for row in read.series]
    known = [value for value in (*nrr, *grr) if value is not None]
    return Chart(
        key="finance.retention_series",
        kind="line",
        title=_series_title(read),
        categories=[month_label(row.month) for row in read.series],
        series=[
            Series(name="NRR", values=nrr, tone="accent"),
            Series(name="GRR", values=grr, tone="2"),
        ]
        if known
        else [],
        unit="ratio",
        empty="Retention needs revenue at the start. Choose a later month.",
    )


def _series_title(read: Retention) -> str:
    first, last = (row.values["nrr"] for row in (read.series[0], read.series[-1]))
    if last is None:
        return "NRR is not defined: there was no ARR at the start"
    if first is None or len(read.series) == 1:
        return f"NRR is {spoken(last)}"
    points = to_decimal((last - first) * 100, 1)
    assert points is not None
    since = month_label(read.series[0].month)
    if not points:
        return f"NRR is {spoken(last)}, as in {since}"
    return f"NRR is {spoken(last)}, {abs(points)} points {'above' if points > 0 else 'below'} {since}"


def segment_chart(read: Retention, url: Callable[[str], str]) -> Chart:
    """Return NRR and GRR of the largest segments at the start; ``url`` gives where a segment opens to."""
    largest = sorted(read.segments, key=lambda row: -row.moved.start)[:12]
    shown = [row for row in read.segments if row in largest and row.values["nrr"] is not None]
    return Chart(
        key="finance.retention_segments",
        kind="bar",
        title=_segment_title(shown),
        categories=[row.label for row in shown],
        series=[
            Series(name="NRR", values=[row.shown["nrr"] for row in shown], tone="accent"),
            Series(name="GRR", values=[row.shown["grr"] for row in shown], tone="2"),
        ]
        if shown
        else [],
        urls=[url(row.key) for row in shown],
        unit="ratio",
        category_label="Segment at the start",
        note="The twelve with most ARR at the start." if len(read.segments) > len(largest) else "",
        empty="Segments show here once there is revenue at the start.",
    )


def _segment_title(shown: list[Figures]) -> str:
    rated = sorted((row.shown["nrr"] or Decimal(0), row.label) for row in shown)
    if not rated:
        return "No segment had ARR at the start"
    if len(rated) == 1:
        return f"{rated[0][1]} keeps {format_percent(rated[0][0])}"
    (low, lowest), (high, highest) = rated[0], rated[-1]
    return f"{highest} keeps most ({format_percent(high)}), {lowest} least ({format_percent(low)})"
