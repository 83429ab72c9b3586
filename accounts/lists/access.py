"""Who sees a target list, and who works on it."""

from __future__ import annotations

from accounts.conditions.expression import Condition, leaves, resolve
from accounts.lists.models import TargetList
from people.access import Access
from people.functions import Function
from people.models import Category, Level, User

IN_LIST = "accounts.in_list"
EDITORS = frozenset({Function.SALES, Function.MARKETING, Function.REVOPS})


def needs_of(condition: Condition) -> list[str]:
    """Return what a reader must be allowed to read to see who meets a condition, as ``category:level``.

    Raises BrokenConditionError.
    """
    needs: set[str] = set()
    for _, leaf in leaves(condition):
        field, _ = resolve(leaf)
        if field.category != Category.ACCOUNT_PROFILE:
            needs.add(f"{field.category}:{field.level}")
    for used in TargetList.objects.filter(pk__in=lists_in(condition)):
        needs.update(used.needs)
    return sorted(needs)


def lists_in(condition: Condition) -> list[int]:
    """Return the ids of the lists that a condition asks about."""
    found: dict[int, None] = {}
    for _, leaf in leaves(condition):
        if leaf.field == IN_LIST:
            values = leaf.value if isinstance(leaf.value, tuple | list) else [leaf.value]
            found |= {int(value): None for value in values if isinstance(value, str) and is_id(value)}
    return list(found)


def is_id(text: str) -> bool:
    """Return whether a text is the number of a row."""
    return text.isascii() and text.isdecimal() and len(text) <= 18


def why_closed(target: TargetList, access: Access) -> str:
    """Return why a reader may not see who is on a list, empty where they may."""
    for need in target.needs:
        category, _, level = need.partition(":")
        if not access.allows(category, level or Level.FULL):
            return f"Who is or was on it tells what its conditions read. {access.why_not(category)}"
    return ""


def open_lists(user: User, access: Access) -> list[TargetList]:
    """Return the lists that a reader may see into, by name; one query."""
    shown = TargetList.objects.shown_to(user).order_by("name", "pk")
    return [target for target in shown if not why_closed(target, access)]


def may_edit(target: TargetList, user: User) -> bool:
    """Return whether a person changes who is on a list: its owner, and of a shared one RevOps and who co-signs."""
    return target.owner_id == user.pk or (target.is_shared and user.function in EDITORS)


def may_delete(target: TargetList, user: User) -> bool:
    """Return whether a person deletes a list, and decides who sees it."""
    return target.owner_id == user.pk or user.function == Function.REVOPS
