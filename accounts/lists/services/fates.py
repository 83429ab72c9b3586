"""What becomes of the members of lists by hand that are merged, deleted or restored."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.identity.models import AccountMerge
from accounts.lists.errors import ListRefused
from accounts.lists.models import ListChange, ListMembership, TargetList
from accounts.lists.services.writing import begin_change, bring, finish_change, lock_list, take, want
from accounts.models import Account
from sync.redirects import target_of

FATES = ListChange.Cause.FATES


def follow_fates() -> int:
    """Let lists by hand follow what became of their members; return how many lists changed.

    A deleted account leaves; of a merged one the account that it became part of takes the place; who is back, such as
    after a merge was taken back, is on the list again. Merges are followed at once; this is for the rest, and for
    lists that were deleted at the time.
    """
    return sum(_follow(pk, None) for pk in _touched(None).values_list("pk", flat=True))


def hold_followed(winner: int, loser: int) -> None:
    """Lock the lists that a merge of these accounts, or taking it back, touches; call ahead of locking the accounts."""
    list(_touched((winner, loser), is_ahead=True).select_for_update(of=("self",)))


@transaction.atomic
def follow_merged(winner: int, loser: int) -> None:
    """Let lists by hand follow a merge of two accounts, or that it was taken back; call in its transaction.

    A list that somebody has put one of them on since ``hold_followed`` waits for the night: whoever holds it may be
    waiting for the accounts.
    """
    pair = (winner, loser)
    free = _touched(pair).select_for_update(of=("self",), skip_locked=True)
    for pk in list(free.values_list("pk", flat=True)):
        _follow(pk, pair)


def _touched(accounts: Collection[int] | None, *, is_ahead: bool = False) -> QuerySet[TargetList]:
    """Return the lists by hand on which one of ``accounts``, or anybody, has left or returned, by id.

    ``is_ahead`` finds those where they may be about to.
    """
    current = ListMembership.objects.current()
    gone = current if is_ahead else current.filter(account__deleted_at__isnull=False)
    back = _left() if is_ahead else _returned()
    if accounts is not None:
        gone, back = gone.filter(account__in=accounts), back.filter(account__in=accounts)
    lists = TargetList.objects.live().filter(kind=TargetList.Kind.STATIC)
    # Ids first: the accounts have few lists, and each list may have many members.
    found = lists.filter(Q(pk__in=gone.values("list")) | Q(pk__in=back.values("list")))
    return found.order_by("pk")


@transaction.atomic
def _follow(pk: int, accounts: Collection[int] | None) -> bool:
    try:
        held = lock_list(pk)
    except ListRefused:
        return False
    members = ListMembership.objects.current().filter(list=held)
    gone = members.filter(account__deleted_at__isnull=False)
    back = _returned().filter(list=held)
    if accounts is not None:
        gone, back = gone.filter(account__in=accounts), back.filter(account__in=accounts)
    leaving = set(gone.values_list("account_id", flat=True))
    returned = set(back.values_list("account_id", flat=True))
    go = leaving | _stand_ins(held, returned)
    merged = AccountMerge.objects.in_force().filter(loser__in=leaving).values_list("loser_id", flat=True)
    come = {target for one in merged if (target := target_of("accounts", one)) is not None} | returned
    change = begin_change(held, FATES, None, note="Follows merged, deleted and restored accounts")
    want(Account.objects.filter(pk__in=go).values("pk"))
    removed = take(held, change, wanted=True)
    want(Account.objects.live().filter(pk__in=come - (go - returned)).values("pk"))
    return finish_change(held, change, added=bring(held, change), removed=removed)


def _stand_ins(target: TargetList, returned: Collection[int]) -> set[int]:
    """Return who is on a list only in the place of accounts that are back."""
    over = AccountMerge.objects.filter(loser__in=returned, unmerged_at__isnull=False)
    # Who also stands for another account, which is still part of it, stays.
    others = AccountMerge.objects.in_force().filter(
        winner=OuterRef("account"), loser__in=_left().filter(list=target).values("account")
    )
    found = ListMembership.objects.current().filter(
        ~Exists(others), list=target, came_with__cause=FATES, account__in=over.values("winner")
    )
    return set(found.values_list("account_id", flat=True))


def _left() -> QuerySet[ListMembership]:
    """Return the last stays of accounts that left only because they were deleted or merged."""
    newer = ListMembership.objects.filter(
        list=OuterRef("list"),
        account=OuterRef("account"),
        came_with__number__gt=OuterRef("came_with__number"),
    )
    taken_back = AccountMerge.objects.filter(winner=OuterRef(OuterRef("account")), unmerged_at__isnull=False)
    # Who left as the account came back in whose place they were isn't gone.
    relieved = ListMembership.objects.filter(
        came_with=OuterRef("left_with"), account__in=taken_back.values("loser")
    )
    return ListMembership.objects.filter(
        ~Exists(newer),
        ~Q(Exists(relieved), came_with__cause=FATES),
        left_with__cause=FATES,
        list__kind=TargetList.Kind.STATIC,
    )


def _returned() -> QuerySet[ListMembership]:
    """Return the last stays of live accounts that had left only because they were deleted or merged."""
    return _left().filter(account__deleted_at=None)
