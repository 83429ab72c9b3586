"""A health score taken apart: components, coverage, cap, model, and what changed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from common.charts import Chart, Series
from common.formatting import format_number
from metrics.engine.plan import CHANGE_DAYS
from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.models import HealthScore
from metrics.registry import metrics
from metrics.services import ChangePart, HealthChange, change_between
from people.access import Access
from sync.freshness.marks import provisional_numbers

COMPARED_WITHIN_DAYS = 45
HEALTH, CHANGE = "metrics.health_score", "metrics.health_change"
# What a cap is called tells of its category.
CLOSED_CAP = "A cap"
SCORE_AXIS = {
    "min": 0,
    "max": 100,
    "levels": [{"at": AMBER_FROM, "label": "red below"}, {"at": GREEN_FROM, "label": "green from"}],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
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

    ``cap`` is its label, or only that there is one where a closed category may lie behind it.
    """

    score: HealthScore
    cap: str
    components: Sequence[Component]
    waterfall: Chart | None
    change: HealthChange | None
    change_chart: Chart | None


def explain_health(account_id: int, day: date, access: Access) -> HealthExplanation | None:
    """Return the score of a day taken apart, or None where the account has none; two queries."""
    score = HealthScore.objects.filter(account_id=account_id, as_of=day).select_related("model").first()
    if score is None:
        return None
    lost = points_lost(score.components)
    doubts = provisional_numbers(day)
    components = [
        _component(part, access, lost.get(part["key"]), doubts.get(part["key"], ""))
        for part in score.components
    ]
    change = _change(score, access)
    is_open = all(_is_open(part.key, access) for part in components)
    cap = score.cap if is_open or not score.cap else CLOSED_CAP
    return HealthExplanation(
        score=score,
        cap=cap,
        components=components,
        waterfall=_doubted(_waterfall(score, components, cap), doubts.get(HEALTH, "")),
        change=change,
        change_chart=_doubted(_change_chart(change), doubts.get(CHANGE, "")),
    )


def _doubted(chart: Chart | None, doubt: str) -> Chart | None:
    return replace(chart, provisional=doubt) if chart is not None and doubt else chart


def _component(part: dict[str, Any], access: Access, lost: Decimal | None, doubt: str) -> Component:
    """Return a component as the reader may see it.

    Its points follow from the value, so they are closed where the value is.
    """
    declared = metrics.get(part["key"])
    category = declared.category if declared else None
    weight = Decimal(str(part["weight"]))
    contribution = None if part["contribution"] is None else Decimal(str(part["contribution"]))
    score = None if part["score"] is None else Decimal(str(part["score"]))
    value = None if part["value"] is None else Decimal(str(part["value"]))
    return Component(
        key=part["key"],
        label=part["label"],
        group=part["group"],
        weight=weight,
        value=access.redact(value, category),
        unit=declared.unit if declared else "",
        points=access.redact(score, category),
        contribution=access.redact(contribution, category),
        lost=access.redact(lost, category),
        provisional=doubt if access.allows(category) else "",
    )


def points_lost(components: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Return by key what each stored component lacks of the points that its weight could bring."""
    present = [part for part in components if part["score"] is not None]
    whole = sum((Decimal(str(part["weight"])) for part in present), Decimal(0))
    return {
        part["key"]: Decimal(str(part["weight"])) * (100 - Decimal(str(part["score"]))) / whole
        for part in present
    }


def makeup_title(score: HealthScore, lost: Iterable[tuple[str, Decimal]], *, is_open: bool) -> str:
    """Say what keeps a score from 100: the cap, or the component that lacks most; not all may be open."""
    shown = format_number(score.score or 0, 0)
    if score.cap:
        return f"Held at {shown} by a cap: {score.cap}" if is_open else f"Held at {shown} by a cap"
    known = [(points, label) for label, points in lost if points > 0]
    if not known:
        return f"Health is {shown}"
    points, label = max(known)
    missing = format_number(100 - (score.score or Decimal(0)), 0)
    return f"{label} costs {format_number(points, 0)} of the {missing} points missing to 100"


def _change(score: HealthScore, access: Access) -> HealthChange | None:
    """Return the change against 30 days before; parts the reader may not see come as one."""
    if score.score is None:
        return None
    since = score.as_of - timedelta(days=CHANGE_DAYS)
    before = (
        HealthScore.objects.of(score.account_id)
        .filter(as_of__range=(score.as_of - timedelta(days=COMPARED_WITHIN_DAYS), since), score__isnull=False)
        .last()
    )
    if before is None:
        return None
    whole = change_between(before, score)
    shown = [part for part in whole.parts if _is_open(part.key, access)]
    closed = sum((part.points for part in whole.parts if not _is_open(part.key, access)), Decimal(0))
    if len(shown) < len(whole.parts):
        shown = [replace(part, label=CLOSED_CAP) if part.key == "cap" else part for part in shown]
    if len(shown) < len(whole.parts):
        shown.append(ChangePart(key="redacted", label="Redacted parts", group="", points=closed))
    return replace(whole, parts=tuple(shown))


def _is_open(key: str, access: Access) -> bool:
    declared = metrics.get(key)
    return declared is None or access.allows(declared.category)


def _waterfall(score: HealthScore, components: Sequence[Component], cap: str) -> Chart | None:
    """Draw what adds up to the score; closed components come as one bar, so the sum stays true."""
    if score.score is None or score.uncapped is None:
        return None
    bars: list[tuple[str, Decimal]] = []
    closed = Decimal(0)
    for part, stored in zip(components, score.components, strict=True):
        if stored["contribution"] is None:
            continue
        amount = Decimal(str(stored["contribution"]))
        if getattr(part.contribution, "is_redacted", False):
            closed += amount
        else:
            bars.append((part.label, amount))
    if closed:
        bars.append(("Redacted parts", closed))
    held_back = score.score - score.uncapped
    if held_back:
        bars.append((cap, held_back))
    is_open = not any(getattr(part.points, "is_redacted", False) for part in components)
    lost = [(part.label, part.lost) for part in components if isinstance(part.lost, Decimal)]
    return Chart(
        key="health-waterfall",
        kind="waterfall",
        title=makeup_title(score, lost, is_open=is_open),
        categories=[*(label for label, _ in bars), "Health"],
        series=[Series(name="Points", values=[*(amount for _, amount in bars), score.score])],
        totals=(len(bars),),
        unit="points",
        decimals=1,
        category_label="Component",
    )


def _change_chart(change: HealthChange | None) -> Chart | None:
    if change is None or not change.change or change.before.score is None or change.after.score is None:
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
                values=[change.before.score, *(part.points for part in parts), change.after.score],
            )
        ],
        totals=(0, len(parts) + 1),
        unit="points",
        decimals=1,
        category_label="Component",
    )
