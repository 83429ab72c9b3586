"""One change of a list's members: who is wanted is put aside once, then what comes and goes is written set-based.

Whoever changes a list holds its row, so changes of one list come one after the other; changes of others don't wait.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from psycopg import sql

from accounts.lists.errors import ChangedMeanwhile, ListRefused
from accounts.lists.models import ListChange, ListMembership, ListRule, TargetList
from accounts.lists.telling import tell_change
from common.sql import load_sql
from people.models import User

TICK = timedelta(microseconds=1)


def lock_list(pk: int, *, version: int | None = None) -> TargetList:
    """Return a live list, held until the transaction ends; raises ListRefused, ChangedMeanwhile for another version."""
    target = (
        TargetList.objects.live().select_for_update(of=("self",)).select_related("rule").filter(pk=pk).first()
    )
    if target is None:
        raise ListRefused("The list has been deleted meanwhile.")
    if version is not None and version != target.version:
        raise ChangedMeanwhile("Somebody else has changed the list meanwhile; it is shown as it is now.")
    return target


def want(accounts: QuerySet[Any, Any] | None) -> None:
    """Put aside which accounts are meant: a queryset of one column of ids, or nothing."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", "lists/want_table"))
        cursor.execute("TRUNCATE list_wanted")
        if accounts is None:
            return
        try:
            select, params = accounts.order_by().query.sql_with_params()
        except EmptyResultSet:
            return
        # What the ORM made, with its values still apart.
        made = sql.SQL(select)
        cursor.execute(load_sql("accounts", "lists/want", select=made), params)
        cursor.execute("ANALYZE list_wanted")


def begin_change(
    target: TargetList,
    cause: str,
    by: User | None,
    *,
    rule: ListRule | None = None,
    undoes: ListChange | None = None,
    note: str = "",
) -> ListChange:
    """Start the next version of a list that is held; its time is behind that of the one before."""
    last = target.changes.order_by("-number").values_list("at", flat=True).first()
    at = timezone.now()
    return ListChange.objects.create(
        list=target,
        number=target.version + 1,
        cause=cause,
        by=by,
        at=at if last is None else max(at, last + TICK),
        rule=rule,
        undoes=undoes,
        note=note[:500],
    )


def bring(target: TargetList, change: ListChange) -> int:
    """Add those put aside who aren't on the list; return how many."""
    return _run("lists/come", target, change)


def take(target: TargetList, change: ListChange, *, wanted: bool) -> int:
    """Remove members who were put aside, or those who weren't; return how many."""
    return _run("lists/leave", target, change, wanted=wanted)


def finish_change(
    target: TargetList, change: ListChange, *, added: int, removed: int, keep: bool = False
) -> bool:
    """Count what a change did, make it the list's version and tell of it; return whether it did anything.

    One that did nothing is dropped unless ``keep``.
    """
    if not (added or removed or keep):
        change.delete()
        return False
    change.added, change.removed = added, removed
    change.members = ListMembership.objects.current().filter(list=target).count()
    change.save(update_fields=["added", "removed", "members"])
    target.version = change.number
    target.save(update_fields=["version"])
    tell_change(target, change)
    return True


def _run(name: str, target: TargetList, change: ListChange, **more: Any) -> int:
    at: datetime = change.at
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", name), {"list": target.pk, "change": change.pk, "at": at, **more})
        return int(cursor.rowcount)
