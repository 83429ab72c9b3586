"""What people do about invoices and payments: allocate, undo, dispute, and name why an invoice was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from common.formatting import format_money
from finance.invoices.ageing import open_items
from finance.invoices.settling import lock_allocations
from finance.models import (
    Allocation,
    AllocationRun,
    Invoice,
    InvoiceCorrection,
    InvoiceDispute,
    InvoiceLine,
    Payment,
    RootCause,
)
from metrics.statements import load
from people.models import User

BY_HAND = "Undone by hand."
# Whatever is held counts, however far ahead it is dated.
ANY_DAY = date.max


@transaction.atomic
def allocate_payment(*, payment: Payment, invoice: Invoice, amount: Decimal | None, by: User) -> Allocation:
    """Let a payment settle an invoice with ``amount``, by default with what both have room for.

    Raises ValidationError naming ``amount`` or ``invoice``: at most what the payment has left and the invoice has open
    when it is this caller's turn, both of one account and currency. Takes the turn of allocating.
    """
    lock_allocations()
    found: Any = Payment.objects.filter(pk=payment.pk, deleted_at=None).with_unallocated(ANY_DAY)
    money = found.first()
    if money is None:
        raise ValidationError("The payment was deleted at its source.")
    held: Any = Invoice.objects.with_open(ANY_DAY).get(pk=invoice.pk)
    if held.deleted_at or held.kind != Invoice.Kind.INVOICE or held.status != Invoice.Status.ISSUED:
        raise ValidationError({"invoice": "Only an issued invoice can be settled."})
    if (held.account_id, held.currency) != (money.account_id, money.currency):
        raise ValidationError({"invoice": "The invoice is of another account or in another currency."})
    room = min(money.unallocated, held.open_amount)
    if room <= 0:
        raise ValidationError({"amount": "The payment has nothing left, or the invoice nothing open."})
    room = min(room, _not_paid_back(money))
    if room <= 0:
        raise ValidationError({"amount": "What the account had left was paid back to it."})
    wanted = room if amount is None else amount
    if not 0 < wanted <= room:
        most = format_money(room, money.currency, decimals=2)
        raise ValidationError({"amount": f"It takes an amount above zero, and {most} at most."})
    return Allocation.objects.create(
        payment=money,
        invoice=held,
        amount=wanted,
        on=max(money.paid_on, held.issued_on),
        kind=Allocation.Kind.HAND,
        by=by,
    )


def _not_paid_back(money: Payment) -> Decimal:
    """Return what is left of all that came from the payment's account in its currency, less what was refunded."""
    of_account = {"account": money.account_id, "currency": money.currency}
    paid: Any = Payment.objects.filter(deleted_at=None, **of_account).with_unallocated(ANY_DAY)
    notes: Any = Invoice.objects.credited().filter(**of_account).with_open(ANY_DAY)
    sums = (
        paid.aggregate(sum=Sum("unallocated"))["sum"],
        notes.aggregate(sum=Sum("open_amount"))["sum"],
    )
    return sum((one for one in sums if one is not None), Decimal(0))


@transaction.atomic
def allocate_automatically(*, accounts: Sequence[int], as_of: date, by: User) -> AllocationRun | None:
    """Let payments and credit notes of accounts that settle nothing yet settle what is open, the oldest due first.

    Set-based, each account and currency by itself, with what is there as of a day, less what was paid back. Returns
    the run, by which it can be undone; None where there was nothing to do. Takes the turn of allocating.
    """
    lock_allocations()
    run = AllocationRun.objects.create(by=by)
    made = load(
        "finance",
        "allocations/automatic",
        items=open_items(ANY_DAY),
        accounts=sorted(accounts),
        day=as_of,
        run=run.pk,
        by=by.pk,
    ).execute()
    if not made:
        run.delete()
        return None
    return run


