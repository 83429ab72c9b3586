"""Accounts that are billed here, with as few words as a test needs."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import Account
from finance.billing.arranging import expected_of, propose_arrangement
from finance.billing.issuing import issue_drafts, seen_of
from finance.billing.seller.services import write_particulars
from finance.billing.seller.terms import Particulars
from finance.billing.terms import BillingTerms
from finance.models import BillingArrangement, Invoice, InvoiceLine, SellerParticulars
from people.models import User

SELLER = Particulars(
    name="Ferrowick GmbH",
    address="Speicherstraße 12\n20457 Hamburg",
    country="DE",
    vat_number="DE136695976",
    registration="Amtsgericht Hamburg, HRB 123456",
    email="billing@ferrowick.example",
    bank="Hansabank",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    payment_hint="Name the invoice number only.",
)


def sell_as(starts_on: date = date(2020, 1, 1), **other: str) -> SellerParticulars:
    """Let papers say who sells from a day on."""
    told = Particulars(**(SELLER.columns() | other))
    return write_particulars(particulars=told, starts_on=starts_on, by=None)


def bill_here(
    account: Account, starts_on: date, by: User, *, schedule: str = "monthly", **terms: Any
) -> BillingArrangement:
    """Agree that invoices of an account are made here from a day on; who sells is known from then on."""
    if not SellerParticulars.objects.exists():
        sell_as()
    made = propose_arrangement(
        account=account,
        terms=BillingTerms(schedule=schedule, **terms),
        starts_on=starts_on,
        by=by,
        expected=expected_of(account),
    )
    assert made.request is None, made.findings
    return made.version


def drafts() -> list[Invoice]:
    """Return the drafts there are, the earliest first."""
    held = Invoice.objects.filter(status="draft", deleted_at=None)
    return list(held.order_by("issued_on", "account_id", "currency", "pk"))


def issue(by: User, on: date) -> list[Invoice]:
    """Issue all drafts there are, as they are."""
    return issue_drafts(seen=[seen_of(one) for one in drafts()], on=on, by=by)


def said(invoice: Invoice) -> list[tuple[int, str, str, str]]:
    """Return division, description, period and net amount of each line."""
    lines = InvoiceLine.objects.filter(invoice=invoice, is_current=True).order_by("number")
    return [
        (
            line.account_id,
            line.description,
            f"{line.period_start:%d.%m.}–{line.period_end:%d.%m.}"
            if line.period_start and line.period_end
            else "",
            f"{line.net:.2f}",
        )
        for line in lines
    ]
