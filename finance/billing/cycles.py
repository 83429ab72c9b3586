"""The stretches of time that invoices are made for, and the day on which each is due to be made: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from finance.billing.proration import month_begins, month_of

SCHEDULE_MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "annual": 12}
CUSTOM = "custom"
ARREARS = "arrears"


@dataclass(frozen=True, slots=True, order=True)
class Cycle:
    """A stretch of time from ``start`` to before ``end``; its invoice is made on ``bill_on``."""

    start: date
    end: date
    bill_on: date

    @property
    def last_day(self) -> date:
        """The last day of the stretch."""
        return self.end - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """How invoices are made from ``starts_on`` to before ``ends_on`` (null: until further notice).

    ``dates`` are the days on which the stretches of a custom schedule begin, the last of them ending the last one.
    Longer stretches than a month begin in ``bill_month`` (1 to 12) and every so many months from there.
    """

    schedule: str
    starts_on: date
    ends_on: date | None = None
    bill_day: int = 1
    bill_month: int = 1
    timing: str = "advance"
    dates: Sequence[date] = ()

    def cycles(self, until: date) -> Iterator[Cycle]:
        """Yield the stretches whose invoice is due to be made by ``until``, the earliest first.

        The first and the last are cut where the plan begins and ends.
        """
        for start, end in self._stretches():
            begins, ends = max(start, self.starts_on), min(end, self.ends_on or date.max)
            bill_on = ends if self.timing == ARREARS else begins
            if bill_on > until or begins >= (self.ends_on or date.max):
                return
            if begins < ends:
                yield Cycle(begins, ends, bill_on)

    def _stretches(self) -> Iterator[tuple[date, date]]:
        if self.schedule == CUSTOM:
            days = sorted({self.starts_on, *(day for day in self.dates if day > self.starts_on)})
            yield from pairwise(days)
        months = SCHEDULE_MONTHS.get(self.schedule)
        if months is None:
            return
        number = month_of(self.starts_on, self.bill_day)
        number -= (number - (self.bill_month - 1)) % months
        start = month_begins(number, self.bill_day)
        while start < (end := month_begins(number + months, self.bill_day)):
            yield start, end
            start, number = end, number + months
