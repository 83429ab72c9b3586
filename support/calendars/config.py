"""Calendars as a section of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from metrics.engine.plan import today
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import Boolean, ListOf, MapOf, Record, Text
from people.models import User
from support.calendars.hours import WEEKDAYS, Span
from support.calendars.reading import versions_of
from support.calendars.services import create_calendar, make_default, newest, write_hours
from support.calendars.terms import DAYS, Holiday, Terms, checked, parse_spans, terms_of, told_spans
from support.models import BusinessCalendar, CalendarVersion

NOTE = "Imported from a file."


def export_calendars() -> dict[str, Any]:
    """Return each calendar by its name, as its newest version has it."""
    rows = list(BusinessCalendar.objects.order_by("name"))
    held = versions_of(rows)
    return {row.name: _data(row, held[row.pk][-1]) for row in rows if held[row.pk]}


def _data(row: BusinessCalendar, version: CalendarVersion) -> dict[str, Any]:
    terms = terms_of(version)
    return {
        "is_default": row.is_default,
        "zone": terms.zone,
        "hours": {name: told_spans(terms.spans, place) for place, name in enumerate(DAYS)},
        "country": terms.country,
        "subdivision": terms.subdivision,
        "closed": [
            {"on": one.on.isoformat(), "name": one.name} for one in terms.holidays if not one.is_public
        ],
        "worked": [one.on.isoformat() for one in terms.holidays if one.is_worked],
    }


def plan_calendars(section: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say which calendars would begin or get other hours. Raises ConfigError for what can't be."""
    held = export_calendars()
    if sum(data["is_default"] for data in section.values()) > 1:
        raise ConfigError([Problem("", "More than one calendar is the default.", "Choose one.")])
    found = []
    for name, data in section.items():
        _read(name, data)
        if name not in held:
            found.append(f"Calendar {name}: begins")
            continue
        changed = [part for part in data if part != "is_default" and data[part] != held[name][part]]
        if changed:
            found.append(f"Calendar {name}: other {', '.join(changed)} from today on")
        if data["is_default"] and not held[name]["is_default"]:
            found.append(f"Calendar {name}: is the default")
    return found


def apply_calendars(section: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Write a version for what is new from today on. Calendars that a file doesn't name stay."""
    held = export_calendars()
    for name, data in section.items():
        terms, worked = _read(name, data)
        row = BusinessCalendar.objects.filter(name=name).first()
        if row is None:
            row = create_calendar(name=name, terms=terms, starts_on=today(), by=by, worked=worked, note=NOTE)
        elif any(part != "is_default" and data[part] != held[name][part] for part in data):
            before = newest(row)
            starts_on = max(today(), before.starts_on) if before and before.starts_on else today()
            write_hours(calendar=row, terms=terms, starts_on=starts_on, by=by, worked=worked, note=NOTE)
        if data["is_default"] and not row.is_default:
            make_default(calendar=row, by=by)


def _read(name: str, data: Mapping[str, Any]) -> tuple[Terms, list[date]]:
    """Return the terms of a calendar in a file, without its public holidays, and the days that are worked."""
    problems: list[Problem] = []
    spans = []
    for place, day in enumerate(DAYS):
        try:
            spans += parse_spans(place, data["hours"][day])
        except ValueError as error:
            problems.append(Problem(f"{name}.hours.{day}", str(error)))
    closed, worked = [], []
    for place, one in enumerate(data["closed"]):
        if on := _day(one["on"], f"{name}.closed[{place}].on", problems):
            closed.append(Holiday(on, one["name"]))
    for place, text in enumerate(data["worked"]):
        if on := _day(text, f"{name}.worked[{place}]", problems):
            worked.append(on)
    if problems:
        raise ConfigError(problems)
    terms = Terms(
        zone=data["zone"],
        spans=tuple(spans),
        country=data["country"],
        subdivision=data["subdivision"],
        holidays=tuple(closed),
    )
    try:
        return checked(terms), worked
    except ValidationError as error:
        raise ConfigError(
            [Problem(f"{name}.{field}", told) for field, all_ in error.message_dict.items() for told in all_]
        ) from error


def _day(text: str, path: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(path, "is no day.", "Write it as 2026-12-24, in quotes."))
        return None


_NAMED = MapOf(
    Record(
        {
            "is_default": Boolean(),
            "zone": Text(),
            "hours": Record({name: Text(may_be_empty=True) for name in DAYS}),
            "country": Text(may_be_empty=True),
            "subdivision": Text(may_be_empty=True),
            "closed": ListOf(Record({"on": Text(), "name": Text()})),
            "worked": ListOf(Text()),
        }
    )
)

sections.register(
    ConfigSection(
        key="calendars",
        label="Calendars of support",
        url_name="support:calendars",
        tracks=(
            Tracked(
                model=BusinessCalendar,
                noun="",
                name=lambda event: f"Calendar {event.name}",
                labels={"name": "name", "is_default": "default"},
            ),
            Tracked(
                model=CalendarVersion,
                noun="",
                name=lambda event: f"{event.calendar or 'Calendar'}, version {event.version}",
                labels={
                    "state": "state",
                    "starts_on": "from",
                    "zone": "time zone",
                    "country": "country",
                    "subdivision": "part of the country",
                    "spans": "hours",
                    "holidays": "days closed",
                    "note": "note",
                },
                show={
                    "state": lambda value: str(CalendarVersion.State(value).label).lower(),
                    "spans": lambda value: "; ".join(_spoken(value)),
                    "holidays": lambda value: f"{sum(not one['is_worked'] for one in value)} days",
                },
            ),
        ),
        no_undo="What clocks ran by is never edited: write the earlier hours again, from a day on.",
        file=ConfigFile(shape=_NAMED, export=export_calendars, plan=plan_calendars, apply=apply_calendars),
    )
)


def _spoken(spans: list[list[int]]) -> list[str]:
    held = [Span(*span) for span in spans]
    return [f"{name} {hours}" for place, name in enumerate(WEEKDAYS) if (hours := told_spans(held, place))]
