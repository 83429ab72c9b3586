"""Months are closed, which publishes them; what is known later restates them, by name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from finance.models import RevenueClose, RevenueEntry
from finance.revenue.ledger import follow_everything
from finance.revenue.positions import month_end, rates_on
from finance.revenue.windows import times_of_publication
from metrics.engine.plan import today
from metrics.statements import load
from people.functions import Function
from people.models import User

CLOSING = "finance.close"
RATE, LEFT_OUT, ROUNDING = "rate", "left_out", "rounding"
CAUSES = {
    **dict(RevenueEntry.Cause.choices),
    RATE: "The exchange rate was changed",
    LEFT_OUT: "The account has, or had, money in a currency without an exchange rate",
    ROUNDING: "Sums are rounded once",
}
# What of a record makes its revenue; another field that changes with it explains nothing.
TELLING = [
    "contract", "account", "currency", "start_on", "end_on", "auto_renew", "amount", "billing_period",
    "discount_percent", "is_trial", "deleted_at",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Restatement:
    """One reason why ARR of an account at the end of a closed month is not what was published.

    ``change`` is in the reporting currency, at the rates as published, None where there was none; ``change_own`` in
    the line's own, None where ``cause`` lies in rates or rounding. ``batch_id`` and ``source`` name what brought it,
    where a source did (merges and pins have none).
    """

    account_id: int
    account_name: str
    line_id: int | None
    product: str
    contract_id: int | None
    contract_number: str
    currency: str
    cause: str
    recorded_at: datetime | None
    change_own: Decimal | None
    change: Decimal | None
    batch_id: int | None
    changed_at: datetime | None
    resource: str
    source: str
    source_name: str

    @property
    def why(self) -> str:
        """The cause in words."""
        return str(CAUSES[self.cause])


@transaction.atomic
def close_months(*, until: date, by: User | None = None) -> list[date]:
    """Close every month that has ended by the day ``until`` and is still open; return them, oldest first.

    What they are published with is all that sources have sent by then: whatever waits is entered first, with nobody
    else entering meanwhile, and months are never opened again. ``by`` is whoever closes by hand, none at night.
    Raises PermissionDenied for anybody but finance and RevOps, ValidationError for a day that is not over. Locks the
    ledger alone.
    """
    if by is not None and by.function not in {Function.FINANCE, Function.REVOPS}:
        raise PermissionDenied("Closing a month is for finance and RevOps.")
    if until >= today():
        raise ValidationError(f"{until} is not over yet; a month is closed when it has ended.")
    last = (until + timedelta(days=1)).replace(day=1) - relativedelta(months=1)
    if RevenueClose.objects.filter(month__gte=last).exists():
        return []
    follow_everything(as_of=until)
    closed_at = load("finance", "closing_time").fetch()[0][0]
    rows = load(
        "finance", "close_months", last=last, closed_at=closed_at, by=by.pk if by is not None else None
    ).fetch()
    return sorted(row[0] for row in rows)


def closed_at(month: date) -> datetime | None:
    """Return when a month was published, None while it is open: what to give as ``known_at``."""
    return times_of_publication([month]).get(month.replace(day=1))


def restatements(month: date, *, account_id: int | None = None) -> list[Restatement]:
    """Return why ARR at the end of a closed month is no longer what was published; empty for an open one.

    The largest line first, rates and rounding last. Together their ``change`` is exactly what ARR at the end as known
    now differs from what was published. Three queries.
    """
    at = closed_at(month)
    if at is None:
        return []
    day = month_end(month)
    parts: dict[str, Any] = {"day": day, "closed_at": at, "account": account_id}
    published = rates_on(day, known_at=at)
    rows = load("finance", "restated_lines", rates=published, fields=TELLING, **parts).fetch_dicts()
    lines = [Restatement(**{**row, **_words(row)}) for row in rows]
    explained: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        explained[line.account_id, line.currency] += line.change or 0
    totals = load(
        "finance", "restated_accounts", rates=rates_on(day), published_rates=published, **parts
    ).fetch_dicts()
    found = {(row["account_id"], row["currency"]): row for row in totals}
    others = [
        _other(row, row["cause"], row["restated"] - row["published"] - explained.pop(key, Decimal(0)))
        for key, row in found.items()
    ]
    unmoved = {(line.account_id, line.currency): line for line in lines}
    others += [
        _other(_of_line(unmoved[key]), ROUNDING, -change) for key, change in explained.items()
    ]  # lines that make up for each other but for a cent
    return lines + [other for other in others if other.change]


def _words(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "resource": row["resource"] or "",
        "source": row["source"] or "",
        "source_name": row["source_name"] or "",
    }


def _of_line(line: Restatement) -> dict[str, Any]:
    return {"account_id": line.account_id, "account_name": line.account_name, "currency": line.currency}


def _other(row: dict[str, Any], cause: str, change: Decimal) -> Restatement:
    """Return what the lines of an account leave unexplained."""
    return Restatement(
        account_id=row["account_id"],
        account_name=row["account_name"],
        line_id=None,
        product="",
        contract_id=None,
        contract_number="",
        currency=row["currency"],
        cause=cause,
        recorded_at=None,
        change_own=None,
        change=change,
        batch_id=row.get("batch_id"),
        changed_at=row.get("changed_at"),
        resource="exchange-rates" if cause == RATE else "",
        source=row.get("source") or "",
        source_name=row.get("source_name") or "",
    )
