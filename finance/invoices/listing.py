"""Invoices and payments as lists: what the address asks for, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import QueryDict

from common.export import Table, table_of
from common.params import read_choice, read_key, read_text
from finance.models import Invoice, InvoiceCorrection, Payment

INVOICES = {
    "open": "Open",
    "overdue": "Overdue",
    "disputed": "Disputed",
    "paid": "Paid",
    "drafts": "Drafts",
    "credit_notes": "Credit notes",
    "all": "All",
}
PAYMENTS = {"unallocated": "To allocate", "all": "All"}
INVOICE_ORDERS: dict[str, tuple[str, ...]] = {
    "due": ("falls_due_on", "pk"),
    "-due": ("-falls_due_on", "-pk"),
    "issued": ("issued_on", "pk"),
    "-issued": ("-issued_on", "-pk"),
    "total": ("total", "pk"),
    "-total": ("-total", "-pk"),
    "open": ("open_amount", "pk"),
    "-open": ("-open_amount", "-pk"),
}
PAYMENT_ORDERS: dict[str, tuple[str, ...]] = {"paid": ("paid_on", "pk"), "-paid": ("-paid_on", "-pk")}
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Search:
    """What a list is asked for; anything unknown in the address falls back to the default."""

    show: str
    text: str
    sort: str
    account: int

    @classmethod
    def from_params(
        cls, params: QueryDict, shows: dict[str, str], orders: dict[str, Any], sort: str
    ) -> Search:
        """Read the address."""
        return cls(
            show=read_choice(params, "show", shows, next(iter(shows))),
            text=read_text(params),
            sort=read_choice(params, "sort", orders, sort),
            account=read_key(params.get("account", "")),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing because of what was asked."""
        return bool(self.text or self.account)


def invoice_search(params: QueryDict) -> Search:
    """Read which invoices the address asks for: those that are open, the longest due first, unless it says else."""
    show = params.get("show", "open")
    sort = "due" if show in ("open", "overdue", "disputed", "") or show not in INVOICES else "-issued"
    return Search.from_params(params, INVOICES, INVOICE_ORDERS, sort)


def find_invoices(search: Search, day: date) -> QuerySet[Any, Any]:
    """Return the invoices asked for as of a day, with what is open of them, unordered."""
    found: Any = Invoice.objects.filter(deleted_at=None, account__deleted_at=None).select_related("account")
    found = found.with_open(day)
    if search.show == "drafts":
        found = found.filter(status="draft")
    elif search.show == "credit_notes":
        found = found.filter(kind="credit_note")
    elif search.show == "paid":
        found = found.filter(kind="invoice", status="issued", issued_on__lte=day, open_amount=0)
    elif search.show != "all":
        found = found.filter(kind="invoice", open_amount__gt=0)
        if not search.account:
            found = found.unsettled_on(day)
        if search.show == "overdue":
            found = found.filter(falls_due_on__lt=day, open_amount__gt=F("disputed"))
        elif search.show == "disputed":
            found = found.filter(disputed__gt=0)
    if search.account:
        found = found.filter(account=search.account)
    if search.text:
        found = found.filter(
            Q(number__icontains=search.text)
            | Q(account__name__icontains=search.text)
            | Q(purchase_order__icontains=search.text)
        )
    return found  # type: ignore[no-any-return]


def state_of(invoice: Any, day: date) -> tuple[str, str]:
    """Return in words how an invoice from ``with_open`` stands on a day, and the tone of that."""
    if invoice.deleted_at:
        # Drafts are only made here: what takes them back is that they were thrown away, or a contract that changed.
        is_draft = invoice.status == Invoice.Status.DRAFT
        return ("Taken back", "neutral") if is_draft else ("Deleted at the source", "amber")
    if invoice.status != Invoice.Status.ISSUED:
        return invoice.get_status_display(), "neutral"
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return ("Not used up", "accent") if invoice.open_amount else ("Used up", "neutral")
    if invoice.issued_on > day:
        return "Not issued yet", "neutral"
    if not invoice.open_amount:
        return "Paid", "green"
    if invoice.open_amount <= invoice.disputed:
        return "Disputed", "amber"
    late = (day - invoice.falls_due_on).days
    if late > 0:
        return f"{late} {'day' if late == 1 else 'days'} overdue", "red"
    return ("Partly paid", "accent") if invoice.settled else ("Open", "accent")


