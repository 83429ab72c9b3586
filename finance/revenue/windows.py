"""Periods over which revenue is compared: months, quarters, years that end each month, each as known at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from dateutil.relativedelta import relativedelta

from finance.models import RevenueClose
from finance.revenue.positions import NOW, month_end, month_start, rates_at
from metrics.statements import Statement, compose, load


@dataclass(frozen=True, slots=True)
class Window:
    """From the end of ``start`` to the end of ``end``, as the ledger knew it at ``known_at`` (None: now)."""

    start: date
    end: date
    known_at: datetime | None = None


def monthly_windows(first: date, last: date, *, until: date | None = None) -> list[Window]:
    """Return the months of ``first`` to ``last``, none of which goes past ``until``."""
    return windows_of(first, last, months=1, until=until)


def windows_of(
    first: date, last: date, *, months: int, step: int = 1, until: date | None = None
) -> list[Window]:
    """Return windows of so many months that end with each month from ``first`` to ``last``, ``step`` apart.

    A quarter is ``months=3, step=3`` with the last month of the first quarter as ``first``; twelve months back from
    the end of each month are ``months=12``. None goes past ``until``.
    """
    found = []
    month, last = first.replace(day=1), last.replace(day=1)
    while month <= last:
        start = month_start(month - relativedelta(months=months - 1))
        if until is not None and start >= until:
            break
        found.append(Window(start, min(month_end(month), until or month_end(month))))
        month += relativedelta(months=step)
    return found


def as_published(windows: Sequence[Window]) -> list[Window]:
    """Return the windows, each as known when its last month was published; what is still open as known now."""
    published = times_of_publication(item.end for item in windows)
    return [Window(item.start, item.end, published.get(item.end.replace(day=1))) for item in windows]


def times_of_publication(days: Iterable[date]) -> dict[date, datetime]:
    """Return when the months of ``days`` were published, by their first days; those still open are missing.

    A month before the first one that was closed, which had no revenue then, was published with it.
    """
    closed = dict(RevenueClose.objects.values_list("month", "closed_at"))
    if not closed:
        return {}
    months = {day.replace(day=1) for day in days}
    first = min(closed)
    return {month: closed[max(month, first)] for month in months if max(month, first) in closed}


def positions_over(
    windows: Sequence[Window],
    *,
    rates_day: date | None = None,
    constant_currency: bool = True,
    accounts: Sequence[int] | None = None,
) -> Statement:
    """Return what ``positions_between`` does, of many windows at once.

    Windows come in the order of their starts, ends and knowledge. In constant currency all are counted at the rates
    of ``rates_day``, by default the last end. ``accounts`` limits it to these. Raises ValueError for windows in
    another order.
    """
    starts, ends = [item.start for item in windows], [item.end for item in windows]
    known = [item.known_at for item in windows]
    knowledge = [at or NOW for at in known]
    for order in (starts, ends, knowledge):
        if any(
            later < earlier for earlier, later in pairwise(order)
        ):  # their sums would run on from the wrong one
            raise ValueError("Windows come in the order of their starts, ends and knowledge.")
    late = (
        compose(
            "width_bucket(entry.recorded_at - interval '1 microsecond', {known}::timestamptz[])",
            known=knowledge,
        )
        if any(known)
        else Statement("0")
    )
    return load(
        "finance",
        "window_positions",
        rates=_rates_of(windows, rates_day, constant_currency=constant_currency),
        starts=starts,
        ends=ends,
        late=late,
        last_end=ends[-1],
        count=len(windows),
        accounts=None if accounts is None else list(accounts),
    )


def left_out_of(
    windows: Sequence[Window], *, rates_day: date | None = None, constant_currency: bool = True
) -> dict[str, list[int]]:
    """Return the accounts that ``positions_over`` leaves out of some window, by the currency that lacks a rate.

    One query, which reads the ledger only where a contract has such a currency.
    """
    if not windows:
        return {}
    rows = load(
        "finance",
        "left_out",
        rates=_rates_of(windows, rates_day, constant_currency=constant_currency),
        starts=[item.start for item in windows],
        ends=[item.end for item in windows],
        known=[item.known_at or NOW for item in windows],
    ).fetch()
    return {str(currency): list(accounts) for currency, accounts in rows}


def _rates_of(windows: Sequence[Window], rates_day: date | None, *, constant_currency: bool) -> Statement:
    """Return the rates of both ends of windows; of one day, by default the last end, in constant currency."""
    known = [item.known_at for item in windows]
    if constant_currency:
        constant = [rates_day or windows[-1].end] * len(windows)
        return rates_at(constant, constant, known)
    return rates_at([item.start for item in windows], [item.end for item in windows], known)
