"""What may be asked for: overdue open amounts by account and currency, less what was paid, disputed or promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db.models import Sum

from finance.invoices.ageing import open_items
from finance.models import Allocation, CollectionHold, Invoice, Payment, PaymentPromise
from metrics.statements import load

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Owed:
    """One overdue invoice: what is open of it, how much of that is disputed, and why it is held, if it is."""

    invoice_id: int
    number: str
    account_id: int
    currency: str
    due_on: date
    open: Decimal
    disputed: Decimal = ZERO
    hold: str = ""

    @property
    def rest(self) -> Decimal:
        """What may be asked for."""
        return ZERO if self.hold else max(self.open - self.disputed, ZERO)


@dataclass(frozen=True, slots=True)
class Promised:
    """An open promise with what was paid since it was made."""

    promise: PaymentPromise
    paid: Decimal

    @property
    def left(self) -> Decimal:
        """What is still to be paid of it."""
        return max(self.promise.amount - self.paid, ZERO)


@dataclass(frozen=True, slots=True)
class Claim:
    """What an account owes in one currency on a day, the oldest invoice first.

    ``unallocated`` is what it paid, or was credited, that settles no invoice yet.
    """

    account_id: int
    currency: str
    day: date
    invoices: Sequence[Owed]
    promise: Promised | None = None
    account_hold: CollectionHold | None = None
    unallocated: Decimal = ZERO

    @property
    def overdue(self) -> Decimal:
        """Everything that is overdue, whatever stands in the way."""
        return sum((each.open for each in self.invoices), ZERO)

    @property
    def disputed(self) -> Decimal:
        """What of it is disputed."""
        return sum((min(each.disputed, each.open) for each in self.invoices), ZERO)

    @property
    def held(self) -> Decimal:
        """What of it is held, disputes aside."""
        return sum((max(each.open - each.disputed, ZERO) for each in self.invoices if each.hold), ZERO)

    @property
    def paid(self) -> Decimal:
        """What of the rest was paid or credited, though it settles no invoice yet."""
        return min(self.unallocated, sum((each.rest for each in self.invoices), ZERO))

    @property
    def promised(self) -> Decimal:
        """What of the rest a promise covers, beside what was paid."""
        free = sum((each.rest for each in self.invoices), ZERO) - self.paid
        return min(self.promise.left, free) if self.promise else ZERO

    @property
    def promisable(self) -> Decimal:
        """What a promise may still be about: all but what is disputed and what was paid already."""
        return max(self.overdue - self.disputed - self.paid, ZERO)

    @property
    def asked_for(self) -> list[tuple[Owed, Decimal]]:
        """The invoices that may be asked for, each with how much; money and promises cover the oldest first."""
        covered, found = self.paid + self.promised, []
        for each in self.invoices:
            taken = min(covered, each.rest)
            covered -= taken
            if each.rest > taken:
                found.append((each, each.rest - taken))
        return found

    @property
    def rest(self) -> Decimal:
        """How much may be asked for."""
        return sum((amount for _, amount in self.asked_for), ZERO)

    @property
    def oldest_due(self) -> date | None:
        """When the oldest invoice was due that may be asked for."""
        found = self.asked_for
        return found[0][0].due_on if found else None

    @property
    def days_overdue(self) -> int:
        """How many days the oldest of them is overdue; of all where none may be asked for."""
        oldest = self.oldest_due or min(each.due_on for each in self.invoices)
        return (self.day - oldest).days

    def snapshot(self) -> list[dict[str, Any]]:
        """Return what a message keeps of what it asks for."""
        return [
            {
                "invoice": each.invoice_id,
                "number": each.number,
                "due_on": f"{each.due_on}",
                "amount": f"{amount}",
            }
            for each, amount in self.asked_for
        ]


def payable(amount: Decimal) -> Decimal:
    """Return what of an amount can be paid: whole cents, never more than it."""
    return amount.quantize(Decimal("0.01"), ROUND_DOWN)


def claims_on(day: date, accounts: Collection[int] | None = None) -> list[Claim]:
    """Return what every account (or some) owes that is overdue on a day; six queries.

    Open amounts are as of that day by the days of payments; disputes and holds as they were known then.
    """
    owed = _owed(day, accounts)
    if not owed:
        return []
    by_key: dict[tuple[int, str], list[Owed]] = defaultdict(list)
    for each in owed:
        by_key[each.account_id, each.currency].append(each)
    keys = {account for account, _ in by_key}
    holds = CollectionHold.objects.running_on(day).filter(account_id__in=keys)
    by_account = {hold.account_id: hold for hold in holds if hold.invoice_id is None}
    by_invoice = {hold.invoice_id: hold for hold in holds if hold.invoice_id is not None}
    promises = {
        (each.promise.account_id, each.promise.currency): each
        for each in promised_of(list(PaymentPromise.objects.open().filter(account_id__in=keys)), day)
    }
    unallocated = unallocated_on(day, None if accounts is None else keys)
    return [
        Claim(
            account,
            currency,
            day,
            tuple(_with_holds(rows, by_account.get(account), by_invoice)),
            promises.get((account, currency)),
            by_account.get(account),
            unallocated.get((account, currency), ZERO),
        )
        for (account, currency), rows in sorted(by_key.items())
    ]


def unallocated_on(day: date, accounts: Collection[int] | None = None) -> dict[tuple[int, str], Decimal]:
    """Return what accounts paid or were credited by a day that settles no invoice yet, by currency; two queries.

    Of all accounts by default.

    A refund counts against it. Nobody is asked for what came already, whoever has still to say for which invoice.
    """
    paid: Any = Payment.objects.paid_by(day).with_unallocated(day)
    notes: Any = Invoice.objects.credited().issued_by(day).with_open(day)
    if accounts is None:
        paid = paid.unsettling_on(day)
    else:
        paid, notes = (rows.filter(account_id__in=accounts) for rows in (paid, notes))
    paid = paid.exclude(unallocated=0).order_by().values_list("account_id", "currency")
    notes = notes.filter(open_amount__gt=0).order_by().values_list("account_id", "currency")
    found: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for rows in (paid.annotate(sum=Sum("unallocated")), notes.annotate(sum=Sum("open_amount"))):
        for account, currency, amount in rows:
            found[account, currency] += amount
    return {key: amount for key, amount in found.items() if amount > 0}


def promised_of(rows: Sequence[PaymentPromise], day: date) -> list[Promised]:
    """Return promises with what was paid since they were made; one query."""
    if not rows:
        return []
    settled = _settled({each.account_id for each in rows}, min(each.made_on for each in rows), day)
    return [Promised(each, _paid(each, settled.get((each.account_id, each.currency), ()))) for each in rows]


Settled = tuple[date, datetime, Decimal]


def _settled(
    accounts: Collection[int], first: date, last: date
) -> Mapping[tuple[int, str], Sequence[Settled]]:
    """Return what settled invoices by account and currency: on which day, noted when, how much; one query."""
    rows: Any = Allocation.objects.live().filter(invoice__account_id__in=accounts, on__range=(first, last))
    found: dict[tuple[int, str], list[Settled]] = defaultdict(list)
    for row in rows.values_list("invoice__account_id", "invoice__currency", "on", "at", "amount"):
        found[row[0], row[1]].append(row[2:])
    return found


def _paid(promise: PaymentPromise, settled: Sequence[Settled]) -> Decimal:
    """Return what came for a promise: dated by its day, and noted after it was made."""
    came = (
        amount
        for on, at, amount in settled
        if promise.made_on <= on <= promise.due_on and at >= promise.recorded_at
    )
    return sum(came, ZERO)


def _owed(day: date, accounts: Collection[int] | None) -> list[Owed]:
    only = None if accounts is None else list(accounts)
    statement = load("finance", "invoices/owed", items=open_items(day), day=day, accounts=only)
    return [Owed(*row) for row in statement.fetch()]


def _with_holds(
    rows: Iterable[Owed], account: CollectionHold | None, by_invoice: Mapping[int, CollectionHold]
) -> Iterable[Owed]:
    for each in rows:
        hold = account or by_invoice.get(each.invoice_id)
        yield replace(each, hold=hold.reason) if hold else each
