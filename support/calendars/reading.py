"""Calendars as pages, files and clocks read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from operator import itemgetter
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from common.codes import country_name
from common.export import Table, table_of
from support.calendars.hours import (
    WEEKDAYS,
    Calendar,
    NeverOpen,
    business_minutes,
    due_at,
    is_open,
    next_opening,
    open_spans,
)
from support.calendars.terms import Holiday, Terms, calendar_of, differences, terms_of, told_spans
from support.models import BusinessCalendar, CalendarVersion

MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """A calendar as a page shows it at a moment; ``change_at`` is when it next opens or closes, None for never."""

    row: BusinessCalendar
    version: CalendarVersion
    terms: Terms
    calendar: Calendar
    is_open: bool
    change_at: datetime | None

    @property
    def week(self) -> list[tuple[str, str]]:
        """Each weekday with its hours, empty where it is closed."""
        return [
            (name, told_spans(self.terms.spans, place).replace("-", "–"))
            for place, name in enumerate(WEEKDAYS)
        ]

    @property
    def week_words(self) -> list[tuple[str, str]]:
        """Runs of weekdays with the same hours, such as ``("Mon–Fri", "9:00–17:00")``; closed ones are left out."""
        runs = (
            (hours, [name[:3] for name, _ in days]) for hours, days in groupby(self.week, key=itemgetter(1))
        )
        return [
            (names[0] if len(names) == 1 else f"{names[0]}–{names[-1]}", hours)
            for hours, names in runs
            if hours
        ]

    @property
    def zone_words(self) -> str:
        """The time zone as people read it."""
        return self.terms.zone.replace("_", " ")

    @property
    def country_words(self) -> str:
        """The country whose public holidays are listed, and its part; empty for none."""
        name = country_name(self.terms.country) if self.terms.country else ""
        return f"{name} ({self.terms.subdivision})" if self.terms.subdivision else name

    def holidays(self, day: date, count: int | None = None) -> list[Holiday]:
        """Return the days from ``day`` on that are listed, at most ``count``."""
        return list(islice((one for one in self.terms.holidays if one.on >= day), count))

    @property
    def known_to(self) -> int | None:
        """The last year whose public holidays are listed."""
        return max((one.on.year for one in self.terms.holidays if one.is_public), default=None)


def shown_calendars(now: datetime, rows: Iterable[BusinessCalendar] | None = None) -> list[Shown]:
    """Return calendars by name, as they are at a moment; two queries."""
    asked = list(BusinessCalendar.objects.order_by("name") if rows is None else rows)
    held = versions_of(asked)
    return [_shown(row, held[row.pk], now) for row in asked if held[row.pk]]


def versions_of(rows: Sequence[BusinessCalendar]) -> dict[int, list[CalendarVersion]]:
    """Return the versions that count, have counted or will, the earliest first, by calendar; one query."""
    found: dict[int, list[CalendarVersion]] = {row.pk: [] for row in rows}
    versions: QuerySet[CalendarVersion] = CalendarVersion.objects.filter(calendar__in=found).agreed()
    for version in versions.select_related("calendar", "author", "published_by"):
        found[version.calendar_id].append(version)
    return found


def _shown(row: BusinessCalendar, versions: list[CalendarVersion], now: datetime) -> Shown:
    calendar = calendar_of(versions)
    in_force = [one for one in versions if one.starts_on and one.starts_on <= _local(one, now)]
    version = (in_force or versions)[-1 if in_force else 0]
    opened = is_open(now, calendar)
    return Shown(row, version, terms_of(version), calendar, opened, _next_change(now, calendar, opened))


def _local(version: CalendarVersion, now: datetime) -> date:
    return now.astimezone(ZoneInfo(version.zone)).date()


def _next_change(now: datetime, calendar: Calendar, opened: bool) -> datetime | None:
    try:
        if not opened:
            return next_opening(now, calendar)
        _, closes = next(open_spans(now, now + timedelta(days=8), calendar))
    except NeverOpen:
        return None
    return closes if closes < now + timedelta(days=8) else None


@dataclass(frozen=True, slots=True)
class Line:
    """A stretch of open time that counted: from, to, its minutes, and the minutes so far."""

    opens: datetime
    closes: datetime
    minutes: float
    so_far: float


@dataclass(frozen=True, slots=True)
class Worked:
    """When so many minutes from a start have run out, line by line; ``more`` lines aren't listed."""

    start: datetime
    minutes: int
    due_at: datetime
    elapsed: timedelta
    lines: list[Line]
    more: int


def work_out(start: datetime, minutes: int, calendar: Calendar) -> Worked:
    """Return when time runs out and how that came; raises NeverOpen and ValueError as ``due_at`` does."""
    due = due_at(start, minutes, calendar)
    if due is None:
        raise AssertionError("Without a pause time always runs out.")
    lines = list(_lines(start, due, calendar))
    return Worked(start, minutes, due, due - start, lines[:MOST_LINES], max(0, len(lines) - MOST_LINES))


def _lines(start: datetime, due: datetime, calendar: Calendar) -> Iterator[Line]:
    so_far = 0.0
    for opens, closes in open_spans(start, due, calendar):
        minutes = business_minutes(opens, closes, calendar)
        so_far += minutes
        yield Line(opens, closes, minutes, so_far)


@dataclass(frozen=True, slots=True)
class Told:
    """One version, and what it says otherwise than the one before it."""

    version: CalendarVersion
    differences: list[str]


def history_of(versions: Sequence[CalendarVersion]) -> list[Told]:
    """Return the versions of a calendar, the newest first, each with what it changed."""
    held = {one.pk: one for one in versions}
    newest_first = sorted(versions, key=lambda one: -one.version)
    return [Told(one, differences(held.get(one.based_on_id or 0), one)) for one in newest_first]


def calendars_table(shown: Sequence[Shown]) -> Table:
    """Return the calendars for a file, as the list shows them."""
    days = ((name.lower(), name, _hours_on(place)) for place, name in enumerate(WEEKDAYS))
    return table_of(
        "calendars",
        shown,
        [
            ("name", "Calendar", lambda one: one.row.name),
            ("is_default", "Default", lambda one: "yes" if one.row.is_default else "no"),
            ("zone", "Time zone", lambda one: one.terms.zone),
            *days,
            ("version", "Version", lambda one: one.version.version),
            ("starts_on", "From", lambda one: one.version.starts_on),
        ],
    )


def _hours_on(weekday: int) -> Callable[[Shown], str]:
    return lambda one: told_spans(one.terms.spans, weekday)


def holidays_table(one: Shown) -> Table:
    """Return every listed day of a calendar's version for a file."""
    return table_of(
        "calendar-holidays",
        one.terms.holidays,
        [
            ("on", "Day", lambda held: held.on),
            ("name", "Name", lambda held: held.name),
            ("is_public", "Kind", lambda held: "public" if held.is_public else "own"),
            ("is_worked", "Hours", lambda held: "as usual" if held.is_worked else "closed"),
        ],
    )
