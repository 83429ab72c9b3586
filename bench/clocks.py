"""When five working days have run out, against one conversion of a time zone.

Each working day of a year, changes of the clocks and holidays among them, is the start of 40 hours, Monday to Friday
from 9 to 17 in Berlin. The floor turns the same instants to Berlin's time, once each. It is measured with what the
calendar has worked out before, as a page or worker that asks again finds it, and with all of that dropped before each.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bench.harness import Figure, interleave, median

ZONE = ZoneInfo("Europe/Berlin")
FIRST_DAY = datetime(2026, 1, 1, 10, 7, tzinfo=UTC)
HOLIDAYS = (date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25))
MINUTES = 40 * 60
ROUNDS = 25
TARGET = 40


def run() -> Iterator[Figure]:
    """Yield how many conversions a due time costs, with its weeks at hand and without."""
    from support.calendars.hours import Calendar, Hours, Span, due_at

    office = tuple(Span(weekday, 9 * 60, 17 * 60) for weekday in range(5))
    calendar = Calendar((Hours(ZONE, office, frozenset(HOLIDAYS)),))
    days = (FIRST_DAY + timedelta(days=number) for number in range(365))
    starts = [day for day in days if day.weekday() < len(office)]

    def floor() -> None:
        # As long as the others take, so that a busy machine interrupts all alike.
        for _ in range(TARGET):
            for start in starts:
                start.astimezone(ZONE)

    def warm() -> None:
        for start in starts:
            due_at(start, MINUTES, calendar)

    def cold() -> None:
        for start in starts:
            calendar.forget()
            due_at(start, MINUTES, calendar)

    conversions, kept, dropped = map(median, interleave([floor, warm, cold], ROUNDS))
    conversion = conversions / TARGET / len(starts)
    for name, taken in (("clocks.due_at", kept / len(starts)), ("clocks.due_at_cold", dropped / len(starts))):
        note = f"{taken * 1e6:.1f} µs, a conversion {conversion * 1e9:.0f} ns"
        yield Figure(name, taken / conversion, at_most=TARGET, note=note)
