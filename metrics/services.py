"""What a change of health is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from metrics.models import HealthScore

TENTH = Decimal("0.1")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePart:
    """One component's share of a change, in points; what caps hold back is a part too."""

    key: str
    label: str
    group: str
    points: Decimal
    before: Decimal | None = None
    after: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthChange:
    """A change between two scores; ``parts`` add up to it exactly, to the tenth of a point."""

    before: HealthScore
    after: HealthScore
    change: Decimal
    parts: tuple[ChangePart, ...]


def explain_health_change(*, account_id: int, start: date, end: date) -> HealthChange | None:
    """Return what led from the score of ``start`` to that of ``end``; None where one has no number.

    Each component gives the difference of its contributions; what the caps hold back is a part of its own.
    Shares are rounded to tenths so that they still add up (largest remainder).
    """
    scored = HealthScore.objects.of(account_id).filter(as_of__in=(start, end), score__isnull=False)
    scores = {score.as_of: score for score in scored}
    if start not in scores or end not in scores or start == end:
        return None
    return change_between(scores[start], scores[end])


def change_between(before: HealthScore, after: HealthScore) -> HealthChange:
    """Return the parts of the change between two scores that both have a number."""
    held, now = _by_key(before), _by_key(after)
    raw: list[tuple[ChangePart, Decimal]] = []
    for key in [*now, *(key for key in held if key not in now)]:
        old, new = held.get(key, {}), now.get(key, {})
        named = new or old
        exact = _number(new.get("contribution")) - _number(old.get("contribution"))
        part = ChangePart(
            key=key,
            label=str(named["label"]),
            group=str(named["group"]),
            points=Decimal(0),
            before=_optional(old.get("value")),
            after=_optional(new.get("value")),
        )
        raw.append((part, exact))
    held_back = _held_back(after) - _held_back(before)
    if before.cap or after.cap:
        cap = ChangePart(key="cap", label=after.cap or before.cap, group="cap", points=Decimal(0))
        raw.append((cap, held_back))
    change = _points(after.score) - _points(before.score)
    shares = _apportion([exact for _, exact in raw], change)
    parts = tuple(
        ChangePart(
            key=part.key,
            label=part.label,
            group=part.group,
            points=share,
            before=part.before,
            after=part.after,
        )
        for (part, _), share in zip(raw, shares, strict=True)
    )
    return HealthChange(before=before, after=after, change=change, parts=parts)


def _apportion(exact: list[Decimal], total: Decimal) -> list[Decimal]:
    """Round to tenths so that the sum is ``total``: those that rounding wronged most give way first."""
    rounded = [value.quantize(TENTH, ROUND_HALF_UP) for value in exact]
    missing = int(((total - sum(rounded, Decimal(0))) / TENTH).to_integral_value())
    step = TENTH if missing > 0 else -TENTH
    order = sorted(range(len(exact)), key=lambda place: (exact[place] - rounded[place]) * step, reverse=True)
    for turn in range(abs(missing)):
        rounded[order[turn % len(order)]] += step
    return rounded


def _by_key(score: HealthScore) -> dict[str, dict[str, Any]]:
    return {str(part["key"]): part for part in score.components}


def _held_back(score: HealthScore) -> Decimal:
    """Return what the cap took, as a negative number."""
    return _points(score.score) - _points(score.uncapped)


def _points(value: Decimal | None) -> Decimal:
    if value is None:
        raise ValueError("A score without a number has no change.")
    return value


def _number(value: Any) -> Decimal:
    return Decimal(str(value)) if value is not None else Decimal(0)


def _optional(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
