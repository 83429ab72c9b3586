"""Issue drafts, throw them away, and take an issued invoice back by a credit note.

The turn of the resource ``invoices`` is taken first, then the counter of the year, both held until the transaction
ends: numbers have no gap, since what takes one and the invoice that bears it are written together or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum

from common.formatting import format_money
from finance.billing.contents import content_of, contents_of
from finance.billing.drafting import OURS, due_on, terms_of_due
from finance.billing.due import DueInvoice, invoices_due
from finance.billing.facts import INVOICES, lock_invoices
from finance.billing.papers.keeping import keep_papers
from finance.billing.proration import round_money
from finance.billing.seller.services import refuse_without_seller
from finance.models import BillingCounter, BillingPass, Invoice, InvoiceLine, RootCause
from metrics.engine.plan import today
from people.models import User
from sync.models import OWN_SLUG, Link
from sync.own import delete_own_records, send_own_records

PREFIXES = {Invoice.Kind.INVOICE: "INV", Invoice.Kind.CREDIT_NOTE: "CN"}
REASON = 300
FURTHEST = 400
CHANGED = "{} changed since you looked at it. Look at the drafts again."
STALE = (
    "What {} owes changed since its draft was made. Draft the invoices anew, then look at the drafts again."
)


def seen_of(draft: Invoice) -> str:
    """Return what stands for a draft as somebody saw it: it changes with anything that the draft says."""
    said = (
        draft.account_id,
        draft.kind,
        draft.currency,
        draft.total,
        draft.purchase_order,
        str(draft.issued_on),
        draft.lines,
    )
    digest = hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:24]
    return f"{draft.pk}:{digest}"


@transaction.atomic
def issue_drafts(*, seen: Sequence[str], on: date, by: User) -> list[Invoice]:
    """Issue drafts as they were seen (``seen_of``), in the order of their days, each with the next number of the year.

    All or none: raises ValidationError where one changed meanwhile, was issued, is no draft of ours, or says other than
    its contract does by now, and where the seller's particulars aren't whole. Days to pay are those of the arrangement
    by which it was made. What each paper says is kept with it.
    """
    _refuse_day(on)
    refuse_without_seller(on)
    lock_invoices()
    drafts = _held(seen)
    bills = _invoices_now(drafts)
    terms = terms_of_due(list(bills.values()))
    records = [
        {
            "external_id": name,
            "number": take_number(Invoice.Kind(draft.kind), on.year),
            "status": Invoice.Status.ISSUED,
            "issued_on": on,
            "due_on": due_on(on, terms[draft.account_id, bills[name].version.pk].days),
        }
        for name, draft in drafts
    ]
    send_own_records(INVOICES, records, by=by)
    return _kept([draft.pk for _, draft in drafts])


@transaction.atomic
def throw_away_drafts(*, seen: Sequence[str], reason: str, by: User) -> int:
    """Throw drafts away as they were seen; return how many. They aren't made again, what they held comes next.

    Raises ValidationError where one changed meanwhile, is a milestone's, or without a reason.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON or "\x00" in reason:
        raise ValidationError({"reason": f"Say why in up to {REASON} letters; colleagues read it."})
    lock_invoices()
    drafts = _held(seen)
    spans = [(draft, draft.period_start, draft.period_end) for _, draft in drafts]
    passed = [
        BillingPass(
            account_id=draft.account_id,
            currency=draft.currency,
            starts_on=start,
            ends_on=end,
            reason=reason,
            by=by,
        )
        for draft, start, end in spans
        if start is not None and end is not None
    ]
    if len(passed) < len(drafts):
        raise ValidationError(
            "A milestone’s invoice can’t be thrown away: it is due. Issue it, and credit it if that was wrong."
        )
    BillingPass.objects.bulk_create(passed)
    return delete_own_records(INVOICES, [name for name, _ in drafts], by=by)


@transaction.atomic
def credit_invoice(
    *,
    invoice: Invoice,
    root_cause: str,
    on: date,
    by: User,
    amounts: Mapping[int, Decimal] | None = None,
) -> Invoice:
    """Take an issued invoice back, whole or the net ``amounts`` by number of line; return the credit note.

    Raises ValidationError by field: for an invoice that wasn't made here or isn't issued, for a line of which less
    is left than that, without a root cause, and where the seller's particulars aren't whole.
    """
    if root_cause not in RootCause.values:
        raise ValidationError({"root_cause": "Choose why."})
    _refuse_day(on)
    refuse_without_seller(on)
    lock_invoices()
    held = Invoice.objects.filter(pk=invoice.pk, deleted_at=None).first()
    if held is None or held.kind != Invoice.Kind.INVOICE or held.status != Invoice.Status.ISSUED:
        raise ValidationError("Only an issued invoice can be credited.")
    if not Link.objects.filter(resource=INVOICES, object_id=held.pk, source__slug=OWN_SLUG).exists():
        raise ValidationError("Another system made this invoice. Credit it there.")
    if on < held.issued_on:
        raise ValidationError({"on": "Choose the day of the invoice or a later one."})
    left = left_of(held)
    wanted = amounts if amounts is not None else {line.number: net for line, net, _ in left}
    lines = [
        _credited(line, net, tax, wanted[line.number], held.currency)
        for line, net, tax in left
        if wanted.get(line.number)
    ]
    if not lines and any(net for _, net, _ in left):
        raise ValidationError("Write how much to credit of at least one line.")
    if not lines:
        raise ValidationError("Nothing of this invoice is left to credit.")
    number = take_number(Invoice.Kind.CREDIT_NOTE, on.year)
    record = {
        "external_id": f"credit-{number}",
        "account": held.account_id,
        "number": number,
        "kind": Invoice.Kind.CREDIT_NOTE,
        "status": Invoice.Status.ISSUED,
        "corrects": held.pk,
        "root_cause": root_cause,
        "issued_on": on,
        "currency": held.currency,
        "purchase_order": held.purchase_order or None,
        "period_start": held.period_start,
        "period_end": held.period_end,
        "lines": lines,
    }
    [result] = send_own_records(INVOICES, [record], by=by)
    return _kept([int(str(result.id))])[0]


