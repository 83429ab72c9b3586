"""A condition in plain words, and what changed between two."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.conditions.custom import CUSTOM, own_fields_once
from accounts.conditions.expression import (
    AllOf,
    AnyOf,
    BrokenConditionError,
    Condition,
    Leaf,
    Not,
    resolve,
)
from accounts.conditions.values import value_words
from common.formatting import format_key

EVERY_ACCOUNT = "Every account"


@own_fields_once()
def words(condition: Condition) -> str:
    """Return the condition as one line: ``ARR ≥ €150,000 and (Industry is “Energy” or Employees > 500 people)``.

    What no longer exists is told by its key, so that a broken condition can still be read.
    """
    return _said(condition, is_whole=True)


def _said(condition: Condition, *, is_whole: bool = False) -> str:
    if isinstance(condition, Leaf):
        return _comparison(condition)
    if isinstance(condition, Not):
        inner = _said(condition.part)
        return f"not {inner}" if inner.startswith("(") else f"not ({inner})"
    if not condition.parts:
        return EVERY_ACCOUNT
    joined = (" and " if isinstance(condition, AllOf) else " or ").join(
        _said(part) for part in condition.parts
    )
    return joined if is_whole or len(condition.parts) == 1 else f"({joined})"


def _comparison(leaf: Leaf) -> str:
    claim, stay = _claim(leaf)
    return f"{claim} (to stay: {stay})" if stay else claim


def _claim(leaf: Leaf) -> tuple[str, str]:
    try:
        field, operator = resolve(leaf)
    except BrokenConditionError:
        name = leaf.field.removeprefix(CUSTOM) if leaf.field.startswith(CUSTOM) else leaf.field
        return f"{format_key(name)} {leaf.op} (no longer known)", ""
    compared = value_words(field, operator, leaf.value)
    claim = f"{field.label} {operator.sign} {compared}".rstrip()
    return claim, "" if leaf.stay is None else value_words(field, operator, leaf.stay)


@own_fields_once()
def differences(before: Condition, after: Condition) -> list[str]:
    """Return what changed from one condition to the other, a sentence for each change; none where they are equal.

    Comparisons are matched by field and operator, then by field, so that a moved threshold reads as one change.
    """
    return list(dict.fromkeys(_changes(before, after)))


def _changes(before: Condition, after: Condition) -> list[str]:
    if before == after:
        return []
    if isinstance(before, Leaf) and isinstance(after, Leaf) and before.field == after.field:
        return _moved(before, after)
    if isinstance(before, Not) and isinstance(after, Not):
        return [f"Inside “not”: {change}" for change in _changes(before.part, after.part)]
    if isinstance(before, AllOf | AnyOf) or isinstance(after, AllOf | AnyOf):
        return _regrouped(before, after)
    return [f"Removed: {_said(before)}", f"Added: {_said(after)}"]


def _moved(before: Leaf, after: Leaf) -> list[str]:
    was, stayed = _claim(before)
    becomes, stays = _claim(after)
    found = [] if was == becomes else [f"{was} became {becomes}"]
    if before.stay != after.stay:
        if not stayed:
            found.append(f"{becomes}: staying now takes {stays}")
        elif not stays:
            found.append(f"{becomes}: staying takes the same as entering, no longer {stayed}")
        else:
            found.append(f"{becomes}: staying took {stayed}, now {stays}")
    return found


def _regrouped(before: Condition, after: Condition) -> list[str]:
    found: list[str] = []
    if _joins(before) != _joins(after) and min(len(_parts(before)), len(_parts(after))) > 1:
        found.append(f"{_joins(before)} became {_joins(after)}")
    gone, come = _without_equal(_parts(before), _parts(after))
    for is_match in (_same_comparison, _same_field, _same_shape):
        for old in list(gone):
            new = next((part for part in come if is_match(old, part)), None)
            if new is not None:
                found += _changes(old, new)
                gone.remove(old)
                come.remove(new)
    found += [f"Removed: {_said(part)}" for part in gone]
    found += [f"Added: {_said(part)}" for part in come]
    return found


def _joins(condition: Condition) -> str:
    return "“Any of”" if isinstance(condition, AnyOf) else "“All of”"


def _parts(condition: Condition) -> Sequence[Condition]:
    return condition.parts if isinstance(condition, AllOf | AnyOf) else (condition,)


def _without_equal(
    before: Sequence[Condition], after: Sequence[Condition]
) -> tuple[list[Condition], list[Condition]]:
    gone, come = [], list(after)
    for part in before:
        if part in come:
            come.remove(part)
        else:
            gone.append(part)
    return gone, come


def _same_comparison(old: Condition, new: Condition) -> bool:
    return isinstance(old, Leaf) and isinstance(new, Leaf) and (old.field, old.op) == (new.field, new.op)


def _same_field(old: Condition, new: Condition) -> bool:
    return isinstance(old, Leaf) and isinstance(new, Leaf) and old.field == new.field


def _same_shape(old: Condition, new: Condition) -> bool:
    return not isinstance(old, Leaf) and type(old) is type(new)
