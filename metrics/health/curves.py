"""How a number is mapped to points from 0 to 100: straight pieces between pairs, level outside them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

Curve = tuple[tuple[Decimal, Decimal], ...]
MOST_PAIRS = 50
LARGEST = Decimal("1e13")


def curve_of(pairs: Iterable[Iterable[float | Decimal | str]]) -> Curve:
    """Return a curve as it is declared or stored, in exact numbers."""
    return tuple((Decimal(str(value)), Decimal(str(points))) for value, points in pairs)


def points_at(curve: Curve, value: Decimal) -> Decimal:
    """Return the points that a value gets, unrounded."""
    if value <= curve[0][0]:
        return curve[0][1]
    for (low, points), (high, upper) in pairwise(curve):
        if value <= high:
            return points + (upper - points) * (value - low) / (high - low)
    return curve[-1][1]


def curve_problem(curve: Curve) -> str:
    """Return what is wrong with a curve, or nothing."""
    values = [value for value, _ in curve]
    if not 2 <= len(curve) <= MOST_PAIRS:
        return f"Give 2 to {MOST_PAIRS} pairs of a value and its points."
    if any(not (value.is_finite() and points.is_finite()) or abs(value) > LARGEST for value, points in curve):
        return "Use plain numbers."
    if any(not 0 <= points <= 100 for _, points in curve):
        return "Points are from 0 to 100."
    if any(later <= value for value, later in pairwise(values)):
        return "Let the values rise from pair to pair."
    return ""
