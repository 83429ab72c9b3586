"""What is open as of a day, by how late it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal

from common.periods import end_of
from finance.invoices.querysets import due_of
from metrics.statements import Statement, load

BUCKETS = {
    "current": "Not due yet",
    "to_30": "1 to 30 days",
    "to_60": "31 to 60 days",
    "to_90": "61 to 90 days",
    "over_90": "Over 90 days",
}


@dataclass(frozen=True, slots=True)
class Aged:
    """What an account owes in one currency; the buckets and ``unallocated`` (negative: paid ahead) make the balance.

    ``disputed`` is part of the buckets. ``days_late`` is of the oldest open invoice, None where nothing is open.
    """

    account_id: int
    currency: str
    current: Decimal
    to_30: Decimal
    to_60: Decimal
    to_90: Decimal
    over_90: Decimal
    unallocated: Decimal
    disputed: Decimal
    days_late: int | None

    @property
    def open(self) -> Decimal:
        """What is open of invoices."""
        return sum((getattr(self, name) for name in BUCKETS), Decimal(0))

    @property
    def balance(self) -> Decimal:
        """What the account owes, less what it paid ahead."""
        return self.open + self.unallocated


def ageing(as_of: date, accounts: Sequence[int] | None = None) -> list[Aged]:
    """Return what each account owes in each currency as of a day, of all accounts by default; one query.

    Accounts that owe nothing and paid nothing ahead are left out.
    """
    statement = load(
        "finance",
        "invoices/ageing",
        items=open_items(as_of),
        day=as_of,
        accounts=None if accounts is None else list(accounts),
    )
    width = len(fields(Aged))
    return [Aged(*row[:width]) for row in statement.fetch()]


def due_day() -> Statement:
    """Return when the ``invoice`` of the statement around it falls due."""
    return due_of(due_on="invoice.due_on", issued_on="invoice.issued_on", account_id="invoice.account_id")


def open_items(as_of: date) -> Statement:
    """Return ``(id, account_id, currency, open, due_on, disputed)`` of invoices with something open as of a day."""
    return load(
        "finance",
        "invoices/open_items",
        day=as_of,
        after=end_of(as_of),
        due=due_day(),
    )


def year_until(as_of: date) -> date:
    """Return the last day before the year that ends with ``as_of``."""
    return as_of - timedelta(days=365)
