"""Open time between instants, and the instant at which some of it has run out.

An instant is **open** in a calendar when, with ``v`` the version in force and ``wall`` the instant's date and time in
``v.zone``, the wall's date is no holiday of ``v`` and a weekly span covers the wall: a span of the wall's weekday by
``opens <= minute < closes``, or one of the weekday before by ``opens <= minute + 1440 < closes`` (it goes on past
midnight), where ``minute`` counts from the wall's own midnight. A holiday closes its own date, from midnight to
midnight: a span that begins on the eve ends there, and one that begins on the holiday goes on after it.

A version is in force from the first instant that its zone dates ``starts_on`` or later, until the next one begins. The
first version has no ``starts_on``: it has counted since ever.

All else follows, daylight saving too. Walls that a change of the clocks skips take no time, and walls that it brings
twice count twice: a span over the night of a change is an hour shorter or longer, and around the clock (``ALWAYS``, or
spans of 24 hours on each day) is elapsed time.

Inside, an instant is a whole number of microseconds since the epoch, and a stretch ``(from, to)`` holds ``from`` but
not ``to``. The stretches of a week are worked out once and kept on the calendar. Everything costs O(days) between the
instants it is asked about.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise, starmap
from math import inf
from zoneinfo import ZoneInfo

Stretch = tuple[int, int]
Pause = tuple[datetime, datetime | None]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1) // MICROSECOND
DAY = timedelta(days=1) // MICROSECOND
WEEK = timedelta(weeks=1) // MICROSECOND
DAY_MINUTES = DAY // MINUTE
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEK_MINUTES = WEEK // MINUTE
ONE_SECOND = timedelta(seconds=1)
# Weeks are counted from the one of the epoch and begin on Monday at midnight.
EPOCH_MONDAY = -EPOCH.weekday() * DAY

# A zone may be up to a day off UTC; within these, the wall of every instant is a date that Python has.
FIRST = (datetime(2, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
LAST = (datetime(9999, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
# Further out than the weeks of all instants between these.
SINCE_EVER, FOR_EVER = FIRST - WEEK, LAST + WEEK

# A change of the clocks is found where the offsets at both ends of such a time differ. One that is taken back within it
# would be missed; of all that tzdata knows the shortest lasted 95 hours and 40 minutes (Africa/Freetown in 1939).
CLOCKS_STAND = timedelta(days=3.5)
STAND = CLOCKS_STAND // MICROSECOND
# Steps to the last second before a change, each half of the one before; all of them together are longer than that.
HALVES = tuple(ONE_SECOND * 2**power for power in reversed(range((CLOCKS_STAND // ONE_SECOND).bit_length())))
# Nobody waits longer than this for opening; a calendar that is closed so long was written wrongly.
LONGEST_CLOSURE = timedelta(days=5 * 366)
PATIENCE = LONGEST_CLOSURE // MICROSECOND
# Ten years of weeks at a kilobyte or two each, for a calendar in a process that lives for weeks.
WEEKS_KEPT = 520


class NeverOpen(Exception):  # noqa: N818 - it says what was found
    """A calendar has no open time for years, so that time can't run out."""


@dataclass(frozen=True, slots=True)
class Span:
    """Open hours of each week, from ``opens`` to ``closes`` minutes after the midnight of ``weekday`` (0 is Monday)."""

    weekday: int
    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday < len(WEEKDAYS):
            raise ValueError(f"weekday: {self.weekday} is no day of the week; take 0 (Monday) to 6 (Sunday).")
        if not 0 <= self.opens < DAY_MINUTES:
            raise ValueError(
                f"opens: {self.opens} is not within {WEEKDAYS[self.weekday]}; take 0 to {DAY_MINUTES - 1} minutes "
                "after its midnight."
            )
        if not self.opens < self.closes <= 2 * DAY_MINUTES:
            raise ValueError(
                f"closes: {self.closes} is not after {self.opens} and by the end of the day after; take "
                f"{self.opens + 1} to {2 * DAY_MINUTES} minutes, more than {DAY_MINUTES} to close past midnight."
            )

    def __str__(self) -> str:
        opens, closes = (f"{minute // 60:02}:{minute % 60:02}" for minute in (self.opens, self.closes))
        return f"{WEEKDAYS[self.weekday]} {opens} to {closes}"

    @property
    def week_minutes(self) -> tuple[int, int]:
        """From when to when, in minutes after the midnight on which Monday begins."""
        midnight = self.weekday * DAY_MINUTES
        return midnight + self.opens, midnight + self.closes


