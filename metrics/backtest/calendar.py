"""Which month-ends a backtest looks at, and which later day tells what came of each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from metrics.health.score import REVENUE
from metrics.statements import load

# Numbers may be kept of month-ends only, and no month-end lies further from the end of a window than this.
TOLERANCE = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One month-end: ``next_on`` is the next that numbers are kept of, ``ends`` the day that closes each window.

    None stands for a window that isn't over, or that no stored day closes: what came of it isn't known.
    """

    as_of: date
    next_on: date | None
    ends: tuple[date | None, ...]


def stored_days(first: date, last: date) -> list[date]:
    """Return the days of a range of which revenue is stored, in order; one query."""
    return [row[0] for row in load("metrics", "backtest_days", first=first, last=last, key=REVENUE).fetch()]


def is_month_end(day: date) -> bool:
    """Return whether a month ends with the day."""
    return (day + timedelta(days=1)).day == 1


def looks(days: Sequence[date], first: date, last: date, windows: Sequence[int]) -> list[Look]:
    """Return the month-ends from ``first`` to ``last`` among the stored ``days``, which hold nothing too new."""
    month_ends = [day for day in days if is_month_end(day)]
    found = []
    for place, day in enumerate(month_ends):
        if first <= day <= last:
            following = month_ends[place + 1] if place + 1 < len(month_ends) else None
            ends = tuple(_closing(days, day + timedelta(days=window)) for window in windows)
            found.append(Look(as_of=day, next_on=following, ends=ends))
    return found


def _closing(days: Sequence[date], end: date) -> date | None:
    """Return the first stored day from the end of a window on, else the last before it, within a week.

    None where the window isn't over by the newest of the days: who is lost on its last days isn't known yet.
    """
    if not days or days[-1] < end:
        return None
    after = bisect_left(days, end)
    if after < len(days) and days[after] - end <= TOLERANCE:
        return days[after]
    before = bisect_right(days, end) - 1
    return days[before] if before >= 0 and end - days[before] <= TOLERANCE else None
