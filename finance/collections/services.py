"""Writes of collections beside promises: holds, leave to write to a customer, and what became of a message."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from finance.collections.locking import lock_account
from finance.collections.task_words import UNCLEAR
from finance.models import CollectionHold, DunningCycle, DunningMessage, DunningRelease, Invoice
from people.models import User
from pods.models import Task
from pods.tasks.services import complete_task

LONGEST_HOLD = 366
State = DunningMessage.State


@transaction.atomic
def set_hold(
    *, account: Account, reason: str, ends_on: date, by: User, day: date, invoice: Invoice | None = None
) -> CollectionHold:
    """Let nobody ask for an account, or for one of its invoices, up to and including ``ends_on``.

    One that runs already for the same is replaced. Raises ValidationError by field.
    """
    lock_account(account.pk)
    problems: dict[str, list[str]] = {}
    if not reason.strip():
        problems["reason"] = ["Say why, so that colleagues know when it may end."]
    if not day <= ends_on <= day + timedelta(days=LONGEST_HOLD):
        problems["ends_on"] = ["Choose today or a day within a year: a hold always ends."]
    if invoice is not None and invoice.account_id != account.pk:
        problems["invoice"] = ["This invoice is another account's."]
    if problems:
        raise ValidationError(problems)
    running = CollectionHold.objects.filter(account=account, invoice=invoice, ended_at=None)
    running.update(ended_at=timezone.now(), ended_by=by)
    return CollectionHold.objects.create(
        account=account,
        invoice=invoice,
        reason=reason.strip()[:500],
        starts_on=day,
        ends_on=ends_on,
        set_by=by,
    )


@transaction.atomic
def end_hold(*, hold: CollectionHold, by: User) -> None:
    """End a hold before its day; raises ValidationError where it has ended."""
    lock_account(hold.account_id)
    if not CollectionHold.objects.filter(pk=hold.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=by
    ):
        raise ValidationError("This hold has ended already.")


@transaction.atomic
def release_stage(*, cycle: DunningCycle, stage: int, by: User | None, reason: str = "") -> DunningRelease:
    """Let a relationship-based account be asked by mail at one stage; ``reason`` is empty where both agreed.

    Raises ValidationError where nothing is overdue any more.
    """
    held = DunningCycle.objects.select_for_update().get(pk=cycle.pk)
    if held.closed_on is not None:
        raise ValidationError("Nothing is overdue any more, so there is nothing to release.")
    released, _ = DunningRelease.objects.get_or_create(
        cycle=held, stage=stage, defaults={"by": by, "reason": reason.strip()[:500]}
    )
    return released


@transaction.atomic
def decide_message(*, message: DunningMessage, was_sent: bool, by: User) -> DunningMessage:
    """Decide about a message that failed, or of which nobody knows whether it went out.

    Where it didn't go out its attempt is free again, and the next run writes it anew if it is still due. Raises
    ValidationError where there is nothing to decide, or where the server surely took nothing.
    """
    held = _locked(message)
    if held.state not in (State.UNKNOWN, State.FAILED):
        raise ValidationError(
            f"This message is {held.get_state_display().lower()}: there is nothing to decide."
        )
    if was_sent and held.state == State.FAILED:
        raise ValidationError("The mail server refused this message, so it can't have gone out.")
    held.note = f"{by} said that it {'went' if was_sent else 'did not go'} out. {held.note}"[:500]
    held.state, held.decided_by = (State.SENT if was_sent else State.STOPPED), by
    held.sent_at = held.claimed_at if was_sent else None
    held.save(update_fields=["state", "sent_at", "note", "decided_by"])
    for task in Task.objects.filter(state="open", kind=UNCLEAR, about__startswith=f"message:{held.pk}:"):
        complete_task(task=task, by=None)
    return held


def _locked(message: DunningMessage) -> DunningMessage:
    lock_account(message.cycle.account_id)
    return DunningMessage.objects.select_for_update().get(pk=message.pk)
