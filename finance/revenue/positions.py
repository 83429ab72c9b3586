"""Composed statements over recurring revenue: on one day, and between two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.conf import settings

from common.formatting import format_date
from finance.models import ContractLine
from metrics.statements import Statement, load

ARR = 1
MRR = 12
CHANGE_DAYS = 90


def rates_on(day: date) -> Statement:
    """Return ``(currency, rate)``: what one unit is worth in the reporting currency on ``day``."""
    return load("finance", "rates", reporting=settings.REPORTING_CURRENCY, day=day)


def revenue_on(day: date, divisor: int = ARR) -> Statement:
    """Return ``(account_id, value)``: ARR on ``day`` in the reporting currency, or MRR with a divisor of 12.

    0 for accounts that had revenue before; null where the currency has no rate by then.
    """
    lines = ContractLine.objects.revenue_rows()
    return load("finance", "revenue_on", lines=lines, rates=rates_on(day), day=day, divisor=divisor)


def positions_between(start: date, end: date, *, rates_day: date | None = None) -> Statement:
    """Return ``(account_id, start_arr, end_arr, first_on)`` at the rates of ``end`` or of ``rates_day``."""
    return load(
        "finance",
        "positions",
        lines=ContractLine.objects.revenue_rows(),
        rates=rates_on(rates_day or end),
        start_day=start,
        end_day=end,
    )


def movements_between(start: date, end: date) -> Statement:
    """Return each account's start, new, expansion, reactivation, contraction, churn and end, in ARR."""
    return load("finance", "movements", positions=positions_between(start, end), start_day=start)


def placed_between(start: date, end: date) -> Statement:
    """Return the movements with the tier and the industry of each account at the start."""
    return load("finance", "placed", movements=movements_between(start, end), start_day=start)


def year_before(day: date) -> date:
    """Return the same day twelve months before; 28 Feb for 29 Feb."""
    return day - relativedelta(months=12)


def month_start(day: date) -> date:
    """Return the last day of the month before: where the movements of a month begin."""
    return day.replace(day=1) - timedelta(days=1)


def days_before(day: date, days: int) -> date:
    """Return the day ``days`` before."""
    return date.fromordinal(day.toordinal() - days)


def missing_rates(as_of: date, first: int, last: int) -> str:
    """Return a sentence about running revenue that has no value for want of a rate, or nothing."""
    return _missing(as_of, as_of, first, last, "these accounts have no value")


def missing_since_year(as_of: date, first: int, last: int) -> str:
    """Return the same of revenue on the day or twelve months before, whose accounts have no retention."""
    return _missing(year_before(as_of), as_of, first, last, "these accounts are left out")


def missing_since_quarter(as_of: date, first: int, last: int) -> str:
    """Return the same of revenue on the day or 90 days before, whose accounts have no change."""
    return _missing(days_before(as_of, CHANGE_DAYS), as_of, first, last, "these accounts are left out")


def missing_since_month(as_of: date, first: int, last: int) -> str:
    """Return the same of revenue on the day or at the start of its month, whose accounts have no movements."""
    return _missing(month_start(as_of), as_of, first, last, "these accounts are left out")


def currencies_without_rate(
    since: date, day: date, *, account_id: int | None = None, rates_day: date | None = None
) -> list[tuple[str, int]]:
    """Return each currency of revenue that ran from ``since`` to ``day`` and has no rate, and its accounts."""
    rows = load(
        "finance",
        "missing_between",
        lines=ContractLine.objects.revenue_rows(),
        rates=rates_on(rates_day or day),
        since=since,
        day=day,
        account=account_id,
    ).fetch()
    return [(str(currency), int(count)) for currency, count in rows]


def _missing(since: date, as_of: date, first: int, last: int, outcome: str) -> str:
    lines = ContractLine.objects.revenue_rows()
    rows = load(
        "finance",
        "missing_rates",
        lines=lines,
        rates=rates_on(as_of),
        since=since,
        day=as_of,
        first=first,
        last=last,
    ).fetch()
    return f"No exchange rate on or before {as_of} for {_counted(rows)}: {outcome}." if rows else ""


def tell_left_out(rows: Sequence[tuple[str, int]], day: date) -> str:
    """Say in a sentence whose revenue a chart leaves out for want of a rate, nothing where there is none."""
    return f"Left out: {_counted(rows)}, without an exchange rate by {format_date(day)}." if rows else ""


def _counted(rows: Sequence[tuple[Any, ...]]) -> str:
    return ", ".join(
        f"{currency} ({count} {'account' if count == 1 else 'accounts'})" for currency, count in rows
    )
