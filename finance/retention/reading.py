"""Movements as a definition asks for them: of windows at their two ends, or added up month by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from finance.retention.definitions import Choice
from finance.revenue.movements import Dimension, Movement, list_accounts, placed_over, sum_by_member
from finance.revenue.positions import place
from finance.revenue.windows import Window, as_published, left_out_of, monthly_windows, positions_over
from metrics.statements import Statement, load


def read_segments(
    choice: Choice, windows: Sequence[Window], dimension: Dimension, *, rates_day: date
) -> list[Movement]:
    """Return the movements of windows by member; of flows added up month by month. One query, and one for closes.

    Flows as published take a query for each window, since each is told as of another time.
    """
    return [
        moved
        for placed in placed_by(choice, windows, rates_day=rates_day)
        for moved in sum_by_member(placed, dimension)
    ]


def read_accounts(
    choice: Choice, windows: Sequence[Window], dimension: Dimension, member: str, *, rates_day: date
) -> list[Movement]:
    """Return what ``read_segments`` adds up for one member, account by account."""
    return [
        moved
        for placed in placed_by(choice, windows, rates_day=rates_day)
        for moved in list_accounts(placed, dimension, member)
    ]


def read_path(
    accounts: Sequence[int],
    window: Window,
    *,
    rates_day: date,
    constant_currency: bool = True,
    known_at: datetime | None = None,
) -> dict[int, list[Movement]]:
    """Return the months of some accounts within a window, by account, the oldest first; one query."""
    months = [replace(each, known_at=known_at) for each in _months_of([window])]
    placed = placed_over(months, accounts=accounts, rates_day=rates_day, constant_currency=constant_currency)
    found: dict[int, list[Movement]] = defaultdict(list)
    for moved in list_accounts(placed, "all", ""):
        if moved.account_id is not None:
            found[moved.account_id].append(moved)
    return found


def read_left_out(choice: Choice, windows: Sequence[Window], *, rates_day: date) -> list[tuple[str, int]]:
    """Return the currencies without a rate that keep accounts out of windows, and how many; one query.

    ``windows`` are those of one figure; flows need a rate in each of their months.
    """
    known = as_published(windows) if choice.is_published else list(windows)
    if choice.definition.is_flow:
        known = [replace(month, known_at=each.known_at) for each in known for month in _months_of([each])]
    found = left_out_of(known, rates_day=rates_day, constant_currency=choice.constant_currency)
    return [(currency, len(accounts)) for currency, accounts in found.items()]


def placed_by(choice: Choice, windows: Sequence[Window], *, rates_day: date) -> list[Statement]:
    """Return statements that together give the placed movements of all windows, once each."""
    if not windows:
        return []
    known = as_published(windows) if choice.is_published else list(windows)
    if not choice.definition.is_flow:
        return [placed_over(known, rates_day=rates_day, constant_currency=choice.constant_currency)]
    groups: dict[datetime | None, list[Window]] = defaultdict(list)
    for window in known:
        groups[window.known_at].append(window)
    return [
        _flows(group, at, rates_day, constant_currency=choice.constant_currency)
        for at, group in groups.items()
    ]


def _flows(
    windows: Sequence[Window], known_at: datetime | None, rates_day: date, *, constant_currency: bool
) -> Statement:
    months = [replace(each, known_at=known_at) for each in _months_of(windows)]
    positions = positions_over(months, rates_day=rates_day, constant_currency=constant_currency)
    flows = load(
        "finance",
        "flows",
        months=load("finance", "movements", positions=positions),
        starts=[each.start for each in windows],
        ends=[each.end for each in windows],
    )
    return place(flows)


def _months_of(windows: Sequence[Window]) -> list[Window]:
    """Return the months that make up windows, the last one cut where they end."""
    first = min(each.start for each in windows)
    last = max(each.end for each in windows)
    return monthly_windows(_month_after(first), last, until=last)


def _month_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1).replace(day=1)