def invoices_table(search: Search, day: date) -> Table:
    """Return what the list shows, all pages of it."""
    found = find_invoices(search, day).order_by(*INVOICE_ORDERS[search.sort])
    return table_of(
        "invoices",
        found.iterator(chunk_size=CHUNK),
        (
            ("account_id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.account.name),
            ("invoice_id", "Invoice id", lambda row: row.pk),
            ("number", "Number", lambda row: row.number),
            ("kind", "Kind", lambda row: row.kind),
            ("status", "Status", lambda row: row.status),
            ("state", "State", lambda row: state_of(row, day)[0]),
            ("issued_on", "Issued", lambda row: row.issued_on),
            ("due_on", "Due", lambda row: row.falls_due_on),
            ("net", "Net", lambda row: row.net),
            ("tax", "Tax", lambda row: row.tax),
            ("total", "Total", lambda row: row.total),
            ("open", "Open", lambda row: row.open_amount),
            ("disputed", "Disputed", lambda row: row.disputed),
            ("currency", "Currency", lambda row: row.currency),
            ("purchase_order", "Purchase order", lambda row: row.purchase_order),
        ),
    )


def payment_search(params: QueryDict) -> Search:
    """Read which payments the address asks for: those that settle nothing yet, the oldest first, by default."""
    sort = "-paid" if params.get("show") == "all" else "paid"
    return Search.from_params(params, PAYMENTS, PAYMENT_ORDERS, sort)


def find_payments(search: Search, day: date) -> QuerySet[Any, Any]:
    """Return the payments asked for that came by a day, with what of them settles nothing, unordered."""
    found: Any = Payment.objects.paid_by(day).filter(account__deleted_at=None)
    found = found.with_unallocated(day).select_related("account", "invoice")
    if search.show == "unallocated":
        found = found.exclude(unallocated=0)
    if search.account:
        found = found.filter(account=search.account)
    if search.text:
        found = found.filter(
            Q(reference__icontains=search.text)
            | Q(account__name__icontains=search.text)
            | Q(invoice__number__icontains=search.text)
        )
    return found  # type: ignore[no-any-return]


def payments_table(search: Search, day: date) -> Table:
    """Return what the list shows, all pages of it."""
    found = find_payments(search, day).order_by(*PAYMENT_ORDERS[search.sort])
    return table_of(
        "payments",
        found.iterator(chunk_size=CHUNK),
        (
            ("account_id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.account.name),
            ("payment_id", "Payment id", lambda row: row.pk),
            ("reference", "Reference", lambda row: row.reference),
            ("paid_on", "Paid on", lambda row: row.paid_on),
            ("amount", "Amount", lambda row: row.amount),
            ("unallocated", "Settles nothing yet", lambda row: row.unallocated),
            ("currency", "Currency", lambda row: row.currency),
            ("invoice", "Invoice named", lambda row: row.invoice.number if row.invoice else ""),
        ),
    )


def find_corrections(day: date, since: date, cause: str = "") -> QuerySet[Any, Any]:
    """Return the corrections found in a stretch of days, of one cause (``none``: not named yet) or of all."""
    found: QuerySet[Any, Any] = InvoiceCorrection.objects.filter(
        found_on__gt=since, found_on__lte=day, invoice__deleted_at=None, invoice__account__deleted_at=None
    ).select_related("invoice__account", "credit_note", "named_by")
    if cause:
        found = found.filter(root_cause="" if cause == "none" else cause)
    return found
