"""A ticket's clocks as pages read them: where each stands, and how that came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise

from common.export import Table, table_of
from support.calendars.hours import ALWAYS, Calendar, business_minutes, open_spans
from support.calendars.reading import Line
from support.clocks.replay import Happening
from support.clocks.words import Said, hours, say, span
from support.models import Clock, ClockEntry, PolicyTenure, SlaMetric, Ticket, TicketToClock
from support.policies.book import Known, calendars_known, known_at

MOST_LINES = 40
ORDER = {metric: place for place, metric in enumerate(SlaMetric.values)}
Kind = ClockEntry.Kind
TONES = {
    Kind.BREACH: "red",
    Kind.WARN: "amber",
    Kind.MEET: "green",
    Kind.PAUSE: "violet",
    Kind.CLEAR: "neutral",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One clock of a ticket as a page shows it.

    ``lines`` is its ledger; ``stretches`` is the open time that counts up to the due time, at most ``MOST_LINES`` of
    them, with ``more`` that aren't listed.
    """

    clock: Clock
    label: str
    status: str
    tone: str
    hours: str
    lines: list[Said]
    stretches: list[Line]
    more: int


@dataclass(frozen=True, slots=True)
class Clocks:
    """All clocks of a ticket; ``is_stale`` while something changed that workers haven't counted yet."""

    told: list[Told]
    is_stale: bool


def read_clocks(ticket: Ticket, now: datetime) -> Clocks:
    """Return the clocks of a ticket in the order of their metrics; seven queries at most."""
    entries = list(ClockEntry.objects.filter(ticket=ticket).order_by("position"))
    tenures = _tenures(ticket, entries)
    clocks = sorted(
        Clock.objects.filter(ticket=ticket).select_related("tenure__calendar"),
        key=lambda one: (ORDER[one.metric], one.cycle),
    )
    known = calendars_known({one.tenure.calendar_id for one in clocks if one.tenure} - {None})
    by_clock = {
        key: list(lines)
        for key, lines in groupby(
            sorted(entries, key=lambda one: (one.metric, one.cycle, one.position)),
            key=lambda one: (one.metric, one.cycle),
        )
    }
    told = [_told(one, by_clock.get((one.metric, one.cycle), []), tenures, known, now) for one in clocks]
    return Clocks(told, TicketToClock.objects.filter(ticket=ticket).exists())


def _tenures(ticket: Ticket, entries: Iterable[ClockEntry]) -> dict[int, PolicyTenure]:
    """Return the promises that a ledger speaks of by id, and under ``-id`` the one before each."""
    wanted = {one.tenure_id for one in entries} | {one.cause_id for one in entries if one.cause == "promise"}
    if not wanted - {None}:
        return {}
    rows = list(
        PolicyTenure.objects.filter(account=ticket.account_id)
        .select_related("policy__policy_set", "tier", "calendar")
        .order_by("pk")
    )
    found = {row.pk: row for row in rows}
    found |= {-after.pk: before for before, after in pairwise(rows)}
    missing = {pk for pk in wanted if pk is not None and pk not in found}
    if missing:  # The ticket was moved here, and what it ran by isn't recounted yet.
        others = PolicyTenure.objects.filter(pk__in=missing)
        found |= {row.pk: row for row in others.select_related("policy__policy_set", "tier", "calendar")}
    return found


def _told(
    clock: Clock,
    entries: Sequence[ClockEntry],
    tenures: dict[int, PolicyTenure],
    known: dict[int, Known],
    now: datetime,
) -> Told:
    label = str(SlaMetric(clock.metric).label)
    if clock.metric == SlaMetric.NEXT_RESPONSE and clock.cycle > 1:
        label = f"{label} {clock.cycle}"
    status, tone = standing(clock, now)
    stretches = list(_stretches(clock, entries, _calendar(clock, known, now))) if clock.due_at else []
    return Told(
        clock,
        label,
        status,
        tone,
        hours(clock.tenure) if clock.tenure else "",
        list(_said(entries, tenures)),
        stretches[:MOST_LINES],
        max(0, len(stretches) - MOST_LINES),
    )


def _said(entries: Sequence[ClockEntry], tenures: dict[int, PolicyTenure]) -> Iterator[Said]:
    due_at: datetime | None = None
    for entry in entries:
        yield say(entry, tenures, due_at)
        due_at = entry.due_at or due_at


def standing(clock: Clock, now: datetime) -> tuple[str, str]:
    """Return in words where a clock stands at a moment, and the tone of it."""
    if clock.state == Clock.State.CLEARED or (clock.minutes is None):
        return "Nothing promised", "neutral"
    if clock.state == Clock.State.MET:
        return "Met", "green"
    if clock.state == Clock.State.STOPPED:
        return ("Missed", "red") if clock.breached_at else ("Ended", "neutral")
    if clock.breached_at:
        return f"Late for {span(now - (clock.due_at or clock.breached_at))}", "red"
    if clock.state == Clock.State.PAUSED:
        return "Paused", "violet"
    if clock.due_at is None:
        return "Running", "blue"
    if clock.due_at <= now:
        return "Due now", "red"
    left = clock.due_at - now
    spent = now - clock.started_at
    return f"{span(left)} left", "amber" if left < spent / 3 else "blue"


def _calendar(clock: Clock, known: dict[int, Known], now: datetime) -> Calendar:
    """Return the hours by which a clock runs: those known when it ended, else now."""
    if clock.tenure is None or clock.tenure.calendar_id is None:
        return ALWAYS
    return known_at(known[clock.tenure.calendar_id], clock.ended_at or now)[1]


def _stretches(clock: Clock, entries: Sequence[ClockEntry], calendar: Calendar) -> Iterator[Line]:
    """Yield the open time that counts from the start to the due time, outside the pauses."""
    if clock.due_at is None:
        return
    so_far = 0.0
    for since, until in _counted(clock.started_at, clock.due_at, entries):
        for opens, closes in open_spans(since, until, calendar):
            minutes = business_minutes(opens, closes, calendar)
            so_far += minutes
            yield Line(opens, closes, minutes, so_far)


def _counted(
    start: datetime, due_at: datetime, entries: Sequence[ClockEntry]
) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when to when a clock ran: a first response runs on while the ticket is solved."""
    since: datetime | None = start
    for entry in entries:
        stands = entry.kind == Kind.PAUSE or (
            entry.metric == SlaMetric.RESOLUTION and entry.cause == Happening.SOLVED
        )
        if stands and since is not None:
            if since < min(entry.at, due_at):
                yield since, min(entry.at, due_at)
            since = None
        elif entry.kind == Kind.RESUME and since is None:
            since = entry.at
    if since is not None and since < due_at:
        yield since, due_at


def ledger_table(ticket: Ticket, clocks: Clocks) -> Table:
    """Return every line of a ticket's ledger for a file."""
    rows = sorted(
        ((one, said) for one in clocks.told for said in one.lines), key=lambda row: row[1].entry.position
    )
    return table_of(
        f"clocks-of-ticket-{ticket.pk}",
        rows,
        [
            ("at", "At", lambda row: row[1].entry.at),
            ("clock", "Clock", lambda row: row[0].label),
            ("what", "What", lambda row: row[1].what),
            ("why", "Because", lambda row: row[1].why),
            ("due_at", "Due", lambda row: row[1].entry.due_at),
            ("promise", "Promise", lambda row: row[1].promise),
        ],
    )
