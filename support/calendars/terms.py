"""What a version of a calendar says: typed by people, checked, stored, told in words, and as the engine counts it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from common.codes import country_name
from common.formatting import format_date
from people.models import known_time_zones
from support.calendars.hours import DAY_MINUTES, WEEKDAYS, Calendar, Hours, Span
from support.calendars.public import public_holidays, subdivisions
from support.models import CalendarVersion

MOST_HOLIDAYS = 2000
LONGEST_NAME = 80
DAYS = tuple(name.lower() for name in WEEKDAYS)
HOURS_SAY = (
    "Write hours such as 9:00-17:00, or 9:00-12:00, 13:00-17:30; 22:00-6:00 goes on past midnight, 0:00-24:00 is the "
    "whole day."
)
LINES_SAY = "Write a day and its name on each line, such as 2026-12-24 Christmas Eve."
SPAN = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(?:-|–|to)\s*(\d{1,2})(?::(\d{2}))?", re.ASCII)
LINE = re.compile(r"(\d{4}-\d{2}-\d{2})[\s,;:]+(\S.*)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """A day on which nobody works; ``is_public`` where the law of the country says so.

    ``is_worked`` is a public one that the team works on all the same.
    """

    on: date
    name: str
    is_public: bool = False
    is_worked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All that a version says, apart from the day from which it counts."""

    zone: str
    spans: tuple[Span, ...]
    country: str = ""
    subdivision: str = ""
    holidays: tuple[Holiday, ...] = ()

    def columns(self) -> dict[str, Any]:
        """Return the terms as the version's columns."""
        return {
            "zone": self.zone,
            "country": self.country,
            "subdivision": self.subdivision,
            "spans": [[span.weekday, span.opens, span.closes] for span in self.spans],
            "holidays": [
                {
                    "on": one.on.isoformat(),
                    "name": one.name,
                    "is_public": one.is_public,
                    "is_worked": one.is_worked,
                }
                for one in self.holidays
            ],
        }

    def hours(self, starts_on: date | None = None) -> Hours:
        """Return the terms as the engine counts them."""
        closed = frozenset(one.on for one in self.holidays if not one.is_worked)
        return Hours(ZoneInfo(self.zone), self.spans, closed, starts_on)


def terms_of(version: CalendarVersion) -> Terms:
    """Return what a version says."""
    return Terms(
        zone=version.zone,
        country=version.country,
        subdivision=version.subdivision,
        spans=tuple(Span(*span) for span in version.spans),
        holidays=tuple(
            Holiday(date.fromisoformat(one["on"]), one["name"], one["is_public"], one["is_worked"])
            for one in version.holidays
        ),
    )


def calendar_of(versions: Sequence[CalendarVersion]) -> Calendar:
    """Return what versions that count, the earliest first, are together: the first has counted since ever."""
    return Calendar(
        tuple(
            terms_of(version).hours(version.starts_on if place else None)
            for place, version in enumerate(_last_of_each_day(versions))
        )
    )


def _last_of_each_day(versions: Sequence[CalendarVersion]) -> list[CalendarVersion]:
    """Return the versions that count, the earliest first: of several that begin on one day the newest."""
    kept: list[CalendarVersion] = []
    for version in sorted(versions, key=lambda one: one.version):
        kept = [one for one in kept if _first(one) < _first(version)]
        kept.append(version)
    return kept


def _first(version: CalendarVersion) -> date:
    if version.starts_on is None:
        raise ValueError(f"starts_on: {version} counts from no day yet; publish it first.")
    return version.starts_on


def parse_spans(weekday: int, text: str) -> list[Span]:
    """Return the spans that somebody typed for a weekday; ValueError says what to write."""
    spans = []
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
        found = SPAN.fullmatch(part)
        if found is None:
            raise ValueError(f"“{part[:40]}” can’t be read. {HOURS_SAY}")
        hour, minute, last_hour, last_minute = (int(number or 0) for number in found.groups())
        opens, closes = hour * 60 + minute, last_hour * 60 + last_minute
        if minute > 59 or last_minute > 59 or opens >= DAY_MINUTES or closes > DAY_MINUTES:
            raise ValueError(f"“{part[:40]}” is no time of a day. {HOURS_SAY}")
        if opens == closes:
            raise ValueError(f"“{part[:40]}” opens and closes at once. {HOURS_SAY}")
        spans.append(Span(weekday, opens, closes if closes > opens else closes + DAY_MINUTES))
    return spans


