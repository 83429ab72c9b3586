"""A health score taken apart: components, coverage, cap, model, and what changed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from common.charts import Chart, Series
from common.formatting import format_number
from metrics.engine.plan import CHANGE_DAYS
from metrics.health.change import LIMIT, ChangePart, HealthChange, change_between
from metrics.health.parts import ZERO, ScorePart, added_up, held_by_limits, parts_of
from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.models import HealthScore
from metrics.registry import metrics
from people.access import Access
from sync.freshness.marks import provisional_numbers

COMPARED_WITHIN_DAYS = 45
HEALTH, CHANGE = "metrics.health_score", "metrics.health_change"
# What a limit is called tells of its category.
CLOSED_LIMIT = "A limit"
SCORE_AXIS = {
    "min": 0,
    "max": 100,
    "levels": [{"at": AMBER_FROM, "label": "red below"}, {"at": GREEN_FROM, "label": "green from"}],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownPart:
    """One row of the table; all but its name and weight are marks of redaction where its category is closed.

    ``provisional`` says which of its sources was stale when it was made.
    """

    key: str
    label: str
    group: str
    weight: Decimal
    value: Any
    unit: str
    points: Any
    contribution: Any
    lost: Any
    provisional: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthExplanation:
    """A score with its parts; ``change`` is None where there is nothing to compare with.

    ``limit`` is its label, or only that there is one where a closed category may lie behind it; ``unlimited`` is what
    the components add up to without it.
    """

    score: HealthScore
    limit: str
    unlimited: Decimal | None
    components: Sequence[ShownPart]
    waterfall: Chart | None
    change: HealthChange | None
    change_chart: Chart | None


def explain_health(account_id: int, day: date, access: Access) -> HealthExplanation | None:
    """Return the score of a day taken apart, or None where the account has none; two queries."""
    score = HealthScore.objects.filter(account_id=account_id, as_of=day).with_parts().first()
    if score is None:
        return None
    parts = parts_of(score)
    doubts = provisional_numbers(day)
    components = [_shown(part, access, doubts.get(part.key, "")) for part in parts]
    change = _change(score, access)
    limit = limit_name(score, is_open=all(_is_open(part.key, access) for part in parts))
    return HealthExplanation(
        score=score,
        limit=limit,
        unlimited=None if score.exact is None else added_up(parts),
        components=components,
        waterfall=_doubted(_waterfall(score, parts, access, limit), doubts.get(HEALTH, "")),
        change=change,
        change_chart=_doubted(_change_chart(change), doubts.get(CHANGE, "")),
    )


def limit_name(score: HealthScore, *, is_open: bool) -> str:
    """Return what the limit that held is called, or only that one did where not all categories are open."""
    return score.limit if is_open or not score.limit else CLOSED_LIMIT


def _doubted(chart: Chart | None, doubt: str) -> Chart | None:
    return replace(chart, provisional=doubt) if chart is not None and doubt else chart


def _shown(part: ScorePart, access: Access, doubt: str) -> ShownPart:
    """Return a component as the reader may see it.

    Its points follow from the value, so they are closed where the value is.
    """
    declared = metrics.get(part.key)
    category = declared.category if declared else None
    return ShownPart(
        key=part.key,
        label=part.label,
        group=part.group,
        weight=part.weight,
        value=access.redact(part.value, category),
        unit=declared.unit if declared else "",
        points=access.redact(part.points, category),
        contribution=access.redact(part.added, category),
        lost=access.redact(part.lost, category),
        provisional=doubt if access.allows(category) else "",
    )


def makeup_title(score: HealthScore, lost: Iterable[tuple[Decimal, str]], *, is_open: bool) -> str:
    """Say what keeps a score from 100: a limit, or the component that lacks most; not all may be open."""
    shown = format_number(score.score or 0, 0)
    if score.limit:
        return f"Held at {shown} by a limit: {score.limit}" if is_open else f"Held at {shown} by a limit"
    known = [(points, label) for points, label in lost if points > 0]
    if not known:
        return f"Health is {shown}"
    points, label = max(known)
    missing = format_number(100 - (score.score or Decimal(0)), 0)
    return f"{label} costs {format_number(points, 0)} of the {missing} points missing to 100"


def _change(score: HealthScore, access: Access) -> HealthChange | None:
    """Return the change against 30 days before; parts the reader may not see come as one."""
    if score.exact is None:
        return None
    since = score.as_of - timedelta(days=CHANGE_DAYS)
    before = (
        HealthScore.objects.of(score.account_id)
        .filter(as_of__range=(score.as_of - timedelta(days=COMPARED_WITHIN_DAYS), since), exact__isnull=False)
        .with_parts()
        .last()
    )
    if before is None:
        return None
    whole = change_between(before, score)
    shown = [part for part in whole.parts if _is_open(part.key, access)]
    closed = sum((part.points for part in whole.parts if not _is_open(part.key, access)), Decimal(0))
    if len(shown) < len(whole.parts):
        shown = [replace(part, label=CLOSED_LIMIT) if part.key == LIMIT else part for part in shown]
    if len(shown) < len(whole.parts):
        shown.append(ChangePart(key="redacted", label="Redacted parts", group="", points=closed))
    return replace(whole, parts=tuple(shown))


def _is_open(key: str, access: Access) -> bool:
    declared = metrics.get(key)
    return declared is None or access.allows(declared.category)


def _waterfall(score: HealthScore, parts: Sequence[ScorePart], access: Access, limit: str) -> Chart | None:
    """Draw what adds up to the score; closed components come as one bar, so the sum stays true."""
    if score.exact is None:
        return None
    is_open = [_is_open(part.key, access) for part in parts]
    bars = [
        (part.label, part.added)
        for part, may in zip(parts, is_open, strict=True)
        if may and part.added is not None
    ]
    closed = sum((part.added or ZERO for part, may in zip(parts, is_open, strict=True) if not may), ZERO)
    if closed:
        bars.append(("Redacted parts", closed))
    held_back = held_by_limits(score, parts)
    if held_back:
        bars.append((limit or "Rounding of that day", held_back))
    lost = [
        (part.lost, part.label)
        for part, may in zip(parts, is_open, strict=True)
        if may and part.lost is not None
    ]
    return Chart(
        key="health-waterfall",
        kind="waterfall",
        title=makeup_title(score, lost, is_open=all(is_open)),
        categories=[*(label for label, _ in bars), "Health"],
        series=[Series(name="Points", values=[*(amount for _, amount in bars), score.exact])],
        totals=(len(bars),),
        unit="points",
        decimals=1,
        category_label="Component",
    )


def _change_chart(change: HealthChange | None) -> Chart | None:
    if change is None or not change.change or change.before.exact is None or change.after.exact is None:
        return None
    parts = [part for part in change.parts if part.points]
    largest = max(parts, key=lambda part: abs(part.points), default=None)
    return Chart(
        key="health-change",
        kind="waterfall",
        title=f"{largest.label} moved health most" if largest else "What moved health",
        categories=["Before", *(part.label for part in parts), "Now"],
        series=[
            Series(
                name="Points",
                values=[change.before.exact, *(part.points for part in parts), change.after.exact],
            )
        ],
        totals=(0, len(parts) + 1),
        unit="points",
        decimals=1,
        category_label="Component",
    )
