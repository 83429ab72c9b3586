"""What files call views and lists: by owner and name, since numbers differ between installations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from accounts.conditions.expression import (
    AllOf,
    AnyOf,
    Condition,
    ConditionError,
    Leaf,
    Not,
    condition_data,
    parse_condition,
    stored_condition,
)
from accounts.lists.access import IN_LIST
from accounts.lists.models import SavedView, TargetList
from people.configuration.registry import ConfigError, Problem
from people.models import User

Entry = Mapping[str, Any]
Key = tuple[str, str]
# In the place of a list that the same file makes.
ON_ANY = Leaf(IN_LIST, "is_set")


def key_of(owner: str, name: str) -> Key:
    """Return what tells views, or lists, apart: one owner has no two of a name."""
    return owner.strip().lower(), " ".join(name.split()).upper()


def entry_key(entry: Entry) -> Key:
    """Return the key of what a file describes."""
    return key_of(entry["owner"], entry["name"])


def reference_of(row: SavedView | TargetList) -> str:
    """Return what a file calls a view or a list."""
    return f"{row.owner.email}/{row.name}"


def reference_key(text: str) -> Key:
    """Return the key of what a file calls a view or a list."""
    owner, _, name = text.partition("/")
    return key_of(owner, name)


def words_of(entry: Entry) -> str:
    """Return what people are told that something is called."""
    return f"“{' '.join(entry['name'].split())}” of {entry['owner']}"


def owners_of(entries: Iterable[Entry]) -> dict[str, User]:
    """Return the active people whom entries name as owners, by their address in lower case; one query."""
    wanted = {entry["owner"].strip().lower() for entry in entries}
    found = User.objects.filter(is_active=True)
    return {user.email.lower(): user for user in found if user.email.lower() in wanted}


def check_entries(entries: Iterable[Entry], owners: Mapping[str, User]) -> list[Problem]:
    """Return what is wrong with owners and names: unknown ones, and two that are the same."""
    problems: list[Problem] = []
    seen: set[Key] = set()
    for place, entry in enumerate(entries):
        if entry["owner"].strip().lower() not in owners:
            problems.append(
                Problem(
                    f"[{place}].owner",
                    f"nobody active has the address “{entry['owner'][:80]}”.",
                    "Add them first.",
                )
            )
        if entry_key(entry) in seen:
            problems.append(Problem(f"[{place}].name", f"{words_of(entry)} stands here twice."))
        seen.add(entry_key(entry))
    return problems


def mapped(condition: Condition, change: Callable[[Leaf], Leaf]) -> Condition:
    """Return a condition with each comparison that asks about lists changed."""
    if isinstance(condition, AllOf):
        return AllOf(tuple(mapped(part, change) for part in condition.parts))
    if isinstance(condition, AnyOf):
        return AnyOf(tuple(mapped(part, change) for part in condition.parts))
    if isinstance(condition, Not):
        return Not(mapped(condition.part, change))
    return change(condition) if condition.field == IN_LIST else condition


def renamed(leaf: Leaf, names: Mapping[str, str]) -> Leaf:
    """Return a comparison with other words for the lists that it asks about; unknown ones stay."""
    if isinstance(leaf.value, str):
        return msgspec.structs.replace(leaf, value=names.get(leaf.value, leaf.value))
    if isinstance(leaf.value, tuple | list):
        return msgspec.structs.replace(leaf, value=tuple(names.get(one, one) for one in leaf.value))
    return leaf


def told_condition(data: Any, lists: Mapping[Key, TargetList]) -> Any:
    """Return a stored condition as a file has it."""
    if data is None:
        return None
    names = {str(one.pk): reference_of(one) for one in lists.values()}
    return condition_data(mapped(stored_condition(data), lambda leaf: renamed(leaf, names)))


def read_condition(
    data: Any, path: str, lists: Mapping[Key, TargetList], coming: Iterable[Key] = ()
) -> tuple[Condition, bool]:
    """Return the condition that a file describes, and whether all lists that it asks about are there.

    Those that are ``coming`` with the same file stand for any list meanwhile. Raises ConfigError.
    """
    waited = set(coming) - lists.keys()
    is_whole = True

    def numbered(leaf: Leaf) -> Leaf:
        nonlocal is_whole
        asked = list(leaf.value) if isinstance(leaf.value, tuple | list) else [leaf.value]
        keys = {one: reference_key(one) for one in asked if isinstance(one, str)}
        if waited & set(keys.values()):
            is_whole = False
            return ON_ANY
        return renamed(leaf, {one: str(lists[key].pk) for one, key in keys.items() if key in lists})

    try:
        return parse_condition(condition_data(mapped(stored_condition(data), numbered))), is_whole
    except ConditionError as error:
        raise ConfigError(
            [
                Problem(f"{path}{one.path.replace('/', '.')}", one.message, one.remedy)
                for one in error.problems
            ]
        ) from error
