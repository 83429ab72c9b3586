"""A health score taken apart as a reader may see it: components, what is missing or stale, limit, model, change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from common.charts import Chart, Series, height_for
from common.formatting import format_date, format_number, format_percent
from metrics.engine.plan import CHANGE_DAYS
from metrics.health.comparing import ShownChange, compare_scores
from metrics.health.gaps import Gap, gaps_of
from metrics.health.parts import ZERO, ScorePart, added_up, as_shown, held_by_limits, parts_of, to_shown
from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.health.redaction import CLOSED_LIMIT, is_open, limit_name
from metrics.models import HealthScore
from metrics.registry import metrics
from people.access import Access
from sync.freshness.marks import provisional_numbers

COMPARED_WITHIN_DAYS = 45
HEALTH, CHANGE = "metrics.health_score", "metrics.health_change"
# From which share of the weight, stale inputs counted by half, a score is called how sure.
SURE_FROM, FAIRLY_SURE_FROM = Decimal("0.85"), Decimal("0.6")
SCORE_AXIS = {
    "min": 0,
    "max": 100,
    "levels": [{"at": AMBER_FROM, "label": "red below"}, {"at": GREEN_FROM, "label": "green from"}],
}
REST = "Redacted parts"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownPart:
    """One row of the table; all but its name and weight are marks of redaction where its category is closed.

    ``share`` is its part of the whole weight. ``contribution`` is to 2 decimals, and those of all rows add up.
    ``provisional`` says which of its sources was stale when it was made, ``is_stale`` that it counts by half for that.
    """

    key: str
    label: str
    group: str
    weight: Decimal
    share: Decimal
    value: Any
    unit: str
    points: Any
    contribution: Any
    lost: Any
    is_missing: bool
    is_stale: bool
    provisional: str = ""

    @property
    def freshness(self) -> str:
        """How fresh it was, in words."""
        if self.is_missing:
            return "Missing"
        return "Stale" if self.is_stale or self.provisional else "Fresh"


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthExplanation:
    """A score with its parts; ``change`` is None where there is nothing to compare with.

    ``limit`` is its label, or only that there is one where a closed category may lie behind it; ``unlimited`` is what
    the components add up to without it, ``held`` what it took or gave: ``unlimited`` + ``held`` = ``total``.
    """

    score: HealthScore
    limit: str
    total: Decimal | None
    unlimited: Decimal | None
    held: Decimal
    components: Sequence[ShownPart]
    gaps: Sequence[Gap]
    waterfall: Chart | None
    change: ShownChange | None

    @property
    def sureness(self) -> str:
        """The confidence in words."""
        return sureness(self.score.confidence)

    @property
    def missing_share(self) -> Decimal:
        """The part of the weight that has no value."""
        return 1 - self.score.coverage


def sureness(confidence: Decimal) -> str:
    """Return a confidence in words."""
    if confidence >= SURE_FROM:
        return "high"
    return "fair" if confidence >= FAIRLY_SURE_FROM else "low"


def explain_health(account_id: int, day: date, access: Access) -> HealthExplanation | None:
    """Return the score of a day taken apart, or None where the account has none; four queries."""
    score = HealthScore.objects.filter(account_id=account_id, as_of=day).with_parts().first()
    if score is None:
        return None
    parts = parts_of(score)
    doubts = provisional_numbers(day)
    held = held_by_limits(score, parts)
    *shown, held_shown = as_shown([*(part.added or ZERO for part in parts), held])
    whole = sum((part.weight for part in parts), ZERO)
    components = [
        _shown(part, access, doubts.get(part.key, ""), told, part.weight / whole)
        for part, told in zip(parts, shown, strict=True)
    ]
    change = _change(score, access)
    if change is not None and (doubt := doubts.get(CHANGE, "")) and change.chart is not None:
        change = replace(change, chart=replace(change.chart, provisional=doubt))
    limit = limit_name(score, access)
    chart = _waterfall(score, parts, access, limit)
    if chart is not None and (doubt := doubts.get(HEALTH, "")):
        chart = replace(chart, provisional=doubt)
    return HealthExplanation(
        score=score,
        limit=limit,
        total=None if score.exact is None else to_shown(score.exact),
        unlimited=None if score.exact is None else to_shown(added_up(parts)),
        held=held_shown,
        components=components,
        gaps=gaps_of(parts, score, access, doubts),
        waterfall=chart,
        change=change,
    )


def _shown(part: ScorePart, access: Access, doubt: str, told: Decimal, share: Decimal) -> ShownPart:
    """Return a component as the reader may see it.

    Its points follow from the value, so they are closed where the value is.
    """
    declared = metrics.get(part.key)
    category = declared.category if declared else None
    level = declared.level if declared else "full"
    return ShownPart(
        key=part.key,
        label=part.label,
        group=part.group,
        weight=part.weight,
        share=share,
        value=access.redact(part.value, category, level),
        unit=declared.unit if declared else "",
        points=access.redact(part.points, category, level),
        contribution=access.redact(None if part.added is None else told, category, level),
        lost=access.redact(part.lost, category, level),
        is_missing=part.added is None,
        is_stale=part.is_stale,
        provisional=doubt if access.allows(category, level) else "",
    )


def makeup_title(score: HealthScore, lost: Iterable[tuple[Decimal, str]], limit: str) -> str:
    """Say what keeps a score from 100: the ``limit`` as the reader may know it, or the component that lacks most."""
    shown = format_number(score.score or 0, 0)
    if limit:
        return f"Held at {shown} by a limit" + ("" if limit == CLOSED_LIMIT else f": {limit}")
    known = [(points, label) for points, label in lost if points > 0]
    if not known:
        return f"Health is {shown}"
    points, label = max(known)
    missing = format_number(100 - (score.score or Decimal(0)), 0)
    return f"{label} costs {format_number(points, 0)} of the {missing} points missing to 100"


def _change(score: HealthScore, access: Access) -> ShownChange | None:
    """Return the change against 30 days before, or the newest score shortly before that."""
    if score.exact is None:
        return None
    since = score.as_of - timedelta(days=CHANGE_DAYS)
    before = (
        HealthScore.objects.of(score.account_id)
        .filter(as_of__range=(score.as_of - timedelta(days=COMPARED_WITHIN_DAYS), since), exact__isnull=False)
        .with_parts()
        .last()
    )
    return None if before is None else compare_scores(before, score, access)


def _waterfall(score: HealthScore, parts: Sequence[ScorePart], access: Access, limit: str) -> Chart | None:
    return makeup_chart("health-waterfall", score, parts, access, limit)


def makeup_chart(
    key: str, score: HealthScore, parts: Sequence[ScorePart], access: Access, limit: str
) -> Chart | None:
    """Draw what adds up to the score, as shown to 0.01; closed components come as one bar, so the sum stays true."""
    if score.exact is None:
        return None
    may = [is_open(part.key, access) for part in parts]
    bars = [
        (part.label, part.added)
        for part, opened in zip(parts, may, strict=True)
        if opened and part.added is not None
    ]
    closed = [
        part.added for part, opened in zip(parts, may, strict=True) if not opened and part.added is not None
    ]
    if closed:
        bars.append((REST, sum(closed, ZERO)))
    if held := held_by_limits(score, parts):
        bars.append(
            (f"Limit: {limit}" if limit and limit != CLOSED_LIMIT else limit or "Rounding of that day", held)
        )
    lost = [
        (part.lost, part.label)
        for part, opened in zip(parts, may, strict=True)
        if opened and part.lost is not None
    ]
    return Chart(
        key=key,
        kind="waterfall",
        title=makeup_title(score, lost, limit),
        categories=[*(label for label, _ in bars), "Health"],
        series=[
            Series(
                name="Points",
                values=[*as_shown([amount for _, amount in bars]), to_shown(score.exact)],
            )
        ],
        totals=(len(bars),),
        unit="points",
        decimals=2,
        category_label="Component",
        height=height_for(len(bars) + 1),
    )


def insufficient(score: HealthScore) -> str:
    """Say in a sentence why a score has no number."""
    return (
        f"Only {format_percent(score.coverage, 0)} of the weight had a value on {format_date(score.as_of)}; "
        f"a number needs {format_percent(score.model.minimum_coverage, 0)}."
    )