@dataclass(frozen=True, slots=True)
class Hours:
    """One version of a calendar: weekly spans and holidays by the clocks of a zone, from ``starts_on`` on."""

    zone: ZoneInfo
    spans: tuple[Span, ...]
    holidays: frozenset[date] = frozenset()
    starts_on: date | None = None
    _week: tuple[tuple[int, int, int], ...] = field(init=False, repr=False, compare=False)
    _closed: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.spans:
            raise ValueError(
                "spans: a version needs at least one weekly span; add one, or close days as holidays."
            )
        in_order = sorted(self.spans, key=lambda span: span.week_minutes)
        for earlier, later in pairwise(in_order):
            if earlier.week_minutes[1] > later.week_minutes[0]:
                raise _overlap(earlier, later)
        if in_order[-1].week_minutes[1] > in_order[0].week_minutes[0] + WEEK_MINUTES:
            raise _overlap(in_order[-1], in_order[0])
        object.__setattr__(self, "_week", tuple(sorted(_by_weekday(self.spans))))
        object.__setattr__(self, "_closed", frozenset(_day(holiday) for holiday in self.holidays))

    def begins_at(self) -> int:
        """Return the first instant that the zone dates ``starts_on`` or later."""
        if self.starts_on is None:
            return SINCE_EVER
        midnight = _day(self.starts_on) * DAY
        # The zone is less than a day ahead of UTC or behind it.
        return next(
            max(since, midnight - offset)
            for since, until, offset in _offsets(self.zone, midnight - DAY, midnight + DAY)
            if midnight - offset < until
        )

    def open_within(self, start: int, end: int) -> list[Stretch]:
        """Return what is open from ``start`` to ``end``, whole seconds, as if this version were in force throughout."""
        found: list[Stretch] = []
        for since, until, offset in _offsets(self.zone, start, end):
            # From here on the clocks stand still against UTC: a local week is its spans, moved by the offset.
            monday = since - (since + offset - EPOCH_MONDAY) % WEEK
            while monday + self._week[0][1] < until:
                first_day = (monday + offset) // DAY
                stretches = [
                    (monday + opens, monday + closes)
                    for weekday, opens, closes in self._week
                    if first_day + weekday not in self._closed
                ]
                if monday + self._week[0][1] < since or until < monday + self._week[-1][2]:
                    stretches = [
                        (max(opens, since), min(closes, until))
                        for opens, closes in stretches
                        if opens < until and since < closes
                    ]
                found += stretches
                monday += WEEK
        return found


