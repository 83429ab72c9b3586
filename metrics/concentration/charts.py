"""The charts of concentration: the Lorenz curve, how it went, and where revenue lies."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.conf import settings

from common.charts import Chart, Series
from common.formatting import format_date, format_percent
from metrics.concentration.numbers import Counted
from metrics.concentration.reading import OVER_LABELS, Figures, Past, Place, Ranking
from metrics.concentration.shares import FEWEST
from metrics.explanation import NO_MEMBER

MOST_BARS = 15
NOTHING = "Concentration is not defined without recurring revenue"
NEXT = "It follows the first refresh after contracts with recurring revenue have arrived."


def lorenz_chart(
    key: str, figures: Figures, ranking: Ranking, counted: Counted, *, ending: str = "", provisional: str = ""
) -> Chart:
    """Return the Lorenz curve, largest first; ``ending`` ends its title."""
    noun = f"{counted}s"
    share = figures.values["top_fifth"]
    extra = {}
    if share is not None and figures.holders >= FEWEST:
        # The stored share is of a fifth rounded down; the curve, read at 20 % sharp, would say another number.
        fifth = (figures.holders // 5) / figures.holders
        label = f"Top 20% hold {format_percent(share, 0)}"
        extra = {"mark": {"x": fifth, "y": float(share), "label": label}}
    if share is None:
        title = NOTHING
    elif figures.holders == 1:
        title = f"One {counted} brings all ARR{ending}"
    else:
        title = f"The top 20% of {noun} bring {format_percent(share, 0)} of ARR{ending}"
    return Chart(
        key=key,
        kind="lorenz",
        title=title,
        points=ranking.curve,
        category_label=f"Largest {noun}",
        x_label=f"Share of {noun}",
        y_label="Share of ARR",
        unit="ratio",
        x_unit="ratio",
        empty=NEXT,
        provisional=provisional,
        extra=extra,
    )


def trend_chart(past: Sequence[Past], counted: Counted) -> Chart:
    """Return how the shares went, by the last stored day of each month."""
    known = [each for each in past if each.values.get("top_fifth") is not None]
    return Chart(
        key="concentration-trend",
        kind="line",
        title=_trend_title(known, counted),
        categories=[format_date(each.day) for each in past],
        series=[
            Series(
                name=f"Top 20% of {counted}s",
                values=[each.values.get("top_fifth") for each in past],
                tone="accent",
            ),
            Series(name="Largest 10", values=[each.values.get("top_10") for each in past]),
            Series(name=f"Largest {counted}", values=[each.values.get("top_1") for each in past]),
        ]
        if known
        else [],
        unit="ratio",
        good="",
        category_label="Day",
        empty=NEXT,
        extra={"min": 0, "max": 1, "levels": [{"at": 0.5, "label": "80/20 test"}]},
    )


def _trend_title(known: Sequence[Past], counted: Counted) -> str:
    if not known:
        return NOTHING
    first, last = known[0].values["top_fifth"], known[-1].values["top_fifth"]
    assert first is not None
    assert last is not None
    if len(known) == 1:
        return f"The share of the top 20% of {counted}s is {format_percent(last, 0)}; its history starts now"
    points = round((last - first) * 100, 1)
    if not points:
        return f"The share of the top 20% of {counted}s stayed at {format_percent(last, 0)}"
    way = "rose" if points > 0 else "fell"
    return f"The share of the top 20% of {counted}s {way} by {abs(points):f} points since {format_date(known[0].day)}"


def places_chart(places: Sequence[Place], over: str) -> Chart:
    """Return the share of each place in ARR; small ones beyond the first are one bar."""
    noun = OVER_LABELS[over].lower()
    known = [place for place in places if place.share is not None]
    shown, rest = (known, []) if len(known) <= MOST_BARS else (known[: MOST_BARS - 1], known[MOST_BARS - 1 :])
    bars = [(place.label, place.arr) for place in shown]
    if rest:
        bars.append((f"{len(rest)} others", sum((place.arr for place in rest), Decimal(0))))
    most = max(
        (place for place in known if place.key != NO_MEMBER), key=lambda place: place.arr, default=None
    )
    return Chart(
        key=f"concentration-{over}",
        kind="bar",
        title=f"{most.label} holds {format_percent(most.share, 0)} of ARR"
        if most is not None and most.share is not None
        else f"No ARR lies in a known {noun}"
        if known
        else NOTHING,
        categories=[label for label, _ in bars],
        series=[Series(name="ARR", values=[amount for _, amount in bars], tone="accent")] if bars else [],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        decimals=0,
        good="",
        category_label=OVER_LABELS[over],
        empty=NEXT,
        extra={} if over == "renewal_quarter" else {"horizontal": True},
    )
