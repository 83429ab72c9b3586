"""Conditions as customers may read them: in words, without thresholds to stay and without what is our own affair."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import structs

from accounts.conditions.expression import AllOf, AnyOf, BrokenConditionError, Condition, Leaf, Not, resolve
from accounts.conditions.words import words
from people.models import Category

# What may be told: facts that the customer knows of itself. Names, addresses, own fields, people and our judgement
# of an account stay inside, since a rule may name a customer, or say what we think of one.
TOLD_FIELDS = frozenset({"accounts.industry", "accounts.employees", "accounts.country", "accounts.currency"})
TOLD_CATEGORIES = frozenset({Category.REVENUE, Category.PRODUCT_USAGE, Category.CONTRACTS})

EVERYBODY = "Every other customer"
AGREED = "By agreement with us"
AND_MORE = "and what we agree with you"
OR_MORE = "or by agreement with us"

# What colleagues say in short, for readers who don't.
SHORT = {
    "AP": "accounts payable",
    "ARR": "annual recurring revenue, what you pay for a year",
    "CS": "customer success",
    "CSM": "customer success manager",
    "MRR": "monthly recurring revenue",
    "VP": "vice president",
}


class Told(NamedTuple):
    """What of a condition may be told, None where nothing may; ``is_whole`` where nothing was left out."""

    condition: Condition | None
    is_whole: bool
    is_narrower: bool = False


def in_full(texts: Iterable[str]) -> str:
    """Return a sentence that says in full what the texts say in short, empty where they don't."""
    used = {word for text in texts for word in re.findall(r"\b[A-Z]{2,}\b", text)}
    told = [f"{word} is {SHORT[word]}" for word in sorted(used & SHORT.keys())]
    return f"{'; '.join(told)}." if told else ""


def customer_words(condition: Condition) -> str:
    """Return a condition for customers; what was left out is said to be by agreement."""
    if isinstance(condition, AllOf) and not condition.parts:
        return EVERYBODY
    told = _told(condition)
    if told.condition is None:
        return AGREED
    text = words(told.condition)
    if told.is_whole:
        return text
    return f"{text}, {OR_MORE if told.is_narrower else AND_MORE}"


def _told(condition: Condition) -> Told:
    """Return what may be told; ``is_narrower`` where only alternatives were left out, so that the rest suffices."""
    if isinstance(condition, Leaf):
        return (
            Told(structs.replace(condition, stay=None), True) if _may_tell(condition) else Told(None, False)
        )
    if isinstance(condition, Not):
        # Half of what must not hold would say something else, so it is all or nothing.
        inner = _told(condition.part)
        return Told(Not(inner.condition), True) if inner.condition and inner.is_whole else Told(None, False)
    parts = [_told(part) for part in condition.parts]
    kept = tuple(part.condition for part in parts if part.condition is not None)
    if not kept:
        return Told(None, False)
    is_whole = all(part.is_whole for part in parts)
    if isinstance(condition, AnyOf):
        suffices = all(part.is_whole or part.is_narrower for part in parts if part.condition is not None)
        return Told(AnyOf(kept), is_whole, is_narrower=suffices)
    suffices = all(part.is_whole or (part.condition is not None and part.is_narrower) for part in parts)
    return Told(AllOf(kept), is_whole, is_narrower=suffices)


def _may_tell(leaf: Leaf) -> bool:
    try:
        field, _ = resolve(leaf)
    except BrokenConditionError:
        return False
    return field.key in TOLD_FIELDS or field.category in TOLD_CATEGORIES
