"""Forms of calendars: hours by weekday, days that are closed, and a sum to try."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from common.codes import country_name
from people.models import known_time_zones
from support.calendars.hours import WEEKDAYS
from support.calendars.public import subdivisions
from support.calendars.terms import (
    DAYS,
    HOURS_SAY,
    LINES_SAY,
    Holiday,
    Terms,
    checked,
    parse_days,
    parse_spans,
    told_spans,
)

MOST_MINUTES = 60 * 24 * 366


class HoursForm(forms.Form):
    """What a calendar says from a day on."""

    starts_on = forms.DateField(
        label="From",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Open time is counted by these hours from the beginning of this day on, in the time zone below.",
    )
    zone = forms.ChoiceField(label="Time zone")
    country = forms.ChoiceField(label="Public holidays of", required=False)
    subdivision = forms.CharField(
        label="Part of the country",
        required=False,
        max_length=8,
        help_text="Its code, such as BY for Bavaria or CA for California, where holidays differ.",
    )
    closed = forms.CharField(
        label="Also closed",
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=LINES_SAY,
    )
    worked = forms.CharField(
        label="Worked all the same",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Public holidays on which you work, a day such as 2026-10-03 on each line.",
    )
    note = forms.CharField(
        label="Why", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    expected = forms.CharField(widget=forms.HiddenInput, max_length=20, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone: Any = self.fields["zone"]
        zone.choices = [
            ("", "Choose"),
            *((name, name.replace("_", " ")) for name in sorted(known_time_zones())),
        ]
        country: Any = self.fields["country"]
        named = sorted(((code, country_name(code)) for code in subdivisions()), key=lambda each: each[1])
        country.choices = [("", "No country"), *named]
        for place, name in enumerate(DAYS):
            self.fields[name] = forms.CharField(
                label=WEEKDAYS[place],
                required=False,
                max_length=200,
                widget=forms.TextInput(attrs={"placeholder": "closed"}),
            )
        self.fields["monday"].help_text = HOURS_SAY
        self.order_fields(
            ["name", "starts_on", "zone", *DAYS, "country", "subdivision", "closed", "worked", "note"]
        )

    def clean(self) -> dict[str, Any]:
        """Read the hours and the days, and check them together."""
        held = super().clean() or self.cleaned_data
        spans = []
        for place, name in enumerate(DAYS):
            try:
                spans += parse_spans(place, held.get(name, ""))
            except ValueError as error:
                self.add_error(name, str(error))
        closed = self._read("closed", parse_days)
        self.days_worked = self._read("worked", _days)
        if self.errors:
            return held
        terms = Terms(
            zone=held["zone"],
            spans=tuple(spans),
            country=held["country"],
            subdivision=held["subdivision"].strip().upper(),
            holidays=tuple(closed),
        )
        try:
            self.terms = checked(terms)
        except ValidationError as error:
            for field, told in error.message_dict.items():
                self.add_error({"spans": "monday", "holidays": "closed"}.get(field, field), told)
        return held

    def _read(self, name: str, read: Any) -> list[Any]:
        try:
            found: list[Any] = read(self.cleaned_data.get(name, ""))
        except ValueError as error:
            self.add_error(name, str(error))
            return []
        return found


class CalendarForm(HoursForm):
    """A calendar that begins, with its name."""

    name = forms.CharField(label="Name", max_length=80, help_text="Such as Berlin office.")


class NameForm(forms.Form):
    """Another name of a calendar."""

    name = forms.CharField(label="Name", max_length=80)


class TryForm(forms.Form):
    """A start, and how many minutes of open time follow it."""

    start = forms.CharField(
        label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), max_length=32
    )
    minutes = forms.IntegerField(label="Open minutes", min_value=0, max_value=MOST_MINUTES)

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["start"].help_text = f"By the clocks of {zone.key.replace('_', ' ')}."

    def clean_start(self) -> datetime:
        """Read the start by the clocks of the calendar's zone."""
        try:
            found = datetime.fromisoformat(self.cleaned_data["start"])
        except ValueError:
            raise ValidationError("Write a day and a time, such as 2026-11-27T16:30.") from None
        if not 1990 <= found.year <= 2100:
            raise ValidationError("Choose a year from 1990 to 2100.")
        return found.replace(tzinfo=self.zone) if found.tzinfo is None else found


def initial_of(terms: Terms) -> dict[str, Any]:
    """Return what the form begins with for the terms of a version."""
    own = (one for one in terms.holidays if not one.is_public)
    return {
        "zone": terms.zone,
        "country": terms.country,
        "subdivision": terms.subdivision,
        "closed": "\n".join(_line(one) for one in own),
        "worked": "\n".join(one.on.isoformat() for one in terms.holidays if one.is_worked),
        **{name: told_spans(terms.spans, place) for place, name in enumerate(DAYS)},
    }


def _line(one: Holiday) -> str:
    return f"{one.on.isoformat()} {one.name}"


def _days(text: str) -> list[date]:
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        try:
            found.append(date.fromisoformat(line))
        except ValueError:
            raise ValueError(f"“{line[:40]}” is no day. Write one such as 2026-10-03 on each line.") from None
    return found
