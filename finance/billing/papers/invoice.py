"""An invoice or a credit note as a paper."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.models import Account
from common.formatting import format_date, format_number
from finance.billing.agreed import recipient_of
from finance.billing.papers.paper import Grid, Paper, amount, days, lines_of
from finance.models import Invoice, InvoiceLine


def invoice_paper(invoice: Invoice) -> Paper:
    """Return an invoice with its lines, by division where there are several, and its tax by rate."""
    account: Account = invoice.account
    lines = list(
        InvoiceLine.objects.filter(invoice=invoice, is_current=True)
        .select_related("account")
        .order_by("number")
    )
    recipient = recipient_of(account, invoice.issued_on)
    is_draft = invoice.status == Invoice.Status.DRAFT
    name = invoice.get_kind_display()
    has_divisions = {line.account_id for line in lines} - {account.pk}
    due = invoice.due_on if invoice.kind == Invoice.Kind.INVOICE else None
    return Paper(
        title=f"Draft of {_article(name)} {name.lower()}" if is_draft else f"{name} {invoice.number}",
        author=settings.COMPANY,
        subtitle=f"Corrects invoice {invoice.corrects.number}" if invoice.corrects is not None else "",
        to=lines_of(
            [
                account.name,
                recipient.name if recipient.name != account.name else "",
                recipient.email,
            ]
        ),
        facts=tuple(
            (label, text)
            for label, text in (
                ("Number", "" if is_draft else invoice.number),
                ("Issued", format_date(invoice.issued_on)),
                ("Due", format_date(due) if due else ""),
                ("For", days(invoice.period_start, invoice.period_end)),
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
        footer=" · ".join(lines_of([settings.COMPANY, "" if is_draft else invoice.number])),
    )


def _article(noun: str) -> str:
    return "an" if noun[:1] in "AEIOU" else "a"


def _lines(invoice: Invoice, lines: list[InvoiceLine], has_divisions: bool) -> Grid:
    def cells(line: InvoiceLine) -> tuple[str, ...]:
        division = (line.account.name,) if has_divisions else ()
        return (
            line.description,
            *division,
            days(line.period_start, line.period_end),
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
