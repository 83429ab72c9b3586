"""When the support desks of the sample company work: Hamburg and Boston."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from people.models import User
from support.calendars.hours import Span
from support.calendars.services import create_calendar, make_default, write_hours
from support.calendars.terms import Holiday, Terms
from support.models import BusinessCalendar

DESK = "support@ferrowick.example"
SINCE = date(2022, 1, 1)
LONGER_SINCE = date(2025, 4, 1)
WORKING_DAYS = range(5)
FRIDAY = 4


def week(opens: int, closes: int, friday: int) -> tuple[Span, ...]:
    """Return Monday to Friday between two hours of the day, with an earlier end on Friday."""
    return tuple(Span(day, opens * 60, (friday if day == FRIDAY else closes) * 60) for day in WORKING_DAYS)


HAMBURG = "Hamburg desk"
DESKS = {
    HAMBURG: Terms(
        zone="Europe/Berlin",
        spans=week(9, 17, 16),
        country="DE",
        subdivision="HH",
        holidays=(
            Holiday(date(2025, 12, 24), "Christmas Eve"),
            Holiday(date(2025, 12, 31), "New Year’s Eve"),
            Holiday(date(2026, 12, 24), "Christmas Eve"),
            Holiday(date(2026, 12, 31), "New Year’s Eve"),
        ),
    ),
    "Boston desk": Terms(zone="America/New_York", spans=week(9, 18, 18), country="US", subdivision="MA"),
}


def open_desks() -> int:
    """Write the desks' calendars, unless that was done; return of how many. Hamburg's is the default."""
    if BusinessCalendar.objects.filter(name__in=DESKS).exists():
        return 0
    by = User.objects.get(email=DESK)
    for name, terms in DESKS.items():
        calendar = create_calendar(name=name, terms=terms, starts_on=SINCE, by=by)
        if name == HAMBURG:
            write_hours(
                calendar=calendar,
                terms=replace(terms, spans=week(8, 18, 17)),
                starts_on=LONGER_SINCE,
                by=by,
                note="Two more people since April, so we open earlier and close later.",
            )
            make_default(calendar=calendar, by=by)
    return len(DESKS)
