"""Statements: what an account owed, was billed and paid between two days, and what divisions contribute to invoices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, QuerySet, Sum, When

from accounts.models import Account
from common.export import Table, table_of
from finance.models import Allocation, Invoice, InvoiceLine, Payment

ISSUED = Invoice.Status.ISSUED
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that raised (``charged``) or lowered (``settled``) what is owed; ``balance`` is what it was then."""

    on: date
    what: str
    reference: str
    invoice: int | None
    payment: int | None
    charged: Decimal
    settled: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An invoice of which something is to be paid."""

    invoice: Any
    due_on: date
    total: Decimal
    open: Decimal
    is_overdue: bool


@dataclass(slots=True)
class Balance:
    """An account's balance in one currency from one day to another."""

    currency: str
    opening: Decimal = ZERO
    movements: list[Movement] = field(default_factory=list)
    items: list[OpenItem] = field(default_factory=list)
    unallocated: Decimal = ZERO

    @property
    def charged(self) -> Decimal:
        """What was billed."""
        return sum((one.charged for one in self.movements), ZERO)

    @property
    def settled(self) -> Decimal:
        """What was credited and paid."""
        return sum((one.settled for one in self.movements), ZERO)

    @property
    def closing(self) -> Decimal:
        """What is owed at the end: below zero where the account has paid ahead."""
        return self.opening + self.charged - self.settled

    @property
    def open(self) -> Decimal:
        """What of all invoices is to be paid."""
        return sum((one.open for one in self.items), ZERO)

    @property
    def reconciles(self) -> bool:
        """Whether the closing balance is what is open but for money that settles nothing yet."""
        return self.closing == self.open - self.unallocated


@dataclass(frozen=True, slots=True)
class Share:
    """What one division contributes to the payer's invoices in one currency; credit notes take off."""

    account: Account
    currency: str
    invoices: int
    net: Decimal
    tax: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Shares:
    """What the divisions contribute in one currency, and what the invoices themselves come to."""

    currency: str
    divisions: Sequence[Share]
    net: Decimal
    tax: Decimal
    total: Decimal

    @property
    def reconciles(self) -> bool:
        """Whether the divisions add up to the invoices."""
        return (self.net, self.tax, self.total) == tuple(
            sum((getattr(share, name) for share in self.divisions), ZERO) for name in ("net", "tax", "total")
        )


def balances(account: Account, start: date, end: date) -> list[Balance]:
    """Return an account's balance from one day to another, both included, by currency; seven queries.

    Voided and written-off invoices ask for nothing. What was paid for one that was written off afterwards is kept, so
    that much of it stands on the statement, as it does in the balance of ``finance.invoices.ageing``.
    """
    found: dict[str, Balance] = {}

    def of(currency: str) -> Balance:
        return found.setdefault(currency, Balance(currency))

    invoices = Invoice.objects.filter(account=account, status=ISSUED, deleted_at=None, issued_on__lte=end)
    payments = Payment.objects.filter(account=account, deleted_at=None, paid_on__lte=end)
    happened: dict[str, list[tuple[date, int, int, Any]]] = defaultdict(list)
    signed = Case(When(kind=Invoice.Kind.CREDIT_NOTE, then=-F("total")), default=F("total"))
    before = invoices.filter(issued_on__lt=start).order_by().values_list("currency").annotate(sum=Sum(signed))
    for currency, total in before:
        of(currency).opening += total
    paid = payments.filter(paid_on__lt=start).order_by().values_list("currency").annotate(sum=Sum("amount"))
    for currency, total in paid:
        of(currency).opening -= total
    kept: QuerySet[Any, Any] = Allocation.objects.counting_on(end).filter(
        invoice__account=account, invoice__status=Invoice.Status.UNCOLLECTIBLE, invoice__deleted_at=None
    )
    for currency, total in (
        kept.filter(on__lt=start).order_by().values_list("invoice__currency").annotate(sum=Sum("amount"))
    ):
        of(currency).opening += total
    for allocation in kept.filter(on__gte=start).select_related("invoice"):
        happened[allocation.invoice.currency].append((allocation.on, 2, allocation.pk, allocation))
    for invoice in invoices.filter(issued_on__gte=start).with_open(end):
        happened[invoice.currency].append((invoice.issued_on, 0, invoice.pk, invoice))
    for payment in payments.filter(paid_on__gte=start):
        happened[payment.currency].append((payment.paid_on, 1, payment.pk, payment))
    for currency, entries in happened.items():
        held = of(currency)
        running = held.opening
        for on, _, _, entry in sorted(entries, key=lambda one: one[:3]):
            move = _movement(on, entry, running)
            running = move.balance
            held.movements.append(move)
    _add_open(account, end, of)
    return [found[currency] for currency in sorted(found)]


