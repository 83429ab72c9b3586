"""The change of health between two days as a reader may see it, adding up exactly as shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from common.charts import Chart, Series, height_for
from common.formatting import format_date, format_number
from metrics.health.change import LIMIT, MODEL, HealthChange, change_between
from metrics.health.parts import ZERO, as_shown, to_shown
from metrics.health.redaction import CLOSED_LIMIT, is_open, limit_name
from metrics.models import HealthScore
from metrics.registry import metrics
from people.access import Access

REST = "Redacted parts"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownChangePart:
    """One row of a change: ``points`` to 2 decimals, which add up with those of the other rows.

    ``before`` and ``after`` are values in ``unit``, None where missing, or where it is no component.
    """

    key: str
    label: str
    points: Decimal
    before: Any
    after: Any
    unit: str
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownChange:
    """A change with its rows; ``total`` is ``end`` less ``start``, all to 2 decimals."""

    before: HealthScore
    after: HealthScore
    start: Decimal
    end: Decimal
    total: Decimal
    parts: Sequence[ShownChangePart]
    is_across_models: bool
    chart: Chart | None


def compare_scores(before: HealthScore, after: HealthScore, access: Access) -> ShownChange:
    """Return the change between two scores that both have a number; parts that are closed come as one."""
    whole = change_between(before, after)
    shown = [part for part in whole.parts if is_open(part.key, access)]
    closed = [part.points for part in whole.parts if not is_open(part.key, access)]
    is_limit_closed = any(limit_name(one, access) == CLOSED_LIMIT for one in whole.limited)
    start = before.exact or ZERO
    *points, rest = as_shown([*(part.points for part in shown), sum(closed, ZERO)], start=start)
    rows = []
    for part, told in zip(shown, points, strict=True):
        declared = metrics.get(part.key)
        rows.append(
            ShownChangePart(
                key=part.key,
                label=CLOSED_LIMIT if is_limit_closed and part.key == LIMIT else part.label,
                points=told,
                before=part.before,
                after=part.after,
                unit=declared.unit if declared else "",
                note=_note(part.key, whole),
            )
        )
    if closed:
        rows.append(
            ShownChangePart(key="redacted", label=REST, points=rest, before=None, after=None, unit="")
        )
    begun, ended = to_shown(start), to_shown(after.exact or ZERO)
    return ShownChange(
        before=before,
        after=after,
        start=begun,
        end=ended,
        total=ended - begun,
        parts=rows,
        is_across_models=whole.is_across_models,
        chart=_chart(before, after, rows, begun, ended),
    )


def _note(key: str, whole: HealthChange) -> str:
    if key == MODEL:
        return (
            f"What model version {whole.after.model.version} makes of the numbers of "
            f"{format_date(whole.before.as_of)}, less what version {whole.before.model.version} made of them."
        )
    return "What limits held down or up, on both days." if key == LIMIT else ""


def score_near(account_id: int, day: date) -> HealthScore | None:
    """Return the newest score up to a day, with its parts; one query."""
    return HealthScore.objects.of(account_id).filter(as_of__lte=day).with_parts().last()


def why_not_compared(name: str, day: date, score: HealthScore | None) -> str:
    """Say why a day can't be compared, empty where it can."""
    if score is None:
        return f"{name} has no score on {format_date(day)} or before. Choose a later day."
    if score.exact is None:
        return f"On {format_date(score.as_of)} there was no number: too few inputs had a value. Choose another day."
    return ""


def _chart(
    before: HealthScore, after: HealthScore, rows: Sequence[ShownChangePart], start: Decimal, end: Decimal
) -> Chart | None:
    parts = [row for row in rows if row.points]
    if not parts:
        return None
    largest = max(parts, key=lambda row: abs(row.points))
    way = "rose" if end > start else "fell" if end < start else "stayed level"
    moved = f" {format_number(abs(end - start), 2)} points" if end != start else ""
    return Chart(
        key="health-change",
        kind="waterfall",
        title=f"Health {way}{moved}; {largest.label} moved it most",
        categories=[
            f"On {format_date(before.as_of)}",
            *(row.label for row in parts),
            f"On {format_date(after.as_of)}",
        ],
        series=[Series(name="Points", values=[start, *(row.points for row in parts), end])],
        totals=(0, len(parts) + 1),
        unit="points",
        decimals=2,
        category_label="Component",
        height=height_for(len(parts) + 2),
    )
