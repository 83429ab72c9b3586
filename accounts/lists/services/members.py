"""Who is on a list by hand."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.lists.access import may_edit
from accounts.lists.errors import ListRefused
from accounts.lists.models import ListChange, ListMembership, TargetList
from accounts.lists.services.writing import begin_change, bring, finish_change, lock_list, take, want
from people.models import User

Cause = ListChange.Cause


@transaction.atomic
def add_accounts(
    *, target: TargetList, accounts: QuerySet[Any, Any], by: User, cause: str = Cause.HAND, note: str = ""
) -> ListChange | None:
    """Put accounts on a list by hand; return the change, None where all were on it already.

    ``accounts`` is a queryset of live accounts. Holds the list's row. Raises ListRefused.
    """
    held = _editable(target, by)
    want(accounts.values("pk"))
    change = begin_change(held, cause, by, note=note)
    return change if finish_change(held, change, added=bring(held, change), removed=0) else None


@transaction.atomic
def remove_accounts(
    *, target: TargetList, accounts: QuerySet[Any, Any], by: User, cause: str = Cause.HAND, note: str = ""
) -> ListChange | None:
    """Take accounts off a list by hand; return the change, None where none was on it. Raises ListRefused."""
    held = _editable(target, by)
    want(accounts.values("pk"))
    change = begin_change(held, cause, by, note=note)
    removed = take(held, change, wanted=True)
    return change if finish_change(held, change, added=0, removed=removed) else None


@transaction.atomic
def undo_change(*, change: ListChange, by: User) -> ListChange | None:
    """Take back what a change did where nobody has changed it since; return the new change, None where nothing is left.

    Raises ListRefused for a list by condition, whose next refresh would do it again, and for a second time.
    """
    held = _editable(TargetList(pk=change.list_id), by)
    if ListChange.objects.filter(undoes=change).exists():
        raise ListRefused("This change has been taken back already.")
    came = ListMembership.objects.current().filter(list=held, came_with=change)
    left = ListMembership.objects.filter(list=held, left_with=change, account__deleted_at=None)
    new = begin_change(held, Cause.UNDO, by, undoes=change, note=f"Takes back change {change.number}")
    want(came.values("account_id"))
    removed = take(held, new, wanted=True)
    want(left.values("account_id"))
    added = bring(held, new)
    return new if finish_change(held, new, added=added, removed=removed) else None


def _editable(target: TargetList, by: User) -> TargetList:
    held = lock_list(target.pk)
    if held.kind != TargetList.Kind.STATIC:
        raise ListRefused("A condition decides who is on this list. Change the condition instead.")
    if not may_edit(held, by):
        raise ListRefused("Only its owner, sales, marketing and RevOps change who is on this list.")
    return held