def told_spans(spans: Iterable[Span], weekday: int) -> str:
    """Return the hours of a weekday as people type them; nothing where it is closed."""
    return ", ".join(
        f"{_clock(span.opens)}-{_clock(span.closes if span.closes <= DAY_MINUTES else span.closes - DAY_MINUTES)}"
        for span in sorted(spans, key=lambda span: span.opens)
        if span.weekday == weekday
    )


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def parse_days(text: str) -> list[Holiday]:
    """Return the days that somebody typed, a line each; ValueError names the line that can't be read."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        matched = LINE.fullmatch(line.strip())
        if matched is None:
            raise ValueError(f"Line {number}, “{line.strip()[:40]}”, can’t be read. {LINES_SAY}")
        try:
            day = date.fromisoformat(matched[1])
        except ValueError:
            raise ValueError(f"Line {number}: there is no day {matched[1]}. {LINES_SAY}") from None
        found.append(Holiday(day, matched[2].strip()))
    return found


def with_public(terms: Terms, years: range, worked: Iterable[date] = ()) -> Terms:
    """Return the terms with the public holidays of their country in ``years``, beside those of their own.

    ``worked`` are days on which the team works all the same.
    """
    at_work = frozenset(worked)
    own = {one.on: one for one in terms.holidays if not one.is_public}
    public = {
        on: Holiday(on, name, is_public=True, is_worked=on in at_work)
        for on, name in public_holidays(terms.country, terms.subdivision, years).items()
        if on not in own
    }
    return replace(terms, holidays=tuple(sorted((public | own).values())))


def checked(terms: Terms) -> Terms:
    """Return the terms as they are kept. Raises ValidationError by field: what is wrong and what to do."""
    wrong: dict[str, str] = {}
    if terms.zone not in known_time_zones():
        wrong["zone"] = "Choose a time zone, such as Europe/Berlin."
    if terms.country and terms.country not in subdivisions():
        wrong["country"] = "No public holidays are known of this country. Choose another, or none."
    elif terms.subdivision and terms.subdivision not in subdivisions()[terms.country]:
        known = ", ".join(subdivisions()[terms.country]) or "none"
        wrong["subdivision"] = f"{country_name(terms.country)} has {known}. Choose one, or leave it empty."
    if len(terms.holidays) > MOST_HOLIDAYS:
        wrong["holidays"] = f"List {MOST_HOLIDAYS:,} days at most."
    own = (one.name for one in terms.holidays if not one.is_public)
    if any(len(name) > LONGEST_NAME or not name.isprintable() for name in own):
        wrong["holidays"] = f"Name each day in {LONGEST_NAME} letters at most."
    doubled = {one.on for one in terms.holidays}
    if len(doubled) < len(terms.holidays):
        wrong["holidays"] = "A day is listed twice. List it once."
    if "zone" not in wrong:
        try:
            terms.hours()
        except ValueError as error:
            field, _, told = str(error).partition(": ")
            wrong[field if field in ("spans", "holidays") else "spans"] = told[:1].upper() + told[1:]
    if wrong:
        raise ValidationError(wrong)
    return replace(
        terms,
        spans=tuple(sorted(terms.spans, key=lambda one: one.week_minutes)),
        holidays=tuple(sorted(terms.holidays)),
    )


def told(terms: Terms) -> dict[str, str]:
    """Return what is said, in words by its label; weekdays that are closed say so."""
    week = {
        name: told_spans(terms.spans, weekday).replace("-", "–") or "closed"
        for weekday, name in enumerate(WEEKDAYS)
    }
    where = country_name(terms.country) if terms.country else ""
    return {
        "Time zone": terms.zone,
        **week,
        "Public holidays": f"{where}, {terms.subdivision}" if terms.subdivision else where or "none",
    }


def differences(before: CalendarVersion | None, after: CalendarVersion) -> list[str]:
    """Return what another version says otherwise, in sentences."""
    if before is None:
        return []
    old, new = terms_of(before), terms_of(after)
    said, says = told(old), told(new)
    found = [f"{label}: {said[label]} → {says[label]}" for label in says if said[label] != says[label]]
    was, now = _closed(old, new), _closed(new, old)
    found += [f"Closed on {format_date(day)}, {now[day]}" for day in sorted(now.keys() - was.keys())]
    found += [f"Open on {format_date(day)}, {was[day]}" for day in sorted(was.keys() - now.keys())]
    return found


def _closed(terms: Terms, other: Terms) -> Mapping[date, str]:
    """Return the names of the days that are closed; public ones of years for which the other lists some too."""
    years = {one.on.year for one in other.holidays if one.is_public}
    return {
        one.on: one.name
        for one in terms.holidays
        if not one.is_worked and (not one.is_public or not years or one.on.year in years)
    }