def left_of(invoice: Invoice) -> list[tuple[InvoiceLine, Decimal, Decimal]]:
    """Return the lines of an invoice with what earlier credit notes left of net amount and tax; two queries.

    A credit note's line takes off the one of the same number.
    """
    given = InvoiceLine.objects.filter(
        invoice__corrects=invoice,
        invoice__deleted_at=None,
        invoice__status=Invoice.Status.ISSUED,
        is_current=True,
    )
    taken = {
        number: (net, tax)
        for number, net, tax in given.order_by()
        .values_list("number")
        .annotate(nets=Sum("net"), taxes=Sum("tax"))
    }
    lines = InvoiceLine.objects.filter(invoice=invoice, is_current=True)
    found = []
    for line in lines.select_related("account").order_by("number"):
        net, tax = taken.get(line.number, (Decimal(0), Decimal(0)))
        found.append((line, line.net - net, line.tax - tax))
    return found


def take_number(kind: Invoice.Kind, year: int) -> str:
    """Return the next number of a year, such as INV-2026-00017; the counter stays locked until the caller's end."""
    BillingCounter.objects.bulk_create([BillingCounter(kind=kind, year=year)], ignore_conflicts=True)
    counter = BillingCounter.objects.select_for_update().get(kind=kind, year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{PREFIXES[kind]}-{year}-{counter.last:05}"


def _credited(
    line: InvoiceLine, net: Decimal, tax: Decimal, wanted: Decimal, currency: str
) -> dict[str, Any]:
    # A correction that gave back is taken back in turn, so signs are those of the line.
    if abs(wanted) > abs(net) or wanted * net < 0:
        told = format_money(net, currency, decimals=2)
        raise ValidationError({f"line_{line.number}": f"{told} of line {line.number} are left to credit."})
    if wanted not in (net, round_money(wanted, currency)):
        raise ValidationError({f"line_{line.number}": f"Amounts in {currency} have no such fractions."})
    return {
        "number": line.number,
        "account": line.account_id,
        "contract_line": line.contract_line_id,
        "description": line.description,
        "period_start": line.period_start,
        "period_end": line.period_end,
        "quantity": line.quantity,
        "net": wanted,
        "tax_percent": line.tax_percent,
        "tax": tax if wanted == net else round_money(tax * wanted / net, currency),
    }


def _held(seen: Sequence[str]) -> list[tuple[str, Invoice]]:
    """Return the drafts as they were seen, the earliest first, with their external ids."""
    keys = [one.partition(":")[0] for one in seen]
    if not keys or not all(key.isdecimal() and len(key) < 19 for key in keys):
        raise ValidationError("Choose at least one draft.")
    names = dict(
        Link.objects.filter(
            resource=INVOICES, source__slug=OWN_SLUG, object_id__in=map(int, keys)
        ).values_list("object_id", "external_id")
    )
    drafts = Invoice.objects.filter(pk__in=names, deleted_at=None, status=Invoice.Status.DRAFT)
    held = drafts.select_related("account").in_bulk()
    for key, told in zip(keys, seen, strict=True):
        draft = held.get(int(key))
        if draft is None or not names[draft.pk].startswith(OURS):
            raise ValidationError("One of these is no draft any more. Look at the drafts again.")
        if seen_of(draft) != told:
            raise ValidationError(CHANGED.format(f"The draft for {draft.account}"))
    ordered = sorted(held.values(), key=lambda one: (one.issued_on, one.account_id, one.currency, one.pk))
    return [(names[draft.pk], draft) for draft in ordered]


def _invoices_now(drafts: Sequence[tuple[str, Invoice]]) -> dict[str, DueInvoice]:
    """Return what each draft would say if it was made now, by its external id; refuse those that say otherwise."""
    payers = {draft.account_id for _, draft in drafts}
    due = invoices_due(payers, max(draft.issued_on for _, draft in drafts))
    bills = {bill.external_id: bill for bill in due.invoices}
    said = contents_of([draft for _, draft in drafts])
    for name, draft in drafts:
        if name not in bills or said[draft.pk] != content_of(bills[name]):
            raise ValidationError(STALE.format(draft.account))
    return bills


def _kept(keys: Sequence[int]) -> list[Invoice]:
    """Return what was issued just now, in the order of numbers, each with its paper kept."""
    issued = Invoice.objects.filter(pk__in=keys).select_related("account", "corrects").order_by("number")
    found = list(issued)
    keep_papers(found)
    return found


def _refuse_day(on: date) -> None:
    if abs((on - today()).days) > FURTHEST:
        raise ValidationError({"on": "Choose a day within a year of today."})
