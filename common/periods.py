"""Months and weeks as lists of days, for series whose gaps must show."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from common.formatting import MONTHS


def start_of(day: date) -> datetime:
    """Return the first instant of ``day``, in UTC."""
    return datetime.combine(day, time.min, UTC)


def end_of(day: date) -> datetime:
    """Return the first instant after ``day``, in UTC; of the last day there is, its last.

    What is known on a day is asked by this and never by a column's date, which follows the reader's own time zone.
    """
    return datetime.max.replace(tzinfo=UTC) if day == date.max else start_of(day + timedelta(days=1))


def month_start(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """Return the first day of the month ``count`` months later, or earlier if negative; never before year 1."""
    index = max(month.year * 12 + month.month - 1 + count, 12)
    return date(index // 12, index % 12 + 1, 1)


def months_until(day: date, count: int) -> list[date]:
    """Return the first days of the ``count`` months that end with the month of ``day``, oldest first."""
    last = month_start(day)
    return [add_months(last, offset) for offset in range(1 - count, 1)]


def weeks_until(day: date, count: int) -> list[date]:
    """Return the Mondays of the ``count`` weeks that end with the week of ``day``, oldest first."""
    last = day - timedelta(days=day.weekday())
    return [last - timedelta(weeks=back) for back in range(count - 1, -1, -1)]


def days_until(day: date, count: int) -> list[date]:
    """Return the ``count`` days that end with ``day``, oldest first."""
    return [day - timedelta(days=back) for back in range(count - 1, -1, -1)]


def month_label(month: date) -> str:
    """Return ``Nov 2026``."""
    return f"{MONTHS[month.month - 1]} {month.year}"


def day_label(day: date) -> str:
    """Return ``22 Nov``."""
    return f"{day.day} {MONTHS[day.month - 1]}"