@transaction.atomic
def undo_allocation(*, allocation: Allocation, by: User) -> None:
    """Take an allocation back that somebody made. Raises ValidationError for one that follows from what was sent.

    Undoing one that was undone already changes nothing. Takes the turn of allocating.
    """
    lock_allocations()
    if allocation.kind == Allocation.Kind.SENT:
        raise ValidationError("The source says what this payment is for; it has to be changed there.")
    Allocation.objects.live().filter(pk=allocation.pk).update(
        undone_at=timezone.now(), undone_by=by, undone_why=BY_HAND
    )


@transaction.atomic
def undo_run(*, run: AllocationRun, by: User) -> int:
    """Take back what a run of automatic allocation made, as far as it still stands; return how much that was."""
    lock_allocations()
    held = AllocationRun.objects.select_for_update().get(pk=run.pk)
    if held.undone_at is not None:
        return 0
    held.undone_at, held.undone_by = timezone.now(), by
    held.save(update_fields=["undone_at", "undone_by"])
    return held.allocations.live().update(undone_at=held.undone_at, undone_by=by, undone_why=BY_HAND)


@transaction.atomic
def open_dispute(*, line: InvoiceLine, reason: str, by: User) -> InvoiceDispute:
    """Note that the customer disputes a line. Raises ValidationError naming ``reason`` or ``line``. Locks the line."""
    held = InvoiceLine.objects.select_for_update(of=("self",)).select_related("invoice").get(pk=line.pk)
    if not reason.strip():
        raise ValidationError({"reason": "Say what the customer objects to."})
    counts = held.is_current and held.invoice.deleted_at is None
    if not counts or held.invoice.status != Invoice.Status.ISSUED:
        raise ValidationError({"line": "Only a line of an issued invoice can be disputed."})
    if held.disputes.filter(resolved_at=None).exists():
        raise ValidationError({"line": "The line is disputed already."})
    return InvoiceDispute.objects.create(line=held, reason=reason.strip(), opened_by=by)


@transaction.atomic
def resolve_dispute(*, dispute: InvoiceDispute, outcome: str, note: str, by: User) -> None:
    """End a dispute. Raises ValidationError for an unknown outcome, or one that has ended. Locks the dispute.

    Where the customer was right a credit note is still to be made: this changes no amount.
    """
    people = (
        InvoiceDispute.Outcome.UPHELD,
        InvoiceDispute.Outcome.REJECTED,
        InvoiceDispute.Outcome.WITHDRAWN,
    )
    if outcome not in people:
        raise ValidationError({"outcome": "Say how it ended."})
    held = InvoiceDispute.objects.select_for_update().get(pk=dispute.pk)
    if held.resolved_at is not None:
        raise ValidationError("It has ended already.")
    held.outcome, held.note = outcome, note.strip()
    held.resolved_at, held.resolved_by = timezone.now(), by
    held.save(update_fields=["outcome", "note", "resolved_at", "resolved_by"])


@transaction.atomic
def name_cause(*, correction: InvoiceCorrection, root_cause: str, note: str, by: User, expected: str) -> None:
    """Say why an invoice was wrong; naming it again replaces what was said. Locks the correction.

    Raises ValidationError for an unknown cause, and where somebody named one since ``cause_seen`` gave ``expected``.
    """
    if root_cause not in RootCause.values:
        raise ValidationError({"root_cause": "Choose what went wrong."})
    held = (
        InvoiceCorrection.objects.select_for_update(of=("self",))
        .select_related("named_by")
        .get(pk=correction.pk)
    )
    if cause_seen(held) != expected:
        told = f"{held.named_by or 'The source'} named a cause meanwhile: {held.get_root_cause_display() or 'none'}."
        raise ValidationError(f"{told} Send yours again to replace it.")
    held.root_cause, held.note = root_cause, note.strip()
    held.named_at, held.named_by = timezone.now(), by
    held.save(update_fields=["root_cause", "note", "named_at", "named_by"])


def cause_seen(correction: InvoiceCorrection) -> str:
    """Return what a form carries to tell whether somebody else has named the cause meanwhile."""
    return f"{correction.root_cause}@{correction.named_at.isoformat() if correction.named_at else ''}"
