"""The ledger of a ticket as rows, told from its facts and from what is promised; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from support.calendars.hours import NeverOpen, business_minutes
from support.clocks.changes import SEPARATOR, changes_of, priorities_of
from support.clocks.facts import Happened, facts_of
from support.clocks.replay import Entry, Fact, Happening, Metric, Told, in_order, tell_runs
from support.clocks.standing import stand_by
from support.policies.book import SEPARATOR as WITH_PRIORITY
from support.policies.book import Book, Promise
from support.querysets import DONE, GOES_ON

# What the column of ``spent_seconds`` holds: 68 years, for tickets with a date that nobody meant.
LONGEST_SPENT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a ticket; ``events`` are ``(id, occurred_at, kind, value)`` in the order of time.

    One that no event tells has no id (``support.clocks.untold``).
    """

    ticket: int
    account: int
    priority: str
    status: str
    opened_at: datetime
    first_replied_at: datetime | None
    solved_at: datetime | None
    events: Sequence[Happened] = ()


class ClockRow(NamedTuple):
    """A row of ``Clock``, in the order of its columns."""

    ticket: int
    metric: str
    cycle: int
    state: str
    priority: str
    started_at: datetime
    due_at: datetime | None
    next_at: datetime | None
    breached_at: datetime | None
    ended_at: datetime | None
    minutes: int | None
    tenure: int | None
    spent_seconds: int | None


class EntryRow(NamedTuple):
    """A row of ``ClockEntry``, in the order of its columns."""

    ticket: int
    position: int
    at: datetime
    metric: str
    cycle: int
    kind: str
    cause: str
    cause_id: int | None
    due_at: datetime | None
    minutes: int | None
    percent: int | None
    priority: str
    tenure: int | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The clocks of a ticket and the entries behind them."""

    clocks: list[ClockRow]
    entries: list[EntryRow]


def tell(ticket: Facts, promises: Sequence[Promise], book: Book, *, now: datetime) -> Ledger:
    """Return the ledger of a ticket as of ``now``.

    ``promises`` are those of its account in the order of time, the first since ever. What is dated after ``now`` counts
    once its time comes: a clock looks again then. Of a ticket that is done nobody knows when, only a first response is
    told that it has had. Where a calendar never opens again, nothing is told.
    """
    if ticket.opened_at > now:
        return Ledger([], [])
    facts = facts_of(
        ((at, kind, value) for _, at, kind, value in ticket.events),
        first_replied_at=ticket.first_replied_at,
        solved_at=None if ticket.status in GOES_ON else ticket.solved_at,
        is_done=ticket.status in DONE,
    )
    priorities = priorities_of(ticket.events, opened_at=ticket.opened_at, present=ticket.priority)
    changes = changes_of(promises, priorities, book, opened_at=ticket.opened_at)
    try:
        runs = tell_runs(ticket.opened_at, facts, changes, now=now)
    except NeverOpen:
        # Written wrongly by somebody; it mustn't keep the tickets waiting that are told with it.
        return Ledger([], [])
    if ticket.status in DONE and not any(one.what == Happening.SOLVED for one in facts):
        runs = [one for one in runs if one.run.metric == Metric.FIRST_RESPONSE and one.run.end is not None]
    ahead = min((at for at in (*_ahead(facts, now), *_coming(priorities, now))), default=None)
    priority = next(value for since, value, _ in reversed(priorities) if since is None or since <= now)
    return Ledger(
        [_clock(ticket.ticket, one, priority, ahead) for one in runs],
        [_entry(ticket.ticket, place, entry) for place, entry in enumerate(in_order(runs), start=1)],
    )


def _ahead(facts: Sequence[Fact], now: datetime) -> Iterator[datetime]:
    return (one.at for one in facts if one.at > now)


def _coming(
    priorities: Sequence[tuple[datetime | None, str, int | None]], now: datetime
) -> Iterator[datetime]:
    return (since for since, _, _ in priorities if since is not None and since > now)


def _clock(ticket: int, told: Told, priority: str, ahead: datetime | None) -> ClockRow:
    stand = stand_by(told.entries)
    target = told.target
    looks = [at for at in (told.next_at, ahead) if at is not None]
    return ClockRow(
        ticket,
        told.run.metric,
        told.run.cycle,
        stand.state,
        priority,
        told.run.start,
        stand.due_at,
        min(looks, default=None),
        stand.breached_at,
        stand.ended_at,
        None if target is None else target.minutes,
        None if target is None else _origin(target.origin)[0],
        None if stand.ended_at is None else _spent(told, stand.ended_at),
    )


def _spent(told: Told, ended_at: datetime) -> int | None:
    """Return the open seconds outside the pauses that a run took until it ended; None where nothing is promised."""
    if told.target is None:
        return None
    run, calendar = told.run, told.target.calendar
    pauses = [(one.began_at, min(one.ended_at or ended_at, ended_at)) for one in run.pauses]
    stood_still = sum(business_minutes(since, until, calendar) for since, until in pauses if since < until)
    spent = round((business_minutes(run.start, ended_at, calendar) - stood_still) * 60)
    return min(spent, LONGEST_SPENT)


def _entry(ticket: int, position: int, entry: Entry) -> EntryRow:
    cause, _, row = entry.cause.partition(SEPARATOR)
    tenure, priority = _origin(entry.origin)
    return EntryRow(
        ticket,
        position,
        entry.at,
        entry.metric,
        entry.cycle,
        entry.kind,
        cause,
        int(row) if row else None,
        entry.due_at,
        entry.minutes,
        entry.percent,
        priority,
        tenure,
    )


def _origin(origin: str) -> tuple[int | None, str]:
    tenure, _, priority = origin.partition(WITH_PRIORITY)
    return (int(tenure) if tenure else None), priority
