"""When the terms of a contract end, and by when notice must be given: pure, without a database.

``finance.querysets.NextEnd`` says the same in SQL for lists; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays
from dateutil.relativedelta import relativedelta

USUAL_MONTHS = 12  # a contract that renews by itself and doesn't say for how long
LONGEST_NOTICE = 36_500  # days; what a source sends beyond is taken as a hundred years
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Term:
    """One stretch a contract runs for; ``ends_on`` is the first day after it, null where it is open-ended."""

    number: int
    starts_on: date
    ends_on: date | None

    @property
    def is_renewal(self) -> bool:
        """Whether the contract got here by renewing."""
        return self.number > 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of a country, an ISO 3166 code; without one, or of one unknown, Monday to Friday."""

    country: str = ""

    def is_working(self, day: date) -> bool:
        """Return whether people of the country work on ``day``."""
        return day.weekday() < SATURDAY and self.holiday(day) == ""

    def holiday(self, day: date) -> str:
        """Return the name of the public holiday on ``day``, in English where it is known, or nothing."""
        return _holidays(self.country, day.year).get(day, "")

    def last_working_day(self, day: date) -> date:
        """Return the last working day until ``day``, which is that day itself if people work."""
        while not self.is_working(day) and day > date.min:
            day -= timedelta(days=1)
        return day


def months_of_renewal(auto_renew: bool, renewal_months: int | None) -> int:
    """Return for how many months a contract renews by itself; 0 where it doesn't."""
    if not auto_renew:
        return 0
    return max(USUAL_MONTHS if renewal_months is None else renewal_months, 1)


def terms(start_on: date, end_on: date | None, months: int, *, since: date, until: date) -> Iterator[Term]:
    """Yield the terms that run at any time from ``since`` to ``until``, the oldest first.

    ``months`` is for how long it renews each time, 0 where it ends. Ends are counted from the first one, so a
    term that ends on the 31st ends on the last day of shorter months and on the 31st again where there is one
    (31 January, 28 or 29 February, 31 March).
    """
    if end_on is None:
        if start_on <= until:
            yield Term(1, start_on, None)
        return
    if start_on <= until and end_on > since:
        yield Term(1, start_on, end_on)
    if not months:
        return
    passed = (since.year - end_on.year) * 12 + since.month - end_on.month
    turn = max(passed // months - 1, 0)
    begins = day_after(end_on, turn * months)
    while begins is not None and begins <= until:
        turn += 1
        ends = day_after(end_on, turn * months)
        if ends is None or ends > since:
            yield Term(turn + 1, begins, ends)
        begins = ends


def running_term(start_on: date, end_on: date | None, months: int, day: date) -> Term | None:
    """Return the term that runs on ``day``; none before the contract begins and after it has ended."""
    return next(terms(start_on, end_on, months, since=day, until=day), None)


def terms_in_sight(start_on: date, end_on: date | None, months: int, day: date) -> list[Term]:
    """Return the term that runs on ``day``, and of a contract that renews more than once a year the next ones too.

    Those end within twelve months of ``day``, each if nobody gives notice before.
    """
    year_on = day_after(day, USUAL_MONTHS) or date.max
    found = terms(start_on, end_on, months, since=day, until=year_on)
    return [
        term
        for term in found
        if term.starts_on <= day or (term.ends_on is not None and term.ends_on < year_on)
    ]


def notice_on(ends_on: date, notice_days: int | None) -> date | None:
    """Return the last day on which notice ends a term: ``notice_days`` before the first day after the term.

    None without a notice period.
    """
    if not notice_days:
        return None
    days = min(notice_days, LONGEST_NOTICE)
    return ends_on - timedelta(days=days) if ends_on.toordinal() > days else date.min


def day_after(day: date, months: int) -> date | None:
    """Return the same day so many months on, the last one of a shorter month; None beyond the last year there is."""
    try:
        return day + relativedelta(months=months)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def _holidays(country: str, year: int) -> dict[date, str]:
    try:
        found = holidays.country_holidays(country, years=year, language="en_US")
    except NotImplementedError:
        return {}
    return {day: str(found[day]) for day in found}
