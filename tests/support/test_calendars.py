"""Calendars: written in versions from a day on, with public holidays, shown, worked out, kept in files."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.registry import ConfigError
from people.models import User
from support.calendars.hours import Span, business_minutes, due_at, is_open
from support.calendars.reading import shown_calendars, versions_of, work_out
from support.calendars.services import (
    create_calendar,
    expected,
    make_default,
    newest,
    publish_due_hours,
    rename_calendar,
    take_back,
    write_hours,
)
from support.calendars.terms import (
    Holiday,
    Terms,
    calendar_of,
    checked,
    differences,
    parse_days,
    parse_spans,
    terms_of,
    told_spans,
)
from support.models import BusinessCalendar, CalendarVersion
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db
WORKWEEK = tuple(Span(day, 9 * 60, 17 * 60) for day in range(5))
BERLIN = Terms(zone="Europe/Berlin", spans=WORKWEEK, country="DE")
JAN = date(2026, 1, 1)


@pytest.fixture
def desk() -> User:
    return make_user("support")


@pytest.fixture
def berlin(desk: User) -> BusinessCalendar:
    return create_calendar(name="Berlin", terms=BERLIN, starts_on=JAN, by=desk)


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def counted(row: BusinessCalendar) -> Any:
    return calendar_of(versions_of([row])[row.pk])


def typed(**changed: str) -> dict[str, str]:
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "9:00-17:00")
    return {"zone": "Europe/Berlin", "starts_on": "2026-01-01", "expected": "", **week, **changed}


def test_there_is_a_default_from_the_start() -> None:
    [shown] = shown_calendars(at("2026-11-27T10:00", "UTC"))
    assert shown.row.is_default
    assert shown.is_open
    assert shown.week_words == [("Mon–Fri", "9:00–17:00")]
    assert shown.change_at == datetime(2026, 11, 27, 17, tzinfo=UTC)


def test_public_holidays_are_written_down_with_the_version_and_close_it(berlin: BusinessCalendar) -> None:
    version = newest(berlin)
    assert version is not None
    listed = {one.on: one for one in terms_of(version).holidays}
    assert listed[date(2026, 12, 25)].is_public
    assert {on.year for on in listed} >= {today().year - 5, today().year + 10}
    assert not is_open(at("2026-12-25T10:00"), counted(berlin))
    assert is_open(at("2026-12-28T10:00"), counted(berlin))
    assert due_at(at("2026-12-24T16:30"), 60, counted(berlin)) == at("2026-12-28T09:30")


def test_a_public_holiday_may_be_worked_and_another_day_closed(desk: User) -> None:
    own = Holiday(date(2026, 12, 24), "Christmas Eve")
    row = create_calendar(
        name="Shop",
        terms=Terms(zone="Europe/Berlin", spans=WORKWEEK, country="DE", holidays=(own,)),
        worked=[date(2026, 12, 25)],
        starts_on=JAN,
        by=desk,
    )
    assert is_open(at("2026-12-25T10:00"), counted(row))
    assert not is_open(at("2026-12-24T10:00"), counted(row))


def test_a_part_of_a_country_has_holidays_of_its_own(desk: User) -> None:
    epiphany = at("2026-01-06T10:00")
    for part, opened in (("BY", False), ("BE", True)):
        terms = Terms(zone="Europe/Berlin", spans=WORKWEEK, country="DE", subdivision=part)
        row = create_calendar(name=part, terms=terms, starts_on=JAN, by=desk)
        assert is_open(epiphany, counted(row)) is opened


def test_hours_count_from_their_day_and_the_first_ones_since_ever(
    berlin: BusinessCalendar, desk: User
) -> None:
    later = Terms(zone="Europe/Berlin", spans=tuple(Span(day, 8 * 60, 12 * 60) for day in range(5)))
    version = write_hours(calendar=berlin, terms=later, starts_on=date(2026, 3, 2), by=desk, note="Mornings.")
    assert version.state == "published"
    calendar = counted(berlin)
    assert business_minutes(at("2024-03-04T00:00"), at("2024-03-05T00:00"), calendar) == 480
    assert business_minutes(at("2026-02-27T00:00"), at("2026-03-02T00:00"), calendar) == 480
    assert business_minutes(at("2026-03-02T00:00"), at("2026-03-03T00:00"), calendar) == 240
    with pytest.raises(ValidationError, match="begins on 2 Mar 2026; choose that day or a later one"):
        write_hours(calendar=berlin, terms=BERLIN, starts_on=JAN, by=desk)


def test_where_hours_are_scheduled_the_refusal_of_an_earlier_day_says_what_to_do(
    berlin: BusinessCalendar, desk: User
) -> None:
    write_hours(calendar=berlin, terms=BERLIN, starts_on=today() + timedelta(days=30), by=desk)
    with pytest.raises(ValidationError, match="already: take that one back first, or choose that day"):
        write_hours(calendar=berlin, terms=BERLIN, starts_on=today() + timedelta(days=10), by=desk)
    scheduled = newest(berlin)
    assert scheduled is not None
    take_back(version=scheduled, by=desk)
    write_hours(calendar=berlin, terms=BERLIN, starts_on=today() + timedelta(days=10), by=desk)


def test_versions_differ_by_days_off_only_in_years_that_both_list(
    berlin: BusinessCalendar, desk: User
) -> None:
    before = newest(berlin)
    ahead = today() + timedelta(days=800)
    assert before is not None
    after = write_hours(
        calendar=berlin, terms=BERLIN, worked=[date(today().year, 10, 3)], starts_on=ahead, by=desk
    )
    assert differences(before, after) == [f"Open on 3 Oct {today().year}, German Unity Day"]
    none = write_hours(
        calendar=berlin, terms=replace(BERLIN, country=""), starts_on=ahead + timedelta(1), by=desk
    )
    assert len(differences(after, none)) > 100


def test_hours_of_the_same_day_take_the_place_of_those_before(berlin: BusinessCalendar, desk: User) -> None:
    longer = Terms(zone="Europe/Berlin", spans=(*WORKWEEK, Span(5, 600, 660)))
    write_hours(calendar=berlin, terms=longer, starts_on=JAN, by=desk)
    assert is_open(at("2024-03-02T10:30"), counted(berlin))


def test_hours_ahead_wait_for_their_day_and_can_be_taken_back(
    berlin: BusinessCalendar, desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = today() + timedelta(days=5)
    version = write_hours(calendar=berlin, terms=BERLIN, starts_on=ahead, by=desk)
    assert version.state == "scheduled"
    assert publish_due_hours() == 0
    take_back(version=version, by=desk)
    assert not CalendarVersion.objects.filter(pk=version.pk).exists()
    with pytest.raises(ValidationError):
        take_back(version=newest(berlin), by=desk)  # type: ignore[arg-type]
    version = write_hours(calendar=berlin, terms=BERLIN, starts_on=ahead, by=desk)
    monkeypatch.setattr("support.calendars.services.today", lambda: ahead)
    assert publish_due_hours() == 1
    version.refresh_from_db()
    assert version.state == "published"
    assert publish_due_hours() == 0


def test_the_first_hours_cannot_be_taken_back(desk: User) -> None:
    row = create_calendar(name="Berlin", terms=BERLIN, starts_on=today() + timedelta(days=5), by=desk)
    version = newest(row)
    assert version is not None
    assert version.state == "scheduled"
    client, act = client_of(desk), reverse("support:calendar_act", args=[row.pk])
    answer = client.post(act, {"do": "take_back", "version": str(version.version)}, follow=True)
    assert answer.status_code == 200
    assert "Write other hours instead" in answer.content.decode()
    assert is_open(at("2024-03-04T10:30"), counted(row))


def test_the_database_keeps_what_counts(berlin: BusinessCalendar) -> None:
    version = newest(berlin)
    assert version is not None
    version.spans = [[0, 0, 60]]
    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        version.save()
    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        berlin.delete()


def test_of_two_who_change_the_hours_one_hears_of_the_other(berlin: BusinessCalendar, desk: User) -> None:
    seen = expected(berlin)
    ada = make_user("revops")
    write_hours(calendar=berlin, terms=Terms(zone="UTC", spans=WORKWEEK), starts_on=JAN, by=ada, seen=seen)
    with pytest.raises(VersionChangedError) as refused:
        write_hours(calendar=berlin, terms=BERLIN, starts_on=JAN, by=desk, seen=seen)
    assert "Time zone: Europe/Berlin → UTC" in refused.value.differences
    answer = client_of(desk).post(reverse("support:calendar_change", args=[berlin.pk]), typed(expected=seen))
    assert answer.status_code == 409
    again = answer.context["form"].data
    assert (
        client_of(desk).post(reverse("support:calendar_change", args=[berlin.pk]), again).status_code == 302
    )


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("9-17", [Span(0, 540, 1020)]),
        ("9:00–12:00, 13:00 to 17:30", [Span(0, 540, 720), Span(0, 780, 1050)]),
        ("22:00-6:00", [Span(0, 1320, 1800)]),
        ("0:00-24:00", [Span(0, 0, 1440)]),
        ("22:00-0:00", [Span(0, 1320, 1440)]),
        ("", []),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: list[Span]) -> None:
    assert parse_spans(0, text) == spans
    assert parse_spans(0, told_spans(spans, 0)) == spans


@pytest.mark.parametrize(
    "text", ["nine to five", "9:60-10", "25-26", "9-25", "9-9", "9", "24:00-1", "-", "٩-١٧"]
)
def test_hours_that_cannot_be_read_say_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="Write hours such as"):
        parse_spans(0, text)


def test_days_that_cannot_be_read_name_their_line() -> None:
    assert parse_days("2026-12-24 Eve\n\n2026-12-31, Old year") == [
        Holiday(date(2026, 12, 24), "Eve"),
        Holiday(date(2026, 12, 31), "Old year"),
    ]
    for text in ("2026-12-24 Eve\nsoon", "2026-12-24 Eve\n2026-02-30 Nothing", "2026-12-24"):
        with pytest.raises(ValueError, match="Line [12]"):
            parse_days(text)


@pytest.mark.parametrize(
    ("field", "wrong", "shown"),
    [
        ("zone", "Mars/Base", "zone"),
        ("country", "ZZ", "country"),
        ("subdivision", "XX", "subdivision"),
        ("monday", "late", "monday"),
        ("sunday", "22:00-10:00", "monday"),
        ("closed", "2026-12-24 Eve\n2026-12-24 Eve", "closed"),
        ("closed", "2026-12-24 " + "x" * 81, "closed"),
        ("worked", "soon", "worked"),
        ("starts_on", "1999-01-01", "starts_on"),
        ("starts_on", "9999-01-01", "starts_on"),
        ("name", "berlin", "name"),
        ("name", "a\x07b", "name"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    berlin: BusinessCalendar, desk: User, field: str, wrong: str, shown: str
) -> None:
    held = typed(name="Hamburg", country="DE") | {field: wrong}
    answer = client_of(desk).post(reverse("support:calendar_new"), held)
    assert answer.status_code == 422
    assert shown in answer.context["form"].errors
    assert not BusinessCalendar.objects.filter(name="Hamburg").exists()


def test_a_week_without_hours_is_refused(desk: User) -> None:
    empty = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "")
    answer = client_of(desk).post(reverse("support:calendar_new"), typed(name="Never", **empty))
    assert answer.status_code == 422
    with pytest.raises(ValidationError, match="at least one weekly span"):
        checked(Terms(zone="UTC", spans=()))


def test_a_calendar_is_begun_changed_and_renamed_by_the_pages(desk: User) -> None:
    client = client_of(desk)
    asked = typed(
        name="Hamburg", country="DE", subdivision="hh", closed="2026-12-24 Eve", worked="2026-10-03"
    )
    answer = client.post(reverse("support:calendar_new"), asked)
    row = BusinessCalendar.objects.get(name="Hamburg")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("support:calendar", args=[row.pk])
    page = client.get(answer["Location"]).content.decode()
    assert "9:00–17:00" in page
    assert "Germany (HH)" in page
    change = reverse("support:calendar_change", args=[row.pk])
    form = client.get(change).context["form"]
    assert form.initial["closed"] == "2026-12-24 Eve"
    assert form.initial["worked"] == "2026-10-03"
    # What the form was given back, unchanged, changes nothing but the day.
    held = {name: value for name, value in form.initial.items() if value} | {"expected": expected(row)}
    assert client.post(change, held | {"friday": "9:00-15:00"}).status_code == 302
    version = newest(row)
    assert version is not None
    before = CalendarVersion.objects.get(pk=version.based_on_id)
    assert differences(before, version) == ["Friday: 9:00–17:00 → 9:00–15:00"]
    assert client.post(reverse("support:calendar_name", args=[row.pk]), {"name": "Port"}).status_code == 302
    assert rename_calendar(calendar=row, name=" Old  port ", by=desk).name == "Old port"


def test_one_calendar_is_the_default(berlin: BusinessCalendar, desk: User) -> None:
    assert not berlin.is_default
    answer = client_of(desk).post(reverse("support:calendar_act", args=[berlin.pk]), {"do": "default"})
    assert answer.status_code == 302
    assert list(BusinessCalendar.objects.filter(is_default=True)) == [berlin]
    make_default(calendar=berlin, by=desk)
    assert list(BusinessCalendar.objects.filter(is_default=True)) == [berlin]


def test_only_support_and_revops_write_and_all_read(berlin: BusinessCalendar) -> None:
    sales = make_user("sales")
    with pytest.raises(PermissionDenied):
        write_hours(calendar=berlin, terms=BERLIN, starts_on=JAN, by=sales)
    client = client_of(sales)
    assert client.get(reverse("support:calendar", args=[berlin.pk])).status_code == 200
    assert "Change hours" not in client.get(reverse("support:calendar", args=[berlin.pk])).content.decode()
    for name, args in (
        ("calendar_new", []),
        ("calendar_change", [berlin.pk]),
        ("calendar_name", [berlin.pk]),
    ):
        assert client.get(reverse(f"support:{name}", args=args)).status_code == 403
    assert (
        client.post(reverse("support:calendar_act", args=[berlin.pk]), {"do": "default"}).status_code == 403
    )


def test_when_something_is_due_is_worked_out_line_by_line(berlin: BusinessCalendar) -> None:
    worked = work_out(at("2026-11-27T16:30"), 60, counted(berlin))
    assert worked.due_at == at("2026-11-30T09:30")
    assert [(line.opens, line.minutes, line.so_far) for line in worked.lines] == [
        (at("2026-11-27T16:30"), 30, 30),
        (at("2026-11-30T09:00"), 30, 60),
    ]
    asked = {"start": "2026-11-27T16:30", "minutes": "60"}
    page = client_as("sales").get(reverse("support:calendar", args=[berlin.pk]), asked).content.decode()
    assert "30 Nov 2026, 09:30" in page


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "soon", "minutes": "60"},
        {"start": "2026-11-27T16:30", "minutes": "-1"},
        {"start": "2026-11-27T16:30", "minutes": "9" * 30},
        {"start": "0001-01-01T00:00", "minutes": "60"},
        {"start": "2026-11-27\x0016:30", "minutes": "\x00"},
        {"start": "", "minutes": ""},
    ],
)
def test_a_sum_that_cannot_be_worked_out_says_so(berlin: BusinessCalendar, asked: dict[str, str]) -> None:
    answer = client_as("sales").get(reverse("support:calendar", args=[berlin.pk]), asked)
    assert answer.status_code == 422
    assert answer.context["form"].errors


def test_a_calendar_that_is_closed_for_years_says_so(desk: User) -> None:
    closed = tuple(Holiday(date(2026, 1, 5) + timedelta(weeks=week), "Closed") for week in range(320))
    terms = Terms(zone="UTC", spans=(Span(0, 540, 600),), holidays=closed)
    row = create_calendar(name="Ruin", terms=terms, starts_on=JAN, by=desk)
    [shown] = shown_calendars(at("2026-01-06T10:00", "UTC"), [row])
    assert shown.change_at is None
    asked = {"start": "2026-01-06T10:00", "minutes": "60"}
    answer = client_of(desk).get(reverse("support:calendar", args=[row.pk]), asked)
    assert answer.status_code == 422
    assert "Nothing is open" in answer.content.decode()


def test_a_calendar_comes_from_a_file(berlin: BusinessCalendar, desk: User) -> None:
    held = yaml.safe_load(export_yaml(["calendars"]))
    held["calendars"]["Berlin"]["hours"]["friday"] = "9:00-15:00"
    held["calendars"]["Boston"] = copy.deepcopy(held["calendars"]["Berlin"]) | {
        "zone": "America/New_York",
        "country": "US",
        "is_default": False,
    }
    data = read_yaml(yaml.safe_dump(held))
    [plan] = plan_import(data)
    assert plan.changes == ["Calendar Berlin: other hours from today on", "Calendar Boston: begins"]
    apply_import(data, by=desk)
    assert told_spans(terms_of(newest(berlin)).spans, 4) == "9:00-15:00"  # type: ignore[arg-type]
    assert not is_open(
        at("2026-11-26T10:00", "America/New_York"), counted(BusinessCalendar.objects.get(name="Boston"))
    )
    assert [each.changes for each in plan_import(data)] == [[]]


@pytest.mark.parametrize(
    ("part", "wrong", "path"),
    [
        ("zone", "Mars/Base", "Berlin.zone"),
        ("hours", {"monday": "late"}, "Berlin.hours.monday"),
        ("closed", [{"on": "soon", "name": "?"}], "Berlin.closed[0].on"),
        ("worked", ["soon"], "Berlin.worked[0]"),
        ("country", "ZZ", "Berlin.country"),
    ],
)
def test_what_a_file_cannot_say_is_named(berlin: BusinessCalendar, part: str, wrong: Any, path: str) -> None:
    held = yaml.safe_load(export_yaml(["calendars"]))
    one = held["calendars"]["Berlin"]
    one[part] = one[part] | wrong if isinstance(wrong, dict) else wrong
    with pytest.raises(ConfigError) as refused:
        plan_import(read_yaml(yaml.safe_dump(held)))
    assert path in str(refused.value)
