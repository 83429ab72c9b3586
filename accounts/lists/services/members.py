"""Who is on a list by hand, and what becomes of members that are merged, deleted or restored."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.identity.models import AccountMerge
from accounts.lists.access import may_edit
from accounts.lists.errors import ListRefused
from accounts.lists.models import ListChange, ListMembership, TargetList
from accounts.lists.services.writing import begin_change, bring, finish_change, lock_list, take, want
from accounts.models import Account
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


def follow_fates() -> int:
    """Let lists by hand follow what became of their members; return how many lists changed.

    A deleted account leaves; of a merged one the account that it became part of takes the place; who is back, such as
    after a merge was taken back, is on the list again.
    """
    gone = ListMembership.objects.current().filter(account__deleted_at__isnull=False)
    lists = TargetList.objects.live().filter(kind=TargetList.Kind.STATIC)
    touched = lists.filter(
        Exists(gone.filter(list=OuterRef("pk"))) | Exists(_returned().filter(list=OuterRef("pk")))
    )
    return sum(_follow(pk) for pk in touched.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _follow(pk: int) -> bool:
    try:
        held = lock_list(pk)
    except ListRefused:
        return False
    members = ListMembership.objects.current().filter(list=held)
    gone = members.filter(account__deleted_at__isnull=False)
    merges = AccountMerge.objects.filter(
        loser__in=gone.values("account_id"), unmerged_at=None, winner__deleted_at=None
    )
    returned = list(_returned().filter(list=held).values_list("account_id", flat=True))
    # Who took the place of an account that is back was never meant.
    stand_ins = AccountMerge.objects.filter(loser__in=returned, unmerged_at__isnull=False)
    come = Account.objects.live().filter(pk__in=[*merges.values_list("winner_id", flat=True), *returned])
    go = [
        *gone.values_list("account_id", flat=True),
        *members.filter(came_with__cause=Cause.FATES, account__in=stand_ins.values("winner_id")).values_list(
            "account_id", flat=True
        ),
    ]
    change = begin_change(held, Cause.FATES, None, note="Follows merged, deleted and restored accounts")
    want(Account.objects.filter(pk__in=go).values("pk"))
    removed = take(held, change, wanted=True)
    want(come.exclude(pk__in=set(go) - set(returned)).values("pk"))
    return finish_change(held, change, added=bring(held, change), removed=removed)


def _returned() -> QuerySet[ListMembership]:
    """Return the last stays of live accounts that had left only because they were deleted or merged."""
    newer = ListMembership.objects.filter(
        list=OuterRef("list"),
        account=OuterRef("account"),
        came_with__number__gt=OuterRef("came_with__number"),
    )
    return ListMembership.objects.filter(
        ~Exists(newer),
        left_with__cause=Cause.FATES,
        account__deleted_at=None,
        list__kind=TargetList.Kind.STATIC,
    )
