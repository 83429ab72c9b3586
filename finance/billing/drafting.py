"""Drafts of invoices: made, made anew where contracts changed, and looked at before anything is written.

Whoever drafts, issues, throws away or credits takes the turn of the resource ``invoices`` first and keeps it until the
transaction ends, so that of two at once the second sees what the first one wrote. Rows are locked after it: the counter
of numbers, then what the pipeline locks.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import Account
from finance.billing.agreed import Terms, terms_of
from finance.billing.contents import Content, content_of, contents_of
from finance.billing.due import Due, DueInvoice, LeftOut, Position, invoices_due
from finance.billing.facts import INVOICES, drafted_here, lock_invoices, made_here
from finance.billing.querysets import MILESTONE
from finance.entitlements import PAYMENT_TERMS
from finance.models import Invoice
from people.models import User
from sync.models import OWN_SLUG, Link
from sync.own import OwnRecordsError, delete_own_records, send_own_records
from tiers.entitlements.resolution import entitlements_of

SLICE = 500
NUMBER = "Draft"
logger = logging.getLogger(__name__)
OURS = ("bill-", MILESTONE)


@dataclass(slots=True)
class Drafted:
    """What a run did: how many drafts are new, changed, as they were, and gone; and what was left out."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many drafts there are now."""
        return self.created + self.updated + self.unchanged

    def add(self, other: Drafted) -> None:
        """Count in what was done for other payers."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.removed += other.removed
        self.left_out += other.left_out


@dataclass(frozen=True, slots=True)
class Seen:
    """An invoice as a preview shows it: beside what the draft that is there says, if there is one."""

    due: DueInvoice
    state: str
    before: Decimal | None


@dataclass(slots=True)
class DueInMonth:
    """The invoices in one currency whose day is in a month, which ``first`` begins."""

    first: date
    currency: str
    count: int = 0
    net: Decimal = Decimal(0)
    total: Decimal = Decimal(0)

    def add(self, due: DueInvoice) -> None:
        """Count one in; credit notes take off."""
        self.count += 1
        self.net += due.net
        self.total += due.total


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run until a day would do, with nothing written."""

    until: date
    seen: Sequence[Seen]
    removed: Sequence[Invoice]
    left_out: Sequence[LeftOut]

    @property
    def amounts(self) -> dict[str, Decimal]:
        """What all the drafts come to by currency, tax included."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for one in self.seen:
            found[one.due.currency] += one.due.total
        return dict(sorted(found.items()))

    @property
    def months(self) -> list[DueInMonth]:
        """What falls due to be invoiced in each month, by currency; drafts that wait are in it."""
        found: dict[tuple[date, str], DueInMonth] = {}
        for one in self.seen:
            key = one.due.bill_on.replace(day=1), one.due.currency
            found.setdefault(key, DueInMonth(*key)).add(one.due)
        return [found[key] for key in sorted(found)]

    @property
    def counts(self) -> dict[str, int]:
        """How many drafts would be new, changed and as they are."""
        found = dict.fromkeys(("new", "changed", "unchanged"), 0)
        for one in self.seen:
            found[one.state] += 1
        return found


def draft_invoices(*, until: date, by: User | None, accounts: Collection[int] | None = None) -> Drafted:
    """Make a draft of every invoice due by a day, for all payers or those named; run again, it makes the same ones.

    Five hundred payers a transaction, so that what a killed run did stays and the next one does the rest. Invoices that
    were issued or thrown away aren't touched. ``by`` is None for the clock. A payer whose records are refused is left
    out with the reason, and doesn't hold up the others.
    """
    done = Drafted()
    for payers in _slices(accounts):
        try:
            done.add(_draft_slice(payers, until, by))
        except OwnRecordsError:
            for payer in payers:
                try:
                    done.add(_draft_slice([payer], until, by))
                except OwnRecordsError as error:
                    logger.exception("Invoices of account %s can't be drafted", payer)
                    why = " ".join(error.messages)
                    done.left_out.append(LeftOut(Account.objects.get(pk=payer), "All its invoices", why))
    return done


def preview_drafts(*, until: date, accounts: Collection[int] | None = None) -> Preview:
    """Return what ``draft_invoices`` would do now."""
    seen: list[Seen] = []
    removed: list[Invoice] = []
    left_out: list[LeftOut] = []
    for payers in _slices(accounts):
        drafts = drafts_of(payers)
        due = _wanted(payers, until, drafts)
        left_out += due.left_out
        wanted = {bill.external_id for bill in due.invoices}
        removed += [one for name, one in drafts.items() if name not in wanted]
        said = contents_of(drafts.values())
        seen += [_seen(bill, drafts.get(bill.external_id), said) for bill in due.invoices]
    seen.sort(key=lambda one: (one.due.bill_on, one.due.payer.name, one.due.external_id))
    return Preview(until, seen, removed, left_out)


def drafts_of(payers: Collection[int]) -> dict[str, Invoice]:
    """Return the drafts made here for these payers by their external id."""
    drafts = Invoice.objects.filter(
        account__in=list(payers), status=Invoice.Status.DRAFT, deleted_at=None
    ).in_bulk()
    names = Link.objects.filter(resource=INVOICES, source__slug=OWN_SLUG, object_id__in=drafts)
    return {
        name: drafts[pk]
        for name, pk in names.order_by("external_id").values_list("external_id", "object_id")
        if name.startswith(OURS)
    }


@transaction.atomic
def _draft_slice(payers: Collection[int], until: date, by: User | None) -> Drafted:
    lock_invoices()
    done = Drafted()
    drafts = drafts_of(payers)
    due = _wanted(payers, until, drafts)
    terms = terms_of_due(due.invoices)
    named = _Names(due.invoices)
    records = [_record(bill, terms[bill.payer.pk, bill.version.pk], named) for bill in due.invoices]
    for result in send_own_records(INVOICES, records, by=by) if records else ():
        setattr(done, result.status, getattr(done, result.status) + 1)
    wanted = {bill.external_id for bill in due.invoices}
    gone = [name for name in drafts if name not in wanted]
    done.removed += delete_own_records(INVOICES, gone, by=by)
    done.left_out += due.left_out
    return done


def _wanted(payers: Collection[int], until: date, drafts: Mapping[str, Invoice]) -> Due:
    """Return the invoices due by a day, and those of later days of which a draft was made ahead: it follows as well."""
    due = invoices_due(payers, max([until, *(draft.issued_on for draft in drafts.values())]))
    due.invoices = [bill for bill in due.invoices if bill.bill_on <= until or bill.external_id in drafts]
    return due


def _slices(accounts: Collection[int] | None) -> Iterator[list[int]]:
    payers = {*made_here(), *drafted_here()}
    keys = sorted(payers if accounts is None else payers & set(accounts))
    for first in range(0, len(keys), SLICE):
        yield keys[first : first + SLICE]


def _seen(bill: DueInvoice, draft: Invoice | None, said: Mapping[int, Content]) -> Seen:
    if draft is None:
        return Seen(bill, "new", None)
    sign = -1 if draft.kind == Invoice.Kind.CREDIT_NOTE else 1
    is_same = said[draft.pk] == content_of(bill)
    return Seen(bill, "unchanged" if is_same else "changed", draft.total * sign)


def terms_of_due(bills: Sequence[DueInvoice]) -> dict[tuple[int, int], Terms]:
    """Return the days to pay of each payer by the version of its arrangement; the same queries for all."""
    held = entitlements_of({bill.payer.pk: bill.payer for bill in bills}.values(), (PAYMENT_TERMS,))
    return {
        (bill.payer.pk, bill.version.pk): terms_of(bill.version, held[bill.payer.pk][PAYMENT_TERMS])
        for bill in bills
    }


def _record(bill: DueInvoice, terms: Terms, named: _Names) -> dict[str, Any]:
    """Return an invoice as a record; a credit note's amounts are positive where they give back."""
    sign = -1 if bill.is_credit else 1
    return {
        "external_id": bill.external_id,
        "account": named.of("accounts", bill.payer.pk),
        "number": NUMBER,
        "kind": Invoice.Kind.CREDIT_NOTE if bill.is_credit else Invoice.Kind.INVOICE,
        "status": Invoice.Status.DRAFT,
        "root_cause": "contract_late" if bill.is_credit else None,
        "issued_on": bill.bill_on,
        "due_on": due_on(bill.bill_on, terms.days),
        "currency": bill.currency,
        "purchase_order": bill.version.purchase_order or None,
        "period_start": bill.start,
        "period_end": bill.end,
        "lines": [
            _line(place, position, sign, named) for place, position in enumerate(bill.positions, start=1)
        ],
    }