@dataclass(frozen=True, slots=True)
class Calendar:
    """Versions of hours in the order in which they begin; the first has counted since ever."""

    versions: tuple[Hours, ...]
    _begins: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _weeks: dict[int, list[Stretch]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not self.versions:
            raise ValueError("versions: a calendar needs at least one; add hours without starts_on.")
        if self.versions[0].starts_on is not None:
            raise ValueError("starts_on: the first version counts since ever; leave its starts_on empty.")
        for hours in self.versions[1:]:
            if hours.starts_on is None:
                raise ValueError(
                    "starts_on: only the first version counts since ever; say when this one begins."
                )
            if not FIRST <= _day(hours.starts_on) * DAY < LAST:
                raise ValueError(f"starts_on: {hours.starts_on} is out of range; take years 2 to 9998.")
        begins = tuple(hours.begins_at() for hours in self.versions)
        for (earlier, later), hours in zip(pairwise(begins), self.versions[1:], strict=True):
            if earlier >= later:
                raise ValueError(
                    f"starts_on: the version of {hours.starts_on} does not begin after the one before it; "
                    "put versions in order and give each a later day."
                )
        object.__setattr__(self, "_begins", (*begins, FOR_EVER))

    def stretches(self, start: int, end: int, patience: int = LAST - FIRST) -> Iterator[Stretch]:
        """Yield what is open from ``start`` to ``end``, in order, cut at midnights and changes of clocks.

        Raises ``NeverOpen`` where more than ``patience`` passes without any.
        """
        if start >= end:
            return
        monday, seen = start - (start - EPOCH_MONDAY) % WEEK, start
        while monday < end:
            if monday - seen > patience:
                raise NeverOpen(
                    f"Nothing is open for more than {patience // DAY} days from {_moment(seen):%Y-%m-%d} on; "
                    "take holidays out of the calendar or begin a version with other hours."
                )
            stretches = self._weeks.get(monday)
            if stretches is None:
                stretches = self._keep(monday)
            for opens, closes in stretches:
                if start <= opens and closes <= end:
                    yield opens, closes
                elif start < closes and opens < end:
                    yield max(opens, start), min(closes, end)
                else:
                    continue
                seen = closes
            monday += WEEK

    def forget(self) -> None:
        """Drop the weeks that were worked out."""
        self._weeks.clear()

    def _keep(self, monday: int) -> list[Stretch]:
        """Work out a week of UTC by the versions that are in force in it, and keep it."""
        found: list[Stretch] = []
        start, end = monday, monday + WEEK
        number = bisect_right(self._begins, start) - 1
        while start < end:
            until = min(end, self._begins[number + 1])
            found += self.versions[number].open_within(start, until)
            start = until
            number += 1
        if len(self._weeks) >= WEEKS_KEPT:
            self._weeks.clear()
        self._weeks[monday] = found
        return found


def open_time(a: datetime, b: datetime, calendar: Calendar) -> timedelta:
    """Return how much of the time from ``a`` to ``b`` is open; ``ValueError`` where ``b`` is before ``a``."""
    return timedelta(microseconds=_open_microseconds(a, b, calendar))


def business_minutes(a: datetime, b: datetime, calendar: Calendar) -> float:
    """Return the open time from ``a`` to ``b`` in minutes; ``ValueError`` where ``b`` is before ``a``.

    It is counted in whole microseconds and divided once.
    """
    return _open_microseconds(a, b, calendar) / MINUTE


def due_at(
    start: datetime, minutes: float, calendar: Calendar, pauses: Iterable[Pause] = ()
) -> datetime | None:
    """Return the earliest instant (UTC) at which open time since ``start``, outside ``pauses``, reaches ``minutes``.

    ``pauses`` are ``(began_at, ended_at)`` in any order; they may overlap, and begin before ``start``. One that has not
    ended (``None``) leaves the due time open: ``None``, unless time runs out before it. Time that runs out at closing
    time is due at closing time, and 0 minutes at ``start``. Minutes count to the microsecond.

    Raises ``ValueError`` for minutes below 0, a pause that ends before it begins and instants without a zone, and
    ``NeverOpen`` where the calendar closes for longer than ``LONGEST_CLOSURE`` before the time has run out.
    """
    if not 0 <= minutes < inf:
        raise ValueError(f"minutes: {minutes} is no time that can run out; take 0 or more.")
    at = _instant(start, "start")
    paused = sorted(starmap(_paused, pauses))
    left = round(minutes * MINUTE)
    if not left:
        return _moment(at)
    for opens, closes in _unpaused(at, calendar, paused):
        if left <= closes - opens:
            return _moment(opens + left)
        left -= closes - opens
    return None


def is_open(at: datetime, calendar: Calendar) -> bool:
    """Tell whether ``at`` is open time."""
    instant = _instant(at, "at")
    return next(calendar.stretches(instant, instant + 1), None) is not None


def next_opening(at: datetime, calendar: Calendar) -> datetime:
    """Return the earliest open instant that is not before ``at`` (UTC): ``at`` itself where it is open.

    Raises ``NeverOpen`` where there is none within ``LONGEST_CLOSURE``.
    """
    opens, _ = next(_unpaused(_instant(at, "at"), calendar, ()))
    return _moment(opens)


def open_spans(a: datetime, b: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Return the open time from ``a`` to ``b`` as ``(from, to)`` in UTC, in order and each as long as it can be.

    ``ValueError`` where ``b`` is before ``a``.
    """
    return _joined(calendar.stretches(*_interval(a, b)))


def _joined(stretches: Iterator[Stretch]) -> Iterator[tuple[datetime, datetime]]:
    held: Stretch | None = None
    for opens, closes in stretches:
        if held and held[1] == opens:
            held = held[0], closes
            continue
        if held:
            yield _moment(held[0]), _moment(held[1])
        held = opens, closes
    if held:
        yield _moment(held[0]), _moment(held[1])


def _unpaused(at: int, calendar: Calendar, paused: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield what is open from ``at`` on outside ``paused``, which is in order, until a pause that has not ended."""
    for began, ended in paused:
        yield from calendar.stretches(at, began, PATIENCE)
        if ended == LAST:
            return
        at = max(at, ended)
    yield from calendar.stretches(at, LAST, PATIENCE)
    raise NeverOpen("Time does not run out before the year 9999; take fewer minutes.")


def _paused(began_at: datetime, ended_at: datetime | None) -> Stretch:
    began = _instant(began_at, "began_at")
    if ended_at is None:
        return began, LAST
    ended = _instant(ended_at, "ended_at")
    if ended < began:
        raise ValueError(f"ended_at: {ended_at} is before began_at, {began_at}; end a pause after it began.")
    return began, ended


def _open_microseconds(a: datetime, b: datetime, calendar: Calendar) -> int:
    return sum(closes - opens for opens, closes in calendar.stretches(*_interval(a, b)))


def _interval(a: datetime, b: datetime) -> Stretch:
    start, end = _instant(a, "a"), _instant(b, "b")
    if end < start:
        raise ValueError(f"b: {b} is before a, {a}; give the earlier instant first.")
    return start, end


def _instant(at: datetime, name: str) -> int:
    try:
        instant = (at - EPOCH) // MICROSECOND
    except TypeError:
        raise ValueError(f"{name}: {at} has no time zone; give an aware datetime.") from None
    if not FIRST <= instant < LAST:
        raise ValueError(f"{name}: {at} is out of range; take years 2 to 9998.")
    return instant


def _moment(instant: int) -> datetime:
    return EPOCH + instant * MICROSECOND


def _day(local: date) -> int:
    return local.toordinal() - EPOCH_DAY


def _overlap(earlier: Span, later: Span) -> ValueError:
    return ValueError(
        f"spans: {earlier} overlaps {later}; end one before the other begins, or make them one span."
    )


def _by_weekday(spans: Iterable[Span]) -> Iterator[tuple[int, int, int]]:
    """Yield the weekday, opening and closing of each span, cut at midnight, in microseconds after Monday's midnight."""
    for span in spans:
        opens, closes = span.opens, min(span.closes, DAY_MINUTES)
        yield _in_week(span.weekday, opens, closes)
        if span.closes > DAY_MINUTES:
            yield _in_week((span.weekday + 1) % len(WEEKDAYS), 0, span.closes - DAY_MINUTES)


def _in_week(weekday: int, opens: int, closes: int) -> tuple[int, int, int]:
    midnight = weekday * DAY
    return weekday, midnight + opens * MINUTE, midnight + closes * MINUTE


def _offsets(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the times of one offset between ``start`` and ``end``, whole seconds, as ``(from, to, ahead of UTC)``."""
    epoch = _epoch(zone)
    utc = epoch + start * MICROSECOND
    ahead = zone.fromutc(utc) - utc
    since = at = start
    while at < end:
        left = end - at
        after = utc + (CLOCKS_STAND if left > STAND else left * MICROSECOND)
        if zone.fromutc(after) - after == ahead:
            utc = after
            at += STAND
            continue
        utc = _first_change(zone, utc, after)
        at = (utc - epoch) // MICROSECOND
        yield since, at, ahead // MICROSECOND
        since, ahead = at, zone.fromutc(utc) - utc
    if since < end:
        yield since, end, ahead // MICROSECOND


def _first_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first second whose offset is no longer that of ``before``, as that of ``after`` isn't."""
    ahead = zone.fromutc(before) - before
    for step in HALVES:
        later = before + step
        if later < after and zone.fromutc(later) - later == ahead:
            before = later
    return before + ONE_SECOND


@cache
def _epoch(zone: ZoneInfo) -> datetime:
    """Return the epoch in UTC but marked with the zone, as ``ZoneInfo.fromutc`` takes it."""
    return EPOCH.replace(tzinfo=zone)


ALWAYS = Calendar(
    (Hours(ZoneInfo("UTC"), tuple(Span(weekday, 0, DAY_MINUTES) for weekday in range(len(WEEKDAYS)))),)
)
