"""Co-signing: a list is proposed, and sales and marketing each sign for what they want of it, as it is at that time."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from accounts.lists.access import may_edit
from accounts.lists.errors import ListRefused
from accounts.lists.models import ListMembership, ListPick, ListSignature, Side, TargetList
from accounts.lists.services.names import clean_text
from accounts.lists.services.writing import lock_list
from people.models import User


@transaction.atomic
def propose_list(*, target: TargetList, by: User) -> TargetList:
    """Ask sales and marketing to sign for a list. Raises ListRefused for one that nobody else sees."""
    held = lock_list(target.pk)
    if not may_edit(held, by):
        raise ListRefused("Only its owner, sales, marketing and RevOps propose this list.")
    if not held.is_shared:
        raise ListRefused("Share the list first: nobody else sees it.")
    held.proposed_at, held.proposed_by = timezone.now(), by
    held.save(update_fields=["proposed_at", "proposed_by"])
    return held


@transaction.atomic
def sign_list(
    *, target: TargetList, by: User, version: int, picks: Collection[int] | None = None, note: str = ""
) -> ListSignature:
    """Sign for the side that a person works in: the whole list, or ``picks``, ids of its accounts.

    ``version`` is the one that was shown. Raises ListRefused, ChangedMeanwhile where the list is another one now.
    """
    held = lock_list(target.pk, version=version)
    side = _side(by)
    if held.proposed_at is None or not held.is_shared:
        raise ListRefused("The list hasn’t been proposed.")
    members = ListMembership.objects.current().filter(list=held, account__deleted_at=None)
    chosen = None
    if picks is not None:
        chosen = sorted(members.filter(account__in=list(picks)).values_list("account_id", flat=True))
        if len(chosen) != len(set(picks)):
            raise ListRefused("Some of these accounts aren’t on the list. Choose again.", field="picks")
        if not chosen:
            raise ListRefused("Choose at least one account, or sign for the whole list.", field="picks")
    _end(held, side)
    signature = ListSignature.objects.create(
        list=held, side=side, version=held.version, is_whole=chosen is None, by=by, note=clean_text(note)
    )
    ListPick.objects.bulk_create(
        [ListPick(signature=signature, account_id=pk) for pk in chosen or ()], batch_size=5000
    )
    return signature


@transaction.atomic
def withdraw_signature(*, target: TargetList, by: User) -> None:
    """Take back the signature of the side that a person works in. Raises ListRefused."""
    held = lock_list(target.pk)
    if not _end(held, _side(by)):
        raise ListRefused("Your side hasn’t signed.")


def _side(by: User) -> Side:
    if by.function not in Side.values:
        raise ListRefused("Only sales and marketing sign for lists.")
    return Side(by.function)


def _end(target: TargetList, side: Side) -> int:
    return ListSignature.objects.filter(list=target, side=side, ended_at=None).update(ended_at=timezone.now())
