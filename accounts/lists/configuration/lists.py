"""Shared target lists in a file: who owns them, what they are for, and the condition of those that have one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.conditions.expression import Condition, condition_data, stored_condition
from accounts.conditions.words import words
from accounts.lists.configuration.names import (
    Entry,
    Key,
    check_entries,
    entry_key,
    key_of,
    owners_of,
    read_condition,
    told_condition,
    words_of,
)
from accounts.lists.models import TargetList
from accounts.lists.services import change_list, change_rule, create_list, delete_list
from common.formatting import format_count
from people.configuration.registry import ConfigError, Problem
from people.models import User

Kind = TargetList.Kind


def live_lists() -> dict[Key, TargetList]:
    """Return every live list by owner and name; one query."""
    found = TargetList.objects.live().select_related("owner", "rule").order_by("owner__email", "name", "pk")
    return {key_of(one.owner.email, one.name): one for one in found}


def export_lists() -> list[dict[str, Any]]:
    """Return what shared lists are, without who is on them."""
    lists = live_lists()
    return [
        {
            "name": one.name,
            "owner": one.owner.email,
            "purpose": one.purpose,
            "condition": told_condition(one.rule.condition, lists) if one.rule else None,
        }
        for one in lists.values()
        if one.is_shared
    ]


def plan_lists(entries: Sequence[Entry]) -> list[str]:
    """Say which lists would be made, changed and deleted. Raises ConfigError with paths below the entries."""
    held = live_lists()
    problems = check_entries(entries, owners_of(entries))
    coming = {entry_key(entry) for entry in entries}
    said: list[str] = []
    for place, entry in enumerate(entries):
        try:
            said += _differences(entry, held, coming, f"[{place}]")
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return said + [
        f"Target list “{one.name}” of {one.owner.email} is deleted with its "
        f"{format_count(one.memberships.filter(left_with=None).count(), 'account')}; its owner can bring it back"
        for one in _dropped(entries, held)
    ]


def apply_lists(entries: Sequence[Entry], by: User | None) -> None:
    """Make, change and delete lists, those first that others ask about. Raises ConfigError for a circle."""
    owners = owners_of(entries)
    waiting = list(enumerate(entries))
    while waiting:
        held = live_lists()
        coming = {entry_key(entry) for _, entry in waiting} - held.keys()
        ready = [(place, entry) for place, entry in waiting if _is_ready(entry, held, coming)]
        if not ready:
            place, entry = waiting[0]
            raise ConfigError([Problem(f"[{place}].condition", f"{words_of(entry)} would ask about itself.")])
        for place, entry in ready:
            if _differences(entry, held, (), f"[{place}]"):
                _write(entry, held, owners[entry["owner"].strip().lower()], by, f"[{place}]")
        done = {place for place, _ in ready}
        waiting = [(place, entry) for place, entry in waiting if place not in done]
    for one in _dropped(entries, live_lists()):
        delete_list(target=one, by=by or one.owner)


def _differences(entry: Entry, held: dict[Key, TargetList], coming: Any, path: str) -> list[str]:
    """Say how a list differs from what a file has of it."""
    told = f"Target list {words_of(entry)}"
    one = held.get(entry_key(entry))
    condition, is_whole = _condition(entry, held, coming, path)
    if one is None:
        by = f"by condition: {words(condition)}" if condition is not None else "by hand"
        return [f"{told} is new, {by}"]
    is_rule = one.kind == Kind.RULE
    if is_rule != (condition is not None):
        held_by, asked = ("by condition", "by hand") if is_rule else ("by hand", "by condition")
        raise ConfigError(
            [
                Problem(
                    f"{path}.condition",
                    f"{words_of(entry)} is kept {held_by} here, and can’t be {asked}.",
                    "Give the list in the file another name.",
                )
            ]
        )
    said = []
    if not one.is_shared:
        said.append(f"{told} is shared")
    if one.name != _name(entry):
        said.append(f"{told}: the name, from “{one.name}” to “{_name(entry)}”")
    if one.purpose != entry["purpose"].strip():
        said.append(f"{told}: what it is for, from “{one.purpose}” to “{entry['purpose'].strip()}”")
    if condition is not None and one.rule is not None:
        before = stored_condition(one.rule.condition)
        if not is_whole or condition_data(before) != condition_data(condition):
            said.append(f"{told}: the condition, from {words(before)} to {words(condition)}")
    return said


def _write(entry: Entry, held: dict[Key, TargetList], owner: User, by: User | None, path: str) -> None:
    condition, _ = _condition(entry, held, (), path)
    one = held.get(entry_key(entry))
    if one is None:
        create_list(
            name=entry["name"], by=by or owner, owner=owner, purpose=entry["purpose"], condition=condition
        )
        return
    changed = change_list(
        target=one, by=by or owner, name=entry["name"], purpose=entry["purpose"], is_shared=True
    )
    if (
        condition is not None
        and one.rule is not None
        and condition_data(stored_condition(one.rule.condition)) != condition_data(condition)
    ):
        change_rule(target=changed, condition=condition, by=by or owner, version=changed.version)


def _condition(
    entry: Entry, held: dict[Key, TargetList], coming: Any, path: str
) -> tuple[Condition | None, bool]:
    """Return the condition of an entry; one that says what the list's own does isn't checked again."""
    data = entry["condition"]
    if data is None:
        return None, True
    one = held.get(entry_key(entry))
    if one is not None and one.rule is not None and told_condition(one.rule.condition, held) == data:
        return stored_condition(one.rule.condition), True
    return read_condition(data, f"{path}.condition", held, coming)


def _is_ready(entry: Entry, held: dict[Key, TargetList], coming: set[Key]) -> bool:
    return _condition(entry, held, coming, "")[1]


def _dropped(entries: Sequence[Entry], held: dict[Key, TargetList]) -> list[TargetList]:
    named = {entry_key(entry) for entry in entries}
    return [one for key, one in held.items() if one.is_shared and key not in named]


def _name(entry: Entry) -> str:
    return " ".join(entry["name"].split())
