"""Decide what a waiting record stands for that may be any of several accounts."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.identity.errors import MergeRefused
from accounts.identity.models import DuplicatePair
from accounts.models import Account
from people.models import User
from sync.models import Link, PendingRecord
from sync.pipeline.identity import decide_match
from sync.pipeline.pending import apply_ready

AS_NEW = "A record of it was said to be a new account."


def resolve_ambiguous(*, pending: PendingRecord, account: int | None, by: User) -> Account | None:
    """Attach a waiting record to one of its candidates, or with None make a new account of it.

    The record is applied at once, with what waited for it; returns its account, or None where it was refused
    and waits on under another reason. That a new account is none of the candidates is remembered, so that they
    aren't offered as duplicates. Raises MergeRefused (``not_waiting``, ``no_candidate``).
    """
    candidates = [pk for pk in pending.candidates or [] if pk != account]
    if account is not None and account not in (pending.candidates or []):
        raise MergeRefused("no_candidate", f"Account {account} is none of the candidates.")
    try:
        decide_match(pending=pending, object_id=account)
    except ValueError as error:
        raise MergeRefused("not_waiting", str(error)) from error
    apply_ready()
    link = Link.objects.filter(
        resource="accounts", source_id=pending.source_id, external_id=pending.external_id
    ).first()
    if link is None:
        return None
    if account is None:
        remember_apart(link.object_id, candidates, by=by, reason=AS_NEW)
    return Account.objects.get(pk=link.object_id)


@transaction.atomic
def remember_apart(account: int, others: list[int], *, by: User, reason: str) -> None:
    """Remember that an account is none of ``others``, so that no pair of them is offered."""
    now = timezone.now()
    DuplicatePair.objects.bulk_create(
        [
            DuplicatePair(
                low_id=min(account, other),
                high_id=max(account, other),
                score=0,
                dismissed_at=now,
                dismissed_by=by,
                reason=reason,
            )
            for other in others
        ],
        update_conflicts=True,
        unique_fields=["low", "high"],
        update_fields=["dismissed_at", "dismissed_by", "reason"],
    )
