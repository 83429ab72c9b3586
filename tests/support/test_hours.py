"""Open time follows from one rule for each instant: the engine agrees with that rule applied minute by minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from itertools import groupby, pairwise
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.calendars import hours as engine
from support.calendars.hours import (
    ALWAYS,
    Calendar,
    Hours,
    NeverOpen,
    Pause,
    Span,
    business_minutes,
    due_at,
    is_open,
    next_opening,
    open_spans,
    open_time,
)

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
# Days on which clocks change: by an hour and by half of one, at night, at midnight, just after midnight, for a
# fortnight and a week only, by a quarter for good, and by a whole day that Apia never had.
CHANGES = {
    "Europe/Berlin": (date(2024, 3, 31), date(2024, 10, 27)),
    "America/New_York": (date(2024, 3, 10), date(2024, 11, 3)),
    "Australia/Lord_Howe": (date(2024, 4, 7), date(2024, 10, 6)),
    "Asia/Kathmandu": (date(1986, 1, 1),),
    "Pacific/Apia": (date(2011, 12, 30), date(2011, 9, 24), date(2012, 4, 1)),
    "Africa/Casablanca": (date(2024, 3, 10), date(2024, 4, 14)),
    "America/Santiago": (date(2024, 4, 7), date(2024, 9, 8)),
    "America/St_Johns": (date(2006, 4, 2), date(2006, 10, 29)),
    "America/Boa_Vista": (date(2000, 10, 8), date(2000, 10, 15)),
}


# The rule, written from its words alone.


@cache
def walls(zone: ZoneInfo, day: int) -> list[tuple[date, int, int]]:
    """Date, weekday and minute that clocks show at each minute of a UTC day."""
    found = []
    instant = EPOCH + timedelta(days=day)
    for _ in range(1440):
        wall = instant.astimezone(zone)
        found.append((wall.date(), wall.weekday(), wall.hour * 60 + wall.minute))
        instant += MINUTE
    return found


@cache
def begins(zone: ZoneInfo, starts_on: date | None) -> int:
    """The first minute that the zone dates ``starts_on`` or later."""
    if starts_on is None:
        return -(10**9)
    day = starts_on.toordinal() - EPOCH.toordinal() - 2
    minute = day * 1440
    while walls(zone, minute // 1440)[minute % 1440][0] < starts_on:
        minute += 1
    return minute


def open_minutes(calendar: Calendar, start: int, end: int) -> list[bool]:
    """Whether each minute since the epoch is open, from ``start`` to ``end``."""
    found: list[bool] = []
    ends = [begins(hours.zone, hours.starts_on) for hours in calendar.versions[1:]]
    for hours, until in zip(calendar.versions, [*ends, end], strict=True):
        # ``minute + 1440 < closes`` of the day before is ``minute < closes - 1440``, without a sum for each minute.
        spans: list[list[tuple[int, int]]] = [[] for _ in range(7)]
        for span in hours.spans:
            spans[span.weekday].append((span.opens, span.closes))
            spans[(span.weekday + 1) % 7].append((span.opens - 1440, span.closes - 1440))
        for instant in range(start + len(found), min(until, end)):
            on, weekday, minute = walls(hours.zone, instant // 1440)[instant % 1440]
            covered = False
            for opens, closes in spans[weekday]:
                covered = covered or opens <= minute < closes
            found.append(covered and on not in hours.holidays)
    return found


# What calendars are drawn from.


def draw_spans(random: Random) -> tuple[Span, ...]:
    """Spans of a week that don't overlap, on the hour or not, past midnight and around the end of the week."""
    step = random.choice((1, 15, 60, 60, 240, 720, 1440))
    cuts = sorted(random.sample(range(0, 10080, step), min(10080 // step, 2 * random.randint(1, 7)) // 2 * 2))
    turn = random.choice((0, 0, 60, 480, 1439)) if step < 1440 else 0
    spans = []
    for opens, closes in zip(cuts[::2], cuts[1::2], strict=True):
        weekday, minute = divmod((opens + turn) % 10080, 1440)
        spans.append(Span(weekday, minute, min(minute + closes - opens, 2880)))
    if random.random() < 0.05:
        spans = [Span(weekday, 0, 1440) for weekday in range(7)]
    random.shuffle(spans)
    return tuple(spans)


def draw_calendar(random: Random, zone: str, around: date) -> Calendar:
    """A calendar whose holidays and later versions lie within days of ``around``."""

    def near() -> date:
        return around + timedelta(days=random.randint(-5, 5))

    versions = []
    for number in range(random.choice((1, 1, 1, 2, 2, 3))):
        name = zone if number == 0 or random.random() < 0.6 else random.choice(list(CHANGES))
        holidays = frozenset(near() for _ in range(random.choice((0, 0, 1, 3))))
        versions.append(
            Hours(ZoneInfo(name), draw_spans(random), holidays, starts_on=near() if number else None)
        )
    versions.sort(key=lambda hours: begins(hours.zone, hours.starts_on))
    starts = {begins(hours.zone, hours.starts_on): hours for hours in versions}
    return Calendar(tuple(starts.values()))


def draw_pauses(random: Random, at: datetime, *, within: int, step: timedelta) -> list[Pause]:
    """Pauses that begin up to a third of ``within`` steps before ``at``, some at once, few of them without an end."""
    pauses: list[Pause] = []
    for _ in range(random.choice((0, 0, 1, 1, 2, 3, 5))):
        began = at + random.randint(-within // 3, within) * step
        length = random.choice((0, 1, within // 20, within // 5, within // 2))
        pauses.append((began, None if random.random() < 0.08 else began + length * step))
    return pauses


def draw_instant(random: Random, around: date) -> datetime:
    """Any microsecond of the days about ``around``, often a whole hour."""
    at = datetime(around.year, around.month, around.day, tzinfo=UTC)
    at += timedelta(hours=random.randint(-100, 100))
    return at if random.random() < 0.3 else at + random.randint(0, 3_600_000_000) * MICROSECOND


Drawn = tuple[Random, Calendar, date]


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """A source of chance, and a calendar about a day on which the clocks change."""
    random = draw(st.randoms(use_true_random=False))
    zone = draw(st.sampled_from(list(CHANGES)))
    around = draw(st.sampled_from(CHANGES[zone]))
    return random, draw_calendar(random, zone, around), around


def weekdays(*spans: tuple[int, int], days: Sequence[int] = range(5)) -> tuple[Span, ...]:
    """The same hours on several days, by default from Monday to Friday."""
    return tuple(Span(day, opens * 60, closes * 60) for day in days for opens, closes in spans)


def office(
    zone: ZoneInfo = BERLIN, holidays: frozenset[date] = frozenset(), spans: tuple[Span, ...] = ()
) -> Calendar:
    """Monday to Friday from 9 to 17, where nothing else is said."""
    return Calendar((Hours(zone, spans or weekdays((9, 17)), holidays),))


def at(day: int, clock: str, *, month: int = 7, zone: ZoneInfo = BERLIN, year: int = 2026) -> datetime:
    """A wall in a zone; in July 2026 the 3rd is a Friday."""
    hour, minute = map(int, clock.split(":"))
    return datetime(year, month, day, hour, minute, tzinfo=zone)


# The engine against the rule.


@pytest.mark.parametrize("part", range(4))
def test_it_agrees_with_the_rule_applied_minute_by_minute(part: int) -> None:
    for number in range(2500):
        seed = part * 2500 + number
        random = Random(seed)
        zone = random.choice(list(CHANGES))
        around = random.choice(CHANGES[zone])
        calendar = draw_calendar(random, zone, around)
        first = (around.toordinal() - EPOCH.toordinal()) * 1440 + random.randint(-3600, 2160)
        expected = open_minutes(calendar, first, first + random.randint(0, 3600))
        start, end = EPOCH + first * MINUTE, EPOCH + (first + len(expected)) * MINUTE
        pauses = draw_pauses(random, start, within=len(expected), step=MINUTE)
        told = (seed, calendar, start, end, pauses)

        assert business_minutes(start, end, calendar) == sum(expected), told
        assert list(open_spans(start, end, calendar)) == list(runs(start, expected)), told
        instant = random.randrange(len(expected) + 1)
        assert is_open(start + instant * MINUTE, calendar) == (
            open_minutes(calendar, first + instant, first + instant + 1) == [True]
        ), told

        counted = minutes_that_count(start, expected, pauses)
        if counted:
            minutes = random.randint(1, len(counted))
            assert due_at(start, minutes, calendar, pauses) == start + (counted[minutes - 1] + 1) * MINUTE, (
                told
            )
        later = due_at(start, len(counted) + 1, calendar, pauses)
        held = any(ended is None and began <= end for began, ended in pauses)
        assert later is None if held else later is None or later > end, told
        if not pauses:
            assert later is not None, told


def runs(start: datetime, is_open: Sequence[bool]) -> Iterator[tuple[datetime, datetime]]:
    """From when to when minutes are open without a break."""
    minute = 0
    for opened, group in groupby(is_open):
        length = len(list(group))
        if opened:
            yield start + minute * MINUTE, start + (minute + length) * MINUTE
        minute += length


def minutes_that_count(start: datetime, is_open: Sequence[bool], pauses: Sequence[Pause]) -> list[int]:
    """The minutes after ``start`` that are open and in no pause."""
    paused = [
        ((began - start) // MINUTE, len(is_open) if ended is None else (ended - start) // MINUTE)
        for began, ended in pauses
    ]
    found = []
    for minute, opened in enumerate(is_open):
        if opened and not any(began <= minute < ended for began, ended in paused):
            found.append(minute)
    return found


@pytest.mark.parametrize(
    ("friday", "minutes"),
    [(datetime(1971, 12, 31, tzinfo=UTC), 75), (datetime(1972, 1, 7, tzinfo=UTC), 30.5)],
    ids=["before the change", "on its day"],
)
def test_an_offset_of_seconds_is_kept_second_by_second(friday: datetime, minutes: float) -> None:
    monrovia = ZoneInfo("Africa/Monrovia")  # 44 minutes and 30 seconds behind until 7 January 1972
    calendar = Calendar((Hours(monrovia, (Span(4, 0, 60), Span(4, 1430, 1445))),))
    start, end = friday - timedelta(hours=1), friday + timedelta(hours=26)
    expected = []
    for number in range((end - start) // timedelta(seconds=1)):
        wall = (start + timedelta(seconds=number)).astimezone(monrovia)
        minute = wall.hour * 60 + wall.minute
        on_friday = wall.weekday() == 4 and (minute < 60 or minute >= 1430)
        expected.append(on_friday or (wall.weekday() == 5 and minute < 5))
    assert open_time(start, end, calendar) == timedelta(seconds=sum(expected)) == timedelta(minutes=minutes)
    assert next_opening(start, calendar) == start + timedelta(seconds=expected.index(True))


def test_no_zone_takes_a_change_back_sooner_than_the_engine_would_notice() -> None:
    first = datetime(2000, 1, 1, tzinfo=UTC).toordinal()
    days = [datetime.fromordinal(day) for day in range(first, first + 50 * 365)]
    sooner = engine.CLOCKS_STAND // timedelta(days=1) + 1
    taken_back = []
    for name in available_timezones():
        zone = ZoneInfo(name)
        offsets = [zone.utcoffset(day) for day in days]
        stood = [(offset, len(list(same))) for offset, same in groupby(offsets)]
        for (before, _), (_, length), (after, _) in zip(stood, stood[1:], stood[2:], strict=False):
            if before == after and length < sooner:
                taken_back.append((name, length))
    assert taken_back == []


# What always holds.


@settings(max_examples=150, deadline=None)
@given(drawn(), st.integers(0, 12 * 1440 * 60_000_000))
def test_the_open_time_until_it_is_due_is_the_time_allowed(drawn: Drawn, microseconds: int) -> None:
    random, calendar, around = drawn
    start = draw_instant(random, around)
    minutes = microseconds / 60_000_000
    due = due_at(start, minutes, calendar)
    assert due is not None
    assert due.tzinfo is UTC
    assert business_minutes(start, due, calendar) == minutes
    assert open_time(start, due, calendar) == microseconds * MICROSECOND
    if microseconds:
        assert open_time(start, due - MICROSECOND, calendar) == (microseconds - 1) * MICROSECOND


@settings(max_examples=150, deadline=None)
@given(drawn(), st.integers(1, 4 * 1440 * 60_000_000))
def test_pauses_move_the_due_time_by_exactly_the_open_time_inside_them(
    drawn: Drawn, microseconds: int
) -> None:
    random, calendar, around = drawn
    start = draw_instant(random, around)
    pauses = draw_pauses(random, start, within=5 * 1440 * 60, step=timedelta(seconds=1))
    allowed = microseconds * MICROSECOND
    due = due_at(start, microseconds / 60_000_000, calendar, pauses)
    if due is None:
        stopped = min(began for began, ended in pauses if ended is None)
        assert stopped <= start or unpaused(start, stopped, calendar, pauses) < allowed
        return
    assert unpaused(start, due, calendar, pauses) == allowed
    assert unpaused(start, due - MICROSECOND, calendar, pauses) == allowed - MICROSECOND
    without = due_at(start, microseconds / 60_000_000, calendar)
    assert without is not None
    inside = open_time(start, due, calendar) - unpaused(start, due, calendar, pauses)
    assert open_time(without, due, calendar) == inside


def unpaused(start: datetime, end: datetime, calendar: Calendar, pauses: Sequence[Pause]) -> timedelta:
    """The open time outside the pauses, cut wherever one begins or ends."""
    never = end + MICROSECOND
    edges = {start, end} | {edge for pause in pauses for edge in pause if edge and start < edge < end}
    return sum(
        (
            open_time(a, b, calendar)
            for a, b in pairwise(sorted(edges))
            if not any(began <= a < (ended or never) for began, ended in pauses)
        ),
        timedelta(),
    )


@settings(max_examples=150, deadline=None)
@given(drawn())
def test_parts_of_an_interval_add_up_to_it(drawn: Drawn) -> None:
    random, calendar, around = drawn
    a, b, c = sorted(draw_instant(random, around) for _ in range(3))
    whole = open_time(a, c, calendar)
    assert open_time(a, b, calendar) + open_time(b, c, calendar) == whole
    spans = list(open_spans(a, c, calendar))
    assert sum((until - since for since, until in spans), timedelta()) == whole
    assert all(earlier[1] < later[0] for earlier, later in pairwise(spans))


@settings(max_examples=100, deadline=None)
@given(drawn())
def test_the_next_opening_is_open_and_nothing_is_before_it(drawn: Drawn) -> None:
    random, calendar, around = drawn
    instant = draw_instant(random, around)
    opening = next_opening(instant, calendar)
    assert opening >= instant
    assert is_open(opening, calendar)
    assert not open_time(instant, opening, calendar)


@settings(max_examples=60, deadline=None)
@given(drawn())
def test_what_was_asked_before_changes_no_answer(drawn: Drawn) -> None:
    random, calendar, around = drawn
    asked = [draw_instant(random, around) for _ in range(6)]
    used = [due_at(start, 600, calendar) for start in asked]
    for start, due in zip(asked, used, strict=True):
        assert due == due_at(start, 600, Calendar(calendar.versions))


# What people expect.


def test_an_hour_from_half_past_four_on_friday_ends_on_monday() -> None:
    assert due_at(at(3, "16:30"), 60, office()) == at(6, "9:30")


def test_time_that_runs_out_at_closing_time_is_due_at_closing_time() -> None:
    assert due_at(at(3, "16:00"), 60, office()) == at(3, "17:00")
    assert due_at(at(3, "9:00"), 480, office()) == at(3, "17:00")
    assert due_at(at(3, "16:00"), 60 + 1 / 60_000_000, office()) == at(6, "9:00") + MICROSECOND


def test_no_minutes_are_due_at_once_open_or_not() -> None:
    sunday = at(5, "12:00")
    due = due_at(sunday, 0, office(), [(sunday, None)])
    assert due == sunday
    assert due is not None
    assert due.tzinfo is UTC


@pytest.mark.parametrize("zone", [UTC, BERLIN])
def test_around_the_clock_is_elapsed_time_over_both_changes(zone: tzinfo) -> None:
    around_the_clock = office(spans=weekdays((0, 24), days=range(7)))
    for calendar in (ALWAYS, around_the_clock):
        for start in (at(28, "12:00", month=3), at(24, "12:00", month=10)):
            due = due_at(start.astimezone(zone), 48 * 60, calendar)
            assert due == start.astimezone(UTC) + timedelta(hours=48)
            assert list(open_spans(start, due, calendar)) == [(start, due)]


def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    nights = office(spans=weekdays((22, 30), days=[5]))
    spring = at(28, "22:00", month=3), at(29, "6:00", month=3)
    autumn = at(24, "22:00", month=10), at(25, "6:00", month=10)
    assert business_minutes(*spring, nights) == 7 * 60
    assert business_minutes(*autumn, nights) == 9 * 60
    assert due_at(spring[0], 240, nights) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert due_at(autumn[0], 240, nights) == datetime(2026, 10, 25, 0, tzinfo=UTC)


def test_walls_that_are_skipped_take_no_time_and_those_that_come_twice_count_twice() -> None:
    small_hours = office(spans=weekdays((2, 3), days=range(7)))
    assert business_minutes(at(29, "0:00", month=3), at(30, "0:00", month=3), small_hours) == 0
    sunday = at(25, "0:00", month=10), at(26, "0:00", month=10)
    assert list(open_spans(*sunday, small_hours)) == [
        (datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC))
    ]
    second = at(25, "2:30", month=10).replace(fold=1)
    assert due_at(second, 30, small_hours) == datetime(2026, 10, 25, 2, tzinfo=UTC)


def test_a_day_that_a_zone_left_out_is_not_there() -> None:
    apia = ZoneInfo("Pacific/Apia")
    always = office(apia, spans=weekdays((0, 24), days=range(7)))
    thursday, saturday = (at(day, "12:00", month=12, year=2011, zone=apia) for day in (29, 31))
    assert business_minutes(thursday, saturday, always) == 24 * 60
    friday_only = office(apia, spans=weekdays((0, 24), days=[4]))
    assert business_minutes(thursday, saturday, friday_only) == 0


def test_a_pause_outside_opening_hours_changes_nothing() -> None:
    start, calendar = at(3, "16:30"), office()
    for pause in [(at(3, "17:00"), at(6, "9:00")), (at(4, "0:00"), at(5, "12:00"))]:
        assert due_at(start, 60, calendar, [pause]) == due_at(start, 60, calendar)


def test_pauses_count_once_where_they_overlap_and_in_any_order() -> None:
    pauses = [
        (at(6, "10:30"), at(6, "11:30")),
        (at(6, "10:00"), at(6, "12:00")),
        (at(6, "11:00"), at(6, "13:00")),
        (at(2, "8:00"), at(6, "9:30")),
    ]
    assert due_at(at(6, "9:00"), 60, office(), pauses) == at(6, "13:30")


def test_a_pause_without_an_end_leaves_it_open_unless_time_runs_out_before() -> None:
    start, calendar = at(6, "9:00"), office()
    assert due_at(start, 60, calendar, [(at(6, "9:59"), None)]) is None
    assert due_at(start, 60, calendar, [(at(6, "10:00"), None)]) == at(6, "10:00")
    assert due_at(start, 60, calendar, [(at(3, "9:00"), None)]) is None
    paused = [(at(6, "9:30"), at(6, "9:45")), (at(6, "10:10"), None)]
    assert due_at(start, 60, calendar, paused) is None
    assert due_at(start, 55, calendar, paused) == at(6, "10:10")


def test_several_spans_a_day_leave_lunch_out() -> None:
    calendar = office(spans=weekdays((9, 12), (13, 17)))
    assert due_at(at(6, "11:30"), 60, calendar) == at(6, "13:30")
    assert due_at(at(6, "11:00"), 60, calendar) == at(6, "12:00")
    assert list(open_spans(at(6, "8:00"), at(6, "14:00"), calendar)) == [
        (at(6, "9:00"), at(6, "12:00")),
        (at(6, "13:00"), at(6, "14:00")),
    ]


def test_spans_that_touch_are_one_stretch() -> None:
    touching = office(spans=weekdays((9, 12), (12, 24)) + weekdays((0, 2), days=[1]))
    assert list(open_spans(at(6, "0:00"), at(7, "4:00"), touching)) == [(at(6, "9:00"), at(7, "2:00"))]


def test_a_span_past_midnight_on_sunday_goes_on_on_monday() -> None:
    calendar = office(spans=weekdays((20, 28), days=[6]))
    assert due_at(at(5, "21:00"), 360, calendar) == at(6, "3:00")
    assert not is_open(at(6, "4:00"), calendar)
    assert not is_open(at(7, "1:00"), calendar)


def test_a_holiday_closes_its_own_date_and_no_other() -> None:
    calendar = office(holidays=frozenset({date(2026, 7, 6)}))
    assert due_at(at(3, "16:30"), 60, calendar) == at(7, "9:30")
    nights = office(spans=weekdays((22, 30), days=range(7)), holidays=frozenset({date(2026, 7, 6)}))
    assert list(open_spans(at(5, "12:00"), at(7, "12:00"), nights)) == [
        (at(5, "22:00"), at(6, "0:00")),
        (at(7, "0:00"), at(7, "6:00")),
    ]
    kiritimati = ZoneInfo(
        "Pacific/Kiritimati"
    )  # 14 hours ahead: still Sunday in UTC while Monday closes there
    far = office(kiritimati, holidays=frozenset({date(2026, 7, 6)}))
    assert next_opening(at(4, "12:00", zone=kiritimati), far) == at(7, "9:00", zone=kiritimati)


def test_versions_change_hours_and_zone_between_two_instants() -> None:
    calendar = Calendar(
        (
            Hours(BERLIN, weekdays((9, 17))),
            Hours(BERLIN, weekdays((8, 12)), starts_on=date(2026, 7, 7)),
            Hours(NEW_YORK, weekdays((9, 17)), starts_on=date(2026, 7, 8)),
        )
    )
    assert list(open_spans(at(6, "0:00"), at(9, "0:00"), calendar)) == [
        (at(6, "9:00"), at(6, "17:00")),
        (at(7, "8:00"), at(7, "12:00")),
        (at(8, "9:00", zone=NEW_YORK), at(8, "17:00", zone=NEW_YORK)),
    ]


def test_a_version_lasts_until_midnight_of_the_zone_of_the_next_one() -> None:
    always = weekdays((0, 24), days=range(7))
    calendar = Calendar(
        (
            Hours(BERLIN, always),
            Hours(NEW_YORK, weekdays((12, 13)), starts_on=date(2026, 7, 8)),
        )
    )
    midnight = at(8, "0:00", zone=NEW_YORK)
    assert is_open(midnight - MICROSECOND, calendar)
    assert not is_open(midnight, calendar)
    assert business_minutes(at(7, "0:00"), at(9, "0:00", zone=NEW_YORK), calendar) == 30 * 60 + 60


def test_a_version_of_a_day_that_was_left_out_begins_with_the_next_one() -> None:
    apia = ZoneInfo("Pacific/Apia")
    calendar = Calendar(
        (
            Hours(apia, weekdays((0, 24), days=range(7))),
            Hours(apia, weekdays((12, 13), days=range(7)), starts_on=date(2011, 12, 30)),
        )
    )
    change = datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert is_open(change - MICROSECOND, calendar)
    assert next_opening(change, calendar) == change + timedelta(hours=12)


def test_an_opening_is_at_once_where_it_is_open_and_closing_time_is_not_open() -> None:
    calendar = office()
    assert next_opening(at(3, "16:59"), calendar) == at(3, "16:59")
    assert next_opening(at(3, "17:00"), calendar) == at(6, "9:00")
    assert is_open(at(3, "9:00"), calendar)
    assert not is_open(at(3, "17:00"), calendar)


def test_microseconds_are_exact() -> None:
    start = at(3, "16:59") + 59_999_999 * MICROSECOND
    due = due_at(start, 2 / 60_000_000, office())
    assert due == at(6, "9:00") + MICROSECOND
    assert open_time(start, at(6, "9:00") + MICROSECOND, office()) == 2 * MICROSECOND


# Refusals and limits.


def closed_for(years: int) -> Calendar:
    first = date(2026, 7, 4).toordinal()
    return office(holidays=frozenset(map(date.fromordinal, range(first, first + years * 365))))


def test_a_calendar_that_never_opens_is_named_instead_of_searched_for_ever() -> None:
    calendar = closed_for(20)
    assert due_at(at(3, "16:00"), 60, calendar) == at(3, "17:00")
    with pytest.raises(NeverOpen, match="from 2026-07-03 on; take holidays out"):
        due_at(at(3, "16:30"), 60, calendar)
    with pytest.raises(NeverOpen):
        next_opening(at(3, "17:00"), calendar)
    assert due_at(at(3, "16:30"), 60, calendar, [(at(6, "9:00", year=2027), None)]) is None
    assert business_minutes(at(3, "16:30"), at(3, "16:30", year=2040), calendar) == 30


def test_a_closure_of_some_years_is_waited_for() -> None:
    due = due_at(at(3, "16:30"), 60, closed_for(4))
    assert due is not None
    assert due.year == 2030


def test_time_that_never_runs_out_ends_with_a_name_too() -> None:
    weekly = office(spans=(Span(0, 0, 1),))
    with pytest.raises(NeverOpen, match="year 9999"):
        due_at(at(3, "9:00", year=9900), 10**400, weekly)


def test_a_calendar_keeps_a_bounded_number_of_weeks() -> None:
    calendar = office()
    due_at(at(3, "9:00"), 60 * 40 * engine.WEEKS_KEPT * 2.5, calendar)
    assert 0 < len(calendar._weeks) <= engine.WEEKS_KEPT
    calendar.forget()
    assert not calendar._weeks


def test_calendars_of_the_same_hours_are_equal_whatever_they_were_asked() -> None:
    calendar, other = office(), office()
    due_at(at(3, "9:00"), 60, calendar)
    assert calendar == other
    assert hash(calendar) == hash(other)
    assert "_weeks" not in repr(calendar)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Span(7, 0, 60), "weekday: 7 .* take 0"),
        (lambda: Span(-1, 0, 60), "weekday: -1"),
        (lambda: Span(0, -1, 60), "opens: -1 .* take 0 to 1439"),
        (lambda: Span(0, 1440, 1500), "opens: 1440"),
        (lambda: Span(0, 60, 60), "closes: 60 .* take 61 to 2880"),
        (lambda: Span(0, 60, 30), "closes: 30"),
        (lambda: Span(0, 60, 2881), "closes: 2881"),
        (lambda: Hours(BERLIN, ()), "spans: .* add one"),
        (
            lambda: Hours(BERLIN, (Span(0, 600, 700), Span(0, 540, 601))),
            "spans: Monday 09:00 to 10:01 overlaps Monday 10:00 to 11:40; end one",
        ),
        (lambda: Hours(BERLIN, (Span(0, 600, 700), Span(0, 600, 700))), "spans: .* overlaps"),
        (
            lambda: Hours(BERLIN, (Span(0, 1200, 1501), Span(1, 60, 600))),
            "Monday 20:00 to 25:01 overlaps Tue",
        ),
        (
            lambda: Hours(BERLIN, (Span(0, 60, 600), Span(6, 1200, 1501))),
            "Sunday 20:00 to 25:01 overlaps Mon",
        ),
        (lambda: Calendar(()), "versions: .* at least one"),
        (
            lambda: Calendar((Hours(BERLIN, weekdays((9, 17)), starts_on=date(2026, 1, 1)),)),
            "starts_on: the first version .* leave",
        ),
        (lambda: Calendar((Hours(BERLIN, weekdays((9, 17))),) * 2), "starts_on: only the first"),
        (lambda: versions("2026-02-01", "2026-01-01"), "starts_on: .* 2026-01-01 does not begin after"),
        (lambda: versions("2026-02-01", "2026-02-01"), "starts_on: .* give each a later day"),
        (lambda: versions("9999-02-01"), "starts_on: 9999-02-01 is out of range"),
        (lambda: versions("0001-02-01"), "starts_on: 0001-02-01 is out of range"),
        (lambda: due_at(at(3, "9:00"), -1, ALWAYS), "minutes: -1 .* take 0 or more"),
        (lambda: due_at(at(3, "9:00"), float("nan"), ALWAYS), "minutes: nan"),
        (lambda: due_at(at(3, "9:00"), float("inf"), ALWAYS), "minutes: inf"),
        (lambda: due_at(at(3, "9:00"), 0, ALWAYS, [(at(4, "9:00"), at(3, "9:00"))]), "ended_at: .* before"),
        (lambda: due_at(naive(), 60, ALWAYS), "start: .* no time zone; give an aware"),
        (lambda: due_at(at(3, "9:00"), 60, ALWAYS, [(naive(), None)]), "began_at: .* no time zone"),
        (lambda: due_at(at(3, "9:00"), 60, ALWAYS, [(at(3, "9:00"), naive())]), "ended_at: .* no time zone"),
        (lambda: due_at(datetime.max.replace(tzinfo=UTC), 60, ALWAYS), "start: .* out of range"),
        (lambda: is_open(naive(), ALWAYS), "at: .* no time zone"),
        (lambda: next_opening(naive(), ALWAYS), "at: .* no time zone"),
        (lambda: open_time(naive(), at(3, "9:00"), ALWAYS), "a: .* no time zone"),
        (lambda: business_minutes(at(3, "9:00"), naive(), ALWAYS), "b: .* no time zone"),
        (lambda: open_time(at(3, "9:00"), at(2, "9:00"), ALWAYS), "b: .* is before a"),
        (lambda: business_minutes(at(3, "9:00"), at(2, "9:00"), ALWAYS), "b: .* is before a"),
        (lambda: open_spans(at(3, "9:00"), at(2, "9:00"), ALWAYS), "b: .* is before a"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_with_what_to_do(
    make: Callable[[], object], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        make()


def versions(*starts: str) -> Calendar:
    first = Hours(BERLIN, weekdays((9, 17)))
    return Calendar((first, *(replace(first, starts_on=date.fromisoformat(day)) for day in starts)))


def naive() -> datetime:
    return at(3, "9:00").replace(tzinfo=None)


def test_spans_that_end_where_another_begins_are_taken() -> None:
    Hours(BERLIN, (Span(6, 1200, 1500), Span(0, 60, 600), Span(0, 600, 700)))
    Hours(BERLIN, (Span(6, 0, 2880), Span(1, 0, 1440)))


def test_versions_begin_by_the_clocks_of_their_own_zones() -> None:
    midway, kiritimati = ZoneInfo("Pacific/Midway"), ZoneInfo("Pacific/Kiritimati")
    first = Hours(BERLIN, weekdays((9, 17)))
    behind = replace(first, zone=midway, starts_on=date(2026, 1, 1))
    ahead = replace(first, zone=kiritimati, starts_on=date(2026, 1, 2))  # an hour before 1 January in Midway
    with pytest.raises(ValueError, match="2026-01-02 does not begin after"):
        Calendar((first, behind, ahead))
