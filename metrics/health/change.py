"""What a change of health is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.conditions.expression import ConditionError
from metrics.health.parts import ZERO, ScorePart, held_by_limits, parts_of
from metrics.health.score import scored_by
from metrics.models import HealthScore
from metrics.statements import compose

LIMIT, MODEL = "limit", "model"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePart:
    """One component's share of a change, in points to 4 decimals.

    What limits hold back is a part too, and what another model made of the very same numbers.

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
    """A change between two exact scores; ``parts`` add up to it exactly.

    ``limited`` are the two whose limits the part of the limits names.
    """

    before: HealthScore
    after: HealthScore
    change: Decimal
    parts: tuple[ChangePart, ...]
    limited: tuple[HealthScore, HealthScore]

    @property
    def is_across_models(self) -> bool:
        """Whether the two scores were made by different models, so that parts may differ by weight alone."""
        return self.before.model_id != self.after.model_id


def explain_health_change(*, account_id: int, start: date, end: date) -> HealthChange | None:
    """Return what led from the score of ``start`` to that of ``end``; None where one has no number.

    Each component gives the difference of what it added; what the limits did is a part of its own, as is a change of
    the model. One query, two where the model changed.
    """
    scored = HealthScore.objects.of(account_id).filter(as_of__in=(start, end), exact__isnull=False)
    scores = {score.as_of: score for score in scored.with_parts()}
    if start not in scores or end not in scores or start == end:
        return None
    return change_between(scores[start], scores[end])


def change_between(before: HealthScore, after: HealthScore) -> HealthChange:
    """Return the parts of the change between two scores that both have a number, of any two models.

    Where the models differ, the later one scores the numbers of the earlier day: what it makes of them is the part of
    the model, and the rest is what moved in the numbers. Where that day's numbers give no score by it, the components
    that only one model has are the part of the model. Raises ValueError where a score has no number.
    """
    if before.exact is None or after.exact is None:
        raise ValueError("A score without a number has no change.")
    parts: list[ChangePart] = []
    begun = before
    if before.model_id != after.model_id:
        again = scored_again(before, after)
        begun = again or before
        points = _only_in_one(before, after) if again is None else _exact(again) - before.exact
        parts.append(ChangePart(key=MODEL, label="Another model", group=MODEL, points=points))
    held, now = parts_of(begun), parts_of(after)
    old_parts, new_parts = ({part.key: part for part in of} for of in (held, now))
    # Without the numbers of that day a component of one model alone has stood in the part of the model.
    is_apart = before.model_id != after.model_id and begun is before
    keys = [*new_parts, *(key for key in old_parts if key not in new_parts)]
    parts += [
        _part(key, old_parts.get(key), new_parts.get(key))
        for key in keys
        if not is_apart or (key in old_parts and key in new_parts)
    ]
    was_held, is_held = held_by_limits(begun, held), held_by_limits(after, now)
    if was_held or is_held:
        parts.append(
            ChangePart(key=LIMIT, label=_limits(begun, after), group=LIMIT, points=is_held - was_held)
        )
    return HealthChange(
        before=before,
        after=after,
        change=after.exact - before.exact,
        parts=tuple(parts),
        limited=(begun, after),
    )


def scored_again(before: HealthScore, after: HealthScore) -> HealthScore | None:
    """Return what the model of ``after`` makes of the numbers of ``before``'s day; None where it gives no number.

    Nothing is stored. One query beside the model's own parts.
    """
    account = before.account_id
    try:
        scored = scored_by(
            after.model,
            before.as_of,
            account,
            account,
            members=compose("SELECT {account}::bigint AS account_id", account=account),
        ).fetch_dicts()
    except ConditionError:  # a limit that speaks of something that is gone
        return None
    if not scored or scored[0]["exact"] is None:
        return None
    row = scored[0]
    again = HealthScore(
        as_of=before.as_of,
        account_id=account,
        model=after.model,
        score=row["score"],
        exact=row["exact"],
        band=row["band"],
        coverage=row["coverage"],
        confidence=row["confidence"],
        limit=row["limit"],
        values=row["figures"],
        points=row["points"],
        stale=row["stale"],
    )
    again.parts = after.parts  # type: ignore[attr-defined]
    return again


def _exact(score: HealthScore) -> Decimal:
    assert score.exact is not None
    return score.exact


def _only_in_one(before: HealthScore, after: HealthScore) -> Decimal:
    old, new = ({part.key: part for part in parts_of(score)} for score in (before, after))
    came = sum((_added(part) for key, part in new.items() if key not in old), ZERO)
    return came - sum((_added(part) for key, part in old.items() if key not in new), ZERO)


def _limits(before: HealthScore, after: HealthScore) -> str:
    if before.limit and after.limit and before.limit != after.limit:
        return f"{after.limit}; before, {before.limit}"
    return after.limit or before.limit or "Rounding of that day"


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
