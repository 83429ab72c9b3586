"""An invoice or a credit note as a paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from accounts.models import Account
from common.formatting import format_date, format_number, format_span
from finance.billing.agreed import Recipient, recipients_of
from finance.billing.papers.paper import Grid, Paper, amount, lines_of
from finance.billing.papers.parties import (
    buyer_lines,
    footer_of,
    payment_facts,
    seller_lines,
    seller_name,
)
from finance.billing.seller.terms import Particulars, particulars_of
from finance.models import Invoice, InvoiceLine, SellerParticulars


def invoice_paper(invoice: Invoice) -> Paper:
    """Return the paper of an invoice: as it was issued, or of a draft what it would say; at most four queries."""
    if invoice.paper is not None:
        return msgspec.convert(invoice.paper, Paper)
    return papers_of([invoice])[invoice.pk]


def papers_of(invoices: Sequence[Invoice]) -> dict[int, Paper]:
    """Return what the papers of invoices say by what is known now, by key; two queries, and two for each day of issue.

    Invoices come with ``account`` and ``corrects``.
    """
    lines: dict[int, list[InvoiceLine]] = defaultdict(list)
    current = InvoiceLine.objects.filter(invoice__in=invoices, is_current=True)
    for line in current.select_related("account").order_by("invoice_id", "number"):
        lines[line.invoice_id].append(line)
    by_day: dict[date, list[Invoice]] = defaultdict(list)
    for invoice in invoices:
        by_day[invoice.issued_on].append(invoice)
    made = {}
    for day, issued in by_day.items():
        seller = particulars_of(SellerParticulars.objects.on(day))
        recipients = recipients_of([invoice.account for invoice in issued], day)
        for invoice in issued:
            made[invoice.pk] = _paper(invoice, lines[invoice.pk], recipients[invoice.account_id], seller)
    return made


def _paper(invoice: Invoice, lines: list[InvoiceLine], recipient: Recipient, seller: Particulars) -> Paper:
    """Return an invoice with its lines, by division where there are several, and its tax by rate."""
    account: Account = invoice.account
    is_draft = invoice.status == Invoice.Status.DRAFT
    name = invoice.get_kind_display()
    has_divisions = {line.account_id for line in lines} - {account.pk}
    due = invoice.due_on if invoice.kind == Invoice.Kind.INVOICE else None
    return Paper(
        title=f"Draft of {_article(name)} {name.lower()}" if is_draft else f"{name} {invoice.number}",
        author=seller_name(seller),
        subtitle=f"Corrects invoice {invoice.corrects.number}" if invoice.corrects is not None else "",
        seller=seller_lines(seller),
        to=buyer_lines(account, recipient),
        facts=tuple(
            (label, text)
            for label, text in (
                ("Number", "" if is_draft else invoice.number),
                ("Issued", format_date(invoice.issued_on)),
                ("Due", format_date(due) if due else ""),
                ("For", format_span(invoice.period_start, invoice.period_end)),
                ("Purchase order", invoice.purchase_order),
            )
            if text
        ),
        grids=(_lines(invoice, lines, bool(has_divisions)), *_divisions(invoice, lines, bool(has_divisions))),
        notes=lines_of(
            [
                f"Please pay {amount(invoice.total, invoice.currency)} by {format_date(due)}, naming {invoice.number}."
                if due and not is_draft
                else "",
                f"{amount(invoice.total, invoice.currency)} are taken off what you owe."
                if invoice.kind == Invoice.Kind.CREDIT_NOTE
                else "",
                "This is a draft and asks for nothing yet." if is_draft else "",
            ]
        ),
        payment=payment_facts(seller, "" if is_draft else invoice.number)
        if invoice.kind == Invoice.Kind.INVOICE
        else (),
        footer=footer_of(seller, "" if is_draft else invoice.number),
    )


def _article(noun: str) -> str:
    return "an" if noun[:1] in "AEIOU" else "a"


def _lines(invoice: Invoice, lines: list[InvoiceLine], has_divisions: bool) -> Grid:
    def cells(line: InvoiceLine) -> tuple[str, ...]:
        division = (line.account.name,) if has_divisions else ()
        return (
            line.description,
            *division,
            format_span(line.period_start, line.period_end),
            amount(line.net, invoice.currency),
        )

    blank = ("",) * (2 if has_divisions else 1)
    rates: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.tax:
            rates[line.tax_percent] += line.tax
    totals: list[tuple[str, ...]] = []
    if rates:
        totals.append(("Before tax", *blank, amount(invoice.net, invoice.currency)))
    for rate, tax in sorted(rates.items()):
        totals.append((f"Tax, {percent(rate)}%", *blank, amount(tax, invoice.currency)))
    totals.append(("Total", *blank, amount(invoice.total, invoice.currency)))
    return Grid(
        head=("For", *(("Division",) if has_divisions else ()), "Days", "Amount"),
        numeric=(False, *((False,) if has_divisions else ()), False, True),
        wide=(0, 1) if has_divisions else (0,),
        rows=tuple(cells(line) for line in lines),
        totals=tuple(totals),
    )


def _divisions(invoice: Invoice, lines: list[InvoiceLine], has_divisions: bool) -> tuple[Grid, ...]:
    """Return what each division contributes, where there are several."""
    if not has_divisions:
        return ()
    sums: dict[int, list[Any]] = {}
    for line in lines:
        held = sums.setdefault(line.account_id, [line.account.name, Decimal(0), Decimal(0), Decimal(0)])
        for place, value in enumerate((line.net, line.tax, line.total), start=1):
            held[place] += value
    return (
        Grid(
            title="By division",
            head=("Division", "Before tax", "Tax", "Total"),
            numeric=(False, True, True, True),
            rows=tuple(
                (name, *(amount(value, invoice.currency) for value in values))
                for name, *values in sorted(sums.values())
            ),
            totals=(
                (
                    "All",
                    *(amount(value, invoice.currency) for value in (invoice.net, invoice.tax, invoice.total)),
                ),
            ),
        ),
    )


def percent(rate: Decimal) -> str:
    """Return a rate with the digits that it has."""
    exponent = rate.normalize().as_tuple().exponent
    return format_number(rate, max(-exponent, 0) if isinstance(exponent, int) else 0)
