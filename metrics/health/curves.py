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


def first_value_with(curve: Curve, value: Decimal, wanted: Decimal, *, upwards: bool) -> Decimal | None:
    """Return the nearest value in a direction that gives at least ``wanted`` points, None where none does."""
    if points_at(curve, value) >= wanted:
        return value
    at, points = value, points_at(curve, value)
    knots = [pair for pair in curve if (pair[0] > value if upwards else pair[0] < value)]
    for knot, given in knots if upwards else reversed(knots):
        if given >= wanted:
            return at + (knot - at) * (wanted - points) / (given - points)
        at, points = knot, given
    return None
