"""What a change of health is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from metrics.health.parts import ZERO, ScorePart, held_by_limits, parts_of
from metrics.models import HealthScore

LIMIT = "limit"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePart:
    """One component's share of a change, in points to 4 decimals; what limits hold back is a part too.

    ``before`` and ``after`` are the values of its metric, None where it was missing or no part of the model.
    """

    key: str
    label: str
    group: str
    points: Decimal
    before: Decimal | None = None
    after: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthChange:
    """A change between two exact scores; ``parts`` add up to it exactly."""

    before: HealthScore
    after: HealthScore
    change: Decimal
    parts: tuple[ChangePart, ...]

    @property
    def is_across_models(self) -> bool:
        """Whether the two scores were made by different models, so that parts may differ by weight alone."""
        return self.before.model_id != self.after.model_id


def explain_health_change(*, account_id: int, start: date, end: date) -> HealthChange | None:
    """Return what led from the score of ``start`` to that of ``end``; None where one has no number.

    Each component gives the difference of what it added; what the limits did is a part of its own. One query.
    """
    scored = HealthScore.objects.of(account_id).filter(as_of__in=(start, end), exact__isnull=False)
    scores = {score.as_of: score for score in scored.with_parts()}
    if start not in scores or end not in scores or start == end:
        return None
    return change_between(scores[start], scores[end])


def change_between(before: HealthScore, after: HealthScore) -> HealthChange:
    """Return the parts of the change between two scores that both have a number.

    Raises ValueError where one has none.
    """
    if before.exact is None or after.exact is None:
        raise ValueError("A score without a number has no change.")
    held, now = parts_of(before), parts_of(after)
    old_parts, new_parts = ({part.key: part for part in parts} for parts in (held, now))
    keys = [*new_parts, *(key for key in old_parts if key not in new_parts)]
    parts = [_part(key, old_parts.get(key), new_parts.get(key)) for key in keys]
    was_held, is_held = held_by_limits(before, held), held_by_limits(after, now)
    if was_held or is_held:
        label = after.limit or before.limit or "Rounding of that day"
        parts.append(ChangePart(key=LIMIT, label=label, group=LIMIT, points=is_held - was_held))
    return HealthChange(before=before, after=after, change=after.exact - before.exact, parts=tuple(parts))


def _part(key: str, old: ScorePart | None, new: ScorePart | None) -> ChangePart:
    named = new or old
    assert named is not None
    return ChangePart(
        key=key,
        label=named.label,
        group=named.group,
        points=_added(new) - _added(old),
        before=old.value if old else None,
        after=new.value if new else None,
    )


def _added(part: ScorePart | None) -> Decimal:
    return ZERO if part is None or part.added is None else part.added
