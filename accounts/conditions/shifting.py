"""Conditions with their thresholds moved by a share: what would hold if numbers were a little other than they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import structs

from accounts.conditions.expression import AllOf, AnyOf, Condition, Leaf, Not, resolve
from accounts.conditions.operators import Operator
from accounts.conditions.registry import NUMERIC


def eased(condition: Condition, share: Decimal) -> Condition:
    """Return the condition with every threshold of a number moved by a share of itself so that it is easier to meet.

    A negative share makes it harder. Below a negation thresholds move the other way. What is compared without order,
    with a date or with zero stays as it is.
    """
    if isinstance(condition, Leaf):
        return _leaf(condition, share)
    if isinstance(condition, Not):
        return Not(eased(condition.part, -share))
    parts = tuple(eased(part, share) for part in condition.parts)
    return AllOf(parts) if isinstance(condition, AllOf) else AnyOf(parts)


def compares_numbers(leaf: Leaf) -> bool:
    """Return whether the comparison is of a number with a threshold that has an order."""
    field, operator = resolve(leaf)
    return field.kind in NUMERIC and operator.eases is not None and operator.shape in ("one", "pair")


def _leaf(leaf: Leaf, share: Decimal) -> Leaf:
    if not compares_numbers(leaf):
        return leaf
    _, operator = resolve(leaf)
    stay = None if leaf.stay is None else _moved(operator, leaf.stay, share)
    return structs.replace(leaf, value=_moved(operator, leaf.value, share), stay=stay)


def _moved(operator: Operator, threshold: Any, share: Decimal) -> Any:
    if operator.eases == "apart":
        first, last = threshold
        return first - abs(first) * share, last + abs(last) * share
    way = -share if operator.eases == "down" else share
    return threshold + abs(threshold) * way
