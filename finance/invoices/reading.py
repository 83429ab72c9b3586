"""What the pages of one invoice and one payment show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Q

from common.export import Table, table_of
from common.periods import end_of
from finance.invoices.ageing import BUCKETS, Aged, year_until
from finance.invoices.listing import find_corrections
from finance.models import Allocation, Invoice, InvoiceDispute, InvoiceLine, RootCause
from sync.models import Link

FAULTS = [cause for cause in RootCause if cause != RootCause.GOODWILL]


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its open dispute, if it has one, those that ended, and why it comes to its amount."""

    line: Any
    dispute: Any
    ended: list[Any]
    reason: str = ""


def lines_of(invoice: Invoice, day: date) -> list[Line]:
    """Return the lines that count, with their disputes as of the end of a day; two queries."""
    after = end_of(day)
    disputes = (
        InvoiceDispute.objects.filter(opened_at__lt=after)
        .select_related("opened_by", "resolved_by")
        .order_by("-pk")
    )
    found = (
        InvoiceLine.objects.filter(invoice=invoice, is_current=True)
        .select_related("account", "contract_line__contract")
        .prefetch_related(Prefetch("disputes", disputes))
        .order_by("number")
    )
    return [
        Line(
            line=line,
            dispute=next((one for one in line.disputes.all() if not one.has_ended(after)), None),
            ended=[one for one in line.disputes.all() if one.has_ended(after)],
        )
        for line in found
    ]


def settled_by(invoice: Invoice, day: date) -> list[Allocation]:
    """Return what settles an invoice as of a day, the earliest first; one query."""
    found = invoice.allocations.counting_on(day).select_related("payment", "credit", "by")
    return list(found.order_by("on", "pk"))


def given_by(note: Invoice, day: date) -> list[Allocation]:
    """Return what a credit note settles as of a day, the earliest first; one query."""
    found: Any = Allocation.objects.counting_on(day).filter(credit=note)
    return list(found.select_related("invoice", "by").order_by("on", "pk"))


def source_of(invoice: Invoice) -> str:
    """Return the slug of the source that an invoice came from first; empty for one that none brought."""
    links = Link.objects.filter(resource="invoices", object_id=invoice.pk).order_by("pk")
    return str(links.values_list("source__slug", flat=True).first() or "")


def lines_table(invoice: Invoice, lines: Iterable[Line]) -> Table:
    """Return the lines as a file."""
    return table_of(
        f"invoice-{invoice.pk}-lines",
        lines,
        (
            ("number", "Line", lambda row: row.line.number),
            ("description", "For", lambda row: row.line.description),
            ("account_id", "Account id", lambda row: row.line.account_id),
            ("account", "Account", lambda row: row.line.account.name),
            ("period_start", "From", lambda row: row.line.period_start),
            ("period_end", "First day after", lambda row: row.line.period_end),
            ("quantity", "Quantity", lambda row: row.line.quantity),
            ("unit_amount", "Each", lambda row: row.line.unit_amount),
            ("net", "Before tax", lambda row: row.line.net),
            ("reason", "Why this amount", lambda row: row.reason),
            ("tax", "Tax", lambda row: row.line.tax),
            ("total", "Total", lambda row: row.line.total),
            ("disputed", "Disputed", lambda row: row.dispute is not None),
        ),
    )


def ageing_table(rows: Iterable[tuple[Any, Aged]]) -> Table:
    """Return who owes what by how late it is, as a file."""
    return table_of(
        "ageing",
        rows,
        (
            ("account_id", "Account id", lambda row: row[1].account_id),
            ("account", "Account", lambda row: row[0]),
            ("currency", "Currency", lambda row: row[1].currency),
            *((name, label, lambda row, name=name: getattr(row[1], name)) for name, label in BUCKETS.items()),
            ("unallocated", "Paid ahead", lambda row: row[1].unallocated),
            ("balance", "Balance", lambda row: row[1].balance),
            ("disputed", "Disputed", lambda row: row[1].disputed),
        ),
    )


@dataclass(frozen=True, slots=True)
class CauseRow:
    """How many invoices of a year were wrong for one cause; ``key`` is ``none`` where nobody named one."""

    key: str
    label: str
    count: int
    is_fault: bool


def causes_of_year(day: date) -> list[CauseRow]:
    """Return the corrections of the 365 days up to ``day`` by cause, the most frequent first; one query."""
    found = find_corrections(day, year_until(day)).order_by()
    counts = dict(found.values_list("root_cause").annotate(count=Count("pk")))
    labels = {**dict(RootCause.choices), "": "Not named yet"}
    rows = [
        CauseRow(cause or "none", labels[cause], count, cause != RootCause.GOODWILL)
        for cause, count in counts.items()
    ]
    return sorted(rows, key=lambda row: (row.key != "none", -row.count, row.label))


@dataclass(frozen=True, slots=True)
class Year:
    """Invoices of a year, those of them that were wrong, and what else was found to be wrong in it."""

    issued: int
    wrong: int
    corrections: int
    of_older: int


def count_year(day: date) -> Year:
    """Return what invoice accuracy of a day is made of, and how it goes with the corrections found; three queries."""
    since = year_until(day)
    issued = Invoice.objects.counted_between(since, day)
    found = find_corrections(day, since).order_by()
    counts = found.aggregate(all=Count("pk"), older=Count("pk", filter=Q(invoice__issued_on__lte=since)))
    return Year(issued.count(), issued.wrong_by(day).count(), counts["all"], counts["older"])


def corrections_table(rows: Iterable[Any]) -> Table:
    """Return corrections as a file."""
    return table_of(
        "corrections",
        rows,
        (
            ("account_id", "Account id", lambda row: row.invoice.account_id),
            ("account", "Account", lambda row: row.invoice.account.name),
            ("invoice_id", "Invoice id", lambda row: row.invoice_id),
            ("invoice", "Invoice", lambda row: row.invoice.number),
            ("kind", "Corrected by", lambda row: row.kind),
            ("credit_note", "Credit note", lambda row: row.credit_note.number if row.credit_note else ""),
            ("before", "Total before", lambda row: row.total_before),
            ("after", "Total after", lambda row: row.total_after),
            ("currency", "Currency", lambda row: row.invoice.currency),
            ("root_cause", "Cause", lambda row: row.root_cause),
            ("note", "Note", lambda row: row.note),
            ("found_on", "On", lambda row: row.found_on),
        ),
    )


def sums_by_currency(rows: Iterable[Aged]) -> list[Aged]:
    """Return the sums of ageing by currency, as rows of no account."""
    found: dict[str, list[Aged]] = {}
    for row in rows:
        found.setdefault(row.currency, []).append(row)
    names = (*BUCKETS, "unallocated", "disputed")
    return [
        Aged(
            account_id=0,
            currency=currency,
            days_late=None,
            **{name: sum((getattr(row, name) for row in own), Decimal(0)) for name in names},
        )
        for currency, own in sorted(found.items())
    ]