def shares_of(payer: Account, start: date, end: date) -> list[Shares]:
    """Return what each division contributes to the invoices that a payer was sent between two days; two queries."""
    invoices = Invoice.objects.filter(
        account=payer, status=ISSUED, deleted_at=None, issued_on__range=(start, end)
    )
    totals: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * 3)
    for kind, currency, *values in invoices.values_list("kind", "currency", "net", "tax", "total"):
        sign = -1 if kind == Invoice.Kind.CREDIT_NOTE else 1
        totals[currency] = [held + sign * value for held, value in zip(totals[currency], values, strict=True)]
    lines = InvoiceLine.objects.filter(invoice__in=invoices, is_current=True)
    sums: dict[tuple[str, int], list[Any]] = {}
    for line in lines.select_related("account", "invoice").order_by("account__name", "account_id"):
        sign = -1 if line.invoice.kind == Invoice.Kind.CREDIT_NOTE else 1
        held = sums.setdefault(
            (line.invoice.currency, line.account_id), [line.account, set(), ZERO, ZERO, ZERO]
        )
        held[1].add(line.invoice_id)
        for place, value in enumerate((line.net, line.tax, line.total), start=2):
            held[place] += sign * value
    return [
        Shares(
            currency,
            [
                Share(account, currency, len(invoices), *values)
                for (theirs, _), (account, invoices, *values) in sums.items()
                if theirs == currency
            ],
            *totals[currency],
        )
        for currency in sorted(totals)
    ]


def movements_table(held: Sequence[Balance], start: date, end: date) -> Table:
    """Return all movements for a file, with the balance at the beginning and at the end of each currency."""
    rows: list[tuple[str, Any, str, str, Any, Any, Decimal]] = []
    for one in held:
        rows.append((one.currency, start, "Opening balance", "", None, None, one.opening))
        rows += [
            (
                one.currency,
                move.on,
                move.what,
                move.reference,
                move.charged or None,
                move.settled or None,
                move.balance,
            )
            for move in one.movements
        ]
        rows.append((one.currency, end, "Closing balance", "", None, None, one.closing))
    names = ("currency", "on", "what", "reference", "charged", "settled", "balance")
    labels = ("Currency", "Day", "What", "Reference", "Charged", "Settled", "Balance")
    return table_of(
        "statement",
        rows,
        [(name, label, _cell(place)) for place, (name, label) in enumerate(zip(names, labels, strict=True))],
    )


def open_table(held: Sequence[Balance]) -> Table:
    """Return the open invoices for a file."""
    rows = [(one, item) for one in held for item in one.items]
    return table_of(
        "open-items",
        rows,
        (
            ("number", "Invoice", lambda row: row[1].invoice.number),
            ("issued_on", "Issued", lambda row: row[1].invoice.issued_on),
            ("due_on", "Due", lambda row: row[1].due_on),
            ("overdue", "Overdue", lambda row: row[1].is_overdue),
            ("currency", "Currency", lambda row: row[0].currency),
            ("total", "Total", lambda row: row[1].total),
            ("open", "Open", lambda row: row[1].open),
        ),
    )


def shares_table(held: Sequence[Shares]) -> Table:
    """Return what divisions contribute for a file."""
    return table_of(
        "divisions",
        [share for one in held for share in one.divisions],
        (
            ("account_id", "Account id", lambda share: share.account.pk),
            ("account", "Division", lambda share: share.account.name),
            ("currency", "Currency", lambda share: share.currency),
            ("invoices", "Invoices", lambda share: share.invoices),
            ("net", "Before tax", lambda share: share.net),
            ("tax", "Tax", lambda share: share.tax),
            ("total", "Total", lambda share: share.total),
        ),
    )


def _cell(place: int) -> Any:
    return lambda row: row[place]


def _movement(on: date, entry: Any, running: Decimal) -> Movement:
    if isinstance(entry, Allocation):
        charged, settled = max(entry.amount, ZERO), max(-entry.amount, ZERO)
        what, invoice = "Written-off invoice, as far as it was settled", entry.invoice
        return Movement(
            on, what, invoice.number, invoice.pk, None, charged, settled, running + charged - settled
        )
    if isinstance(entry, Payment):
        what = "Payment" if entry.amount > 0 else "Refund"
        charged, settled = max(-entry.amount, ZERO), max(entry.amount, ZERO)
        return Movement(
            on, what, entry.reference, None, entry.pk, charged, settled, running + charged - settled
        )
    is_credit = entry.kind == Invoice.Kind.CREDIT_NOTE
    charged, settled = (ZERO, entry.total) if is_credit else (entry.total, ZERO)
    what = entry.get_kind_display()
    return Movement(on, what, entry.number, entry.pk, None, charged, settled, running + charged - settled)


def _add_open(account: Account, end: date, of: Any) -> None:
    items: QuerySet[Any, Any] = Invoice.objects.filter(account=account).open_on(end)
    for item in items.order_by("falls_due_on", "pk"):
        due: date = item.falls_due_on
        of(item.currency).items.append(OpenItem(item, due, item.total, item.open_amount, due < end))
    unused: QuerySet[Any, Any] = (
        Invoice.objects.filter(account=account).credited().issued_by(end).with_open(end)
    )
    for credit in unused.filter(open_amount__gt=0):
        of(credit.currency).unallocated += credit.open_amount
    payments: QuerySet[Any, Any] = Payment.objects.filter(account=account).paid_by(end).with_unallocated(end)
    for payment in payments.exclude(unallocated=0):
        of(payment.currency).unallocated += payment.unallocated
