"""Which views and lists use which, so that none comes to mean itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from zlib import crc32

from django.db import connection

from accounts.conditions.expression import Condition, ConditionError, Leaf, leaves, stored_condition
from accounts.lists.access import lists_in
from accounts.lists.models import ListRule, SavedView, TargetList
from accounts.lists.opening import IN_VIEW, id_of
from accounts.lists.view_pages import Kept

ARROW = " → "
CONDITIONS_LOCK = crc32(b"accounts.lists.conditions") - 2**31


def hold_conditions() -> None:
    """Let nobody else change which lists ask about which until the transaction ends; call with the list's row held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CONDITIONS_LOCK])


def circle_of_lists(target: TargetList, condition: Condition) -> str:
    """Return how a list would come to ask about itself by this condition, empty where it doesn't."""
    names = dict(TargetList.objects.values_list("pk", "name"))
    used: dict[int, list[int]] = {}
    rules = ListRule.objects.filter(pk__in=TargetList.objects.live().values("rule"))
    for pk, data in rules.values_list("list_id", "condition"):
        used[pk] = _lists_of(data)
    path = _path(target.pk, lists_in(condition), lambda pk: used.get(pk, ()))
    return ARROW.join(names.get(pk, "this list") for pk in path)


def circle_of_views(view: SavedView | None, kept: Kept) -> str:
    """Return how a view would come to filter by itself with these parameters, empty where it doesn't."""
    if view is None or view.pk is None:
        return ""
    rows = SavedView.objects.live().values_list("pk", "name", "params")
    names = {pk: name for pk, name, _ in rows}
    used = {pk: _views_of(params) for pk, _, params in rows}
    path = _path(view.pk, _views_of(kept), lambda pk: used.get(pk, ()))
    return ARROW.join(names.get(pk, "this view") for pk in path)


def lists_behind(lists: Iterable[int]) -> dict[int, list[Leaf]]:
    """Return these lists and all that their conditions ask about in turn, each with what it compares."""
    rules = ListRule.objects.filter(pk__in=TargetList.objects.live().values("rule"))
    conditions = dict(rules.values_list("list_id", "condition"))
    found: dict[int, list[Leaf]] = {}
    waiting = list(lists)
    while waiting:
        pk = waiting.pop()
        if pk not in found:
            found[pk] = _leaves_of(conditions.get(pk))
            waiting += _lists_of(conditions.get(pk))
    return found


def asks_about(condition: Condition, field: str) -> bool:
    """Return whether a condition asks about a field, itself or by way of lists."""
    behind = lists_behind(lists_in(condition)).values()
    return any(
        leaf.field == field for found in ([leaf for _, leaf in leaves(condition)], *behind) for leaf in found
    )


def in_order(lists: Iterable[TargetList]) -> Sequence[TargetList]:
    """Return lists with those first whose members others ask about."""
    waiting = {target.pk: target for target in sorted(lists, key=lambda one: one.pk)}
    ordered: dict[int, TargetList] = {}

    def place(pk: int, seen: frozenset[int]) -> None:
        target = waiting.get(pk)
        if target is None or pk in ordered or pk in seen:
            return
        for other in _lists_of(target.rule.condition if target.rule else None):
            place(other, seen | {pk})
        ordered[pk] = target

    for pk in waiting:
        place(pk, frozenset())
    return list(ordered.values())


def _path(start: int, first: Iterable[int], used: Callable[[int], Iterable[int]]) -> list[int]:
    """Return a way from ``start`` back to it, empty where there is none."""
    trails = [[start, pk] for pk in first]
    seen: set[int] = set()
    while trails:
        trail = trails.pop()
        last = trail[-1]
        if last == start:
            return trail
        if last in seen:
            continue
        seen.add(last)
        trails += [[*trail, pk] for pk in used(last)]
    return []


def _lists_of(data: object) -> list[int]:
    if data is None:
        return []
    try:
        return lists_in(stored_condition(data))
    except ConditionError:
        return []


def _leaves_of(data: object) -> list[Leaf]:
    if data is None:
        return []
    try:
        return [leaf for _, leaf in leaves(stored_condition(data))]
    except ConditionError:
        return []


def _views_of(params: Kept) -> list[int]:
    return [pk for text in params.get(IN_VIEW, ()) if (pk := id_of(text)) is not None]
