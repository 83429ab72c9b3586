"""A stored score taken apart: its inputs with what each adds, and what the limits did to their sum."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from metrics.models import HealthComponent, HealthScore

PLACES = Decimal("0.0001")
SHOWN = Decimal("0.01")
ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorePart:
    """One component of a score: ``value`` in the metric's unit, ``points`` of 100, ``added`` to the score.

    All three are None where the input was missing. ``lost`` is what it lacks of the points that its weight could bring.
    """

    key: str
    label: str
    group: str
    weight: Decimal
    value: Decimal | None
    points: Decimal | None
    added: Decimal | None
    lost: Decimal | None
    is_stale: bool


def parts_of(score: HealthScore) -> tuple[ScorePart, ...]:
    """Return the components of a score in the order of its model; ask for scores ``with_parts()``."""
    described: list[dict[str, Any]] = score.parts  # type: ignore[attr-defined]
    components = [HealthComponent(**{**one, "weight": Decimal(str(one["weight"]))}) for one in described]
    return taken_apart(components, score.values, score.points, set(score.stale))


def taken_apart(
    components: Sequence[HealthComponent],
    values: Sequence[Decimal | None],
    points: Sequence[Decimal | None],
    stale: Collection[int] = (),
) -> tuple[ScorePart, ...]:
    """Return components with what each adds: weight × points ÷ the weight of those present, to 4 decimals.

    Running sums are rounded, not shares, so that the parts add up to the rounded whole whatever their number.
    """
    present = sum(
        (part.weight for part, given in zip(components, points, strict=True) if given is not None), ZERO
    )
    parts = []
    added, lost = _Running(present), _Running(present)
    for part, value, given in zip(components, values, points, strict=True):
        parts.append(
            ScorePart(
                key=part.key,
                label=part.label,
                group=part.group,
                weight=part.weight,
                value=value,
                points=given,
                added=None if given is None else added.share(part.weight * given),
                lost=None if given is None else lost.share(part.weight * (100 - given)),
                is_stale=part.position in stale,
            )
        )
    return tuple(parts)


class _Running:
    """A sum that is told in rounded shares."""

    def __init__(self, whole: Decimal) -> None:
        self.whole, self.exact, self.told = whole, ZERO, ZERO

    def share(self, amount: Decimal) -> Decimal:
        self.exact += amount
        told = (self.exact / self.whole).quantize(PLACES, ROUND_HALF_UP)
        share, self.told = told - self.told, told
        return share


def to_shown(amount: Decimal) -> Decimal:
    """Return points as pages show them, to 2 decimals."""
    return amount.quantize(SHOWN, ROUND_HALF_UP)


def as_shown(amounts: Sequence[Decimal], *, start: Decimal = ZERO) -> list[Decimal]:
    """Return amounts to 2 decimals that add up, on top of ``start``, to the rounded whole: what a page may show.

    Running sums are rounded, so no amount is off by more than 0.01 and nothing is lost on the way.
    """
    told, exact = to_shown(start), start
    shown = []
    for amount in amounts:
        exact += amount
        now = to_shown(exact)
        shown.append(now - told)
        told = now
    return shown


def added_up(parts: Sequence[ScorePart]) -> Decimal:
    """Return what the components add up to, before the limits."""
    return sum((part.added for part in parts if part.added is not None), ZERO)


def held_by_limits(score: HealthScore, parts: Sequence[ScorePart]) -> Decimal:
    """Return what the limits of the model took (below 0) or gave; 0 where there is no number."""
    return ZERO if score.exact is None else score.exact - added_up(parts)