def due_on(issued_on: date, days: int) -> date:
    """Return the day by which an invoice is to be paid."""
    return issued_on + timedelta(days=days)


def _line(place: int, position: Position, sign: int, named: _Names) -> dict[str, Any]:
    line = position.contract_line_id
    return {
        "number": place,
        "account": named.of("accounts", position.account_id),
        "contract_line": None if line is None else named.of("contract-lines", line),
        "description": position.description,
        "period_start": position.start,
        "period_end": position.end,
        "quantity": position.quantity,
        "net": position.net * sign,
        "tax_percent": position.tax_percent,
        "tax": position.tax * sign,
    }


class _Names:
    """By which records the accounts and contract lines of invoices are called; one query for each kind.

    What no record names keeps its number, for which ``send_own_records`` finds a name.
    """

    def __init__(self, bills: Sequence[DueInvoice]) -> None:
        positions = [position for bill in bills for position in bill.positions]
        lines = {one.contract_line_id for one in positions if one.contract_line_id is not None}
        self.known: Mapping[str, dict[int, dict[str, str]]] = {
            "accounts": _links(
                "accounts", {one.account_id for one in positions} | {bill.payer.pk for bill in bills}
            ),
            "contract-lines": _links("contract-lines", lines),
        }

    def of(self, resource: str, object_id: int) -> dict[str, str] | int:
        """Return a reference to an object."""
        return self.known[resource].get(object_id, object_id)


def _links(resource: str, objects: Collection[int]) -> dict[int, dict[str, str]]:
    """Return a live name of each object that has one, always the same."""
    live = Link.objects.filter(resource=resource, object_id__in=list(objects), deleted_at=None)
    rows = live.order_by("-pk").values_list("object_id", "source__slug", "external_id")
    return {object_id: {"source": slug, "external_id": name} for object_id, slug, name in rows}
