"""Composed statements over the ledger: recurring revenue on one day, and between two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.conf import settings

from common.formatting import format_date
from metrics.statements import Statement, compose, load

ARR = 1
MRR = 12
CHANGE_DAYS = 90
NOW = datetime(9999, 12, 31, tzinfo=UTC)  # whatever is known by now


def rates_at(
    start_days: Sequence[date], end_days: Sequence[date], known_at: Sequence[datetime | None]
) -> Statement:
    """Return ``(place, currency, start_rate, end_rate)`` of windows: what one unit is worth in the reporting
    currency on both days, as known at a time (None: now). ``place`` counts from 1.
    """
    return load(
        "finance",
        "rates",
        reporting=settings.REPORTING_CURRENCY,
        start_days=list(start_days),
        end_days=list(end_days),
        known=[at or NOW for at in known_at],
    )


def rates_on(day: date, *, known_at: datetime | None = None) -> Statement:
    """Return the same of a single day; both rates are alike."""
    return rates_at([day], [day], [known_at])


def read_rates(day: date) -> dict[str, Any]:
    """Return what one unit of each currency that has a rate is worth on ``day``; one query."""
    return {currency: rate for _, currency, _, rate in rates_on(day).fetch() if rate is not None}


def revenue_on(day: date, divisor: int = ARR, *, known_at: datetime | None = None) -> Statement:
    """Return ``(account_id, value)``: ARR on ``day`` in the reporting currency, or MRR with a divisor of 12.

    0 for accounts that had revenue before; null where the currency has no rate by then.
    """
    return load(
        "finance",
        "revenue_on",
        rates=rates_on(day, known_at=known_at),
        day=day,
        divisor=divisor,
        known=recorded_by(known_at),
    )


def positions_between(
    start: date,
    end: date,
    *,
    rates_day: date | None = None,
    constant_currency: bool = True,
    known_at: datetime | None = None,
) -> Statement:
    """Return ``(account_id, start_day, end_day, start_arr, base_arr, end_arr, had_before)`` of two days.

    In constant currency both ends are counted at the rates of ``end`` or of ``rates_day``, and ``base_arr`` equals
    ``start_arr``. Else each end counts at its own day's rates, and ``base_arr`` is the start at those of the end.
    ``had_before`` says whether there was ever revenue up to the start. ``known_at`` gives what the ledger and the
    rates knew at a time.
    """
    day = rates_day or end
    start_rates, end_rates = (day, day) if constant_currency else (start, end)
    return load(
        "finance",
        "positions",
        rates=rates_at([start_rates], [end_rates], [known_at]),
        known=recorded_by(known_at),
        start_day=start,
        end_day=end,
    )


def movements_between(
    start: date,
    end: date,
    *,
    rates_day: date | None = None,
    constant_currency: bool = True,
    known_at: datetime | None = None,
) -> Statement:
    """Return each account's start, fx, new, expansion, reactivation, contraction, churn and end, in ARR."""
    positions = positions_between(
        start, end, rates_day=rates_day, constant_currency=constant_currency, known_at=known_at
    )
    return load("finance", "movements", positions=positions)


def placed_between(
    start: date,
    end: date,
    *,
    rates_day: date | None = None,
    constant_currency: bool = True,
    known_at: datetime | None = None,
) -> Statement:
    """Return the movements with the tier, industry, country and size of each account at the start."""
    return place(
        movements_between(
            start, end, rates_day=rates_day, constant_currency=constant_currency, known_at=known_at
        )
    )


def place(movements: Statement) -> Statement:
    """Return movements with the segments that each account belonged to on their ``start_day``."""
    bands = sorted({band for band in settings.REVENUE_SIZE_BANDS if band > 1})
    return load(
        "finance", "placed", movements=movements, size_bands=bands or [1], size_labels=size_labels(bands)
    )


def size_labels(bands: Sequence[int]) -> list[str]:
    """Return the names of the sizes that ``bands`` (where each next one begins) give: 1-49, 50-249, 250+."""
    firsts = [1, *bands]
    return [
        *(f"{first}-{after - 1}" for first, after in zip(firsts, bands, strict=False)),
        f"{firsts[-1]}+",
        f"{firsts[-1]}+",
    ]


def recorded_by(known_at: datetime | None) -> Statement:
    """Return the condition on ``entry`` that the ledger knew it at a time, by default now."""
    if known_at is None:
        return Statement("true")
    return compose("entry.recorded_at <= {at}", at=known_at)


def year_before(day: date) -> date:
    """Return the same day twelve months before; 28 Feb for 29 Feb."""
    return day - relativedelta(months=12)


def month_start(day: date) -> date:
    """Return the last day of the month before: where the movements of a month begin."""
    return day.replace(day=1) - timedelta(days=1)


def month_end(month: date) -> date:
    """Return the last day of the month of ``month``."""
    return month + relativedelta(day=31)


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
        rates=rates_on(rates_day or day),
        since=since,
        day=day,
        account=account_id,
    ).fetch()
    return [(str(currency), int(count)) for currency, count in rows]


def _missing(since: date, as_of: date, first: int, last: int, outcome: str) -> str:
    rows = load(
        "finance",
        "missing_rates",
        rates=rates_on(as_of),
        since=since,
        day=as_of,
        first=first,
        last=last,
    ).fetch()
    return f"No exchange rate on or before {as_of} for {counted(rows)}: {outcome}." if rows else ""


def tell_left_out(rows: Sequence[tuple[str, int]], day: date) -> str:
    """Say in a sentence whose revenue a chart leaves out for want of a rate, nothing where there is none."""
    return f"Left out: {counted(rows)}, without an exchange rate by {format_date(day)}." if rows else ""


def counted(rows: Sequence[tuple[Any, ...]]) -> str:
    """Return currencies with the number of their accounts, as words."""
    return ", ".join(
        f"{currency} ({count} {'account' if count == 1 else 'accounts'})" for currency, count in rows
    )
