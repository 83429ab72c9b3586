"""The ledger of a ticket's clocks, told from what happened to it.

``replay`` is pure and knows everything that the ledger says: told again from the same facts it gives the same entries,
so that late events, other targets and merges are recomputed by telling the ledger anew and putting it in the place of
the old one.

- **First response** runs from the opening to the first public reply by a person. It never pauses. While the ticket is
  solved without a reply it is silent; reopened, it has run on.
- **Next response** runs from a customer's message to the next public reply, after the first one. Messages while it runs
  change nothing. Solving the ticket stops it.
- **Resolution** runs from the opening to the solution. It pauses while we wait for the customer. Reopening continues it
  without the time for which the ticket was solved.

A change of the target (priority, tier, policy, calendar) counts from the start of the clock and keeps the pauses. Where
the new target has passed already, the clock is breached at the change. Where there is none any more, it is cleared;
where there was none before, it starts at the change and has counted from its start all the same. What is solved keeps
its target; a change in that time counts from the reopening on.
What happens at the very moment at which something is due is in time. Of several warnings that pass at one moment the
last is told, and what was told and still holds under another target isn't told again.

What the ledger says of a time doesn't depend on what happens after it: told later, it goes on where it ended.
Source: DOMAIN.md, "Support clocks".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import dropwhile
from typing import TypeGuard

from support.calendars.hours import Calendar, Pause, due_at

# Shares of a target in per cent: at these it warns, at the last it is breached.
WARNINGS = (50, 75, 90)
BREACHED = 100
# Causes that are no happening.
OPENED, TIME, CHANGE = "opened", "time", "change"


class Metric(StrEnum):
    """What is promised."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class Kind(StrEnum):
    """What an entry of the ledger says."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    RECOMPUTE = "recompute"
    CLEAR = "clear"
    WARN = "warn"
    BREACH = "breach"
    MEET = "meet"
    STOP = "stop"


class Happening(StrEnum):
    """What happens to a ticket, as far as clocks care; internal notes and automatic replies are none."""

    CUSTOMER_REPLY = "customer_reply"
    AGENT_REPLY = "agent_reply"
    WAITING = "waiting"
    WORKING = "working"
    SOLVED = "solved"


STATES = frozenset({Happening.WAITING, Happening.WORKING, Happening.SOLVED})


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, in the order in which facts are given where two have one time."""

    at: datetime
    what: Happening


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised: so many open minutes of a calendar.

    ``origin`` says who promised it; the same promise from somebody else is no other target.
    """

    minutes: int
    calendar: Calendar
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """From ``at`` on these targets count, by ``cause``; a metric without one isn't promised."""

    at: datetime
    cause: str
    targets: Mapping[Metric, Target]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    ``cycle`` counts the runs of a metric from 1: next responses have many. ``due_at`` is when the clock is due from
    then on, None while it stands still or nothing is promised. ``percent`` is that of a warning.
    """

    at: datetime
    metric: Metric
    cycle: int
    kind: Kind
    cause: str
    due_at: datetime | None = None
    minutes: int | None = None
    origin: str = ""
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in which a run stood still or was silent: what began it and what ended it, None while it lasts."""

    began_at: datetime
    ended_at: datetime | None
    began_by: str
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a metric: from when, and what ended it when, None while it runs.

    ``is_kept`` says that its end is what was promised; a solution is the end of a resolution for as long as it lasts.
    Time stands still in ``pauses``; in ``silences`` it goes on, and nothing is told of it.
    """

    metric: Metric
    cycle: int
    start: datetime
    started_by: str
    end: datetime | None = None
    ended_by: str = ""
    is_kept: bool = False
    pauses: tuple[Interval, ...] = ()
    silences: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """One run with its entries up to a moment.

    ``next_at`` is when the next warning or the breach passes if nothing else happens, None for never. ``target`` is
    what is promised at the end, or at that moment.
    """

    run: Run
    entries: tuple[Entry, ...]
    next_at: datetime | None
    target: Target | None


def replay(
    opened_at: datetime, facts: Sequence[Fact], changes: Sequence[Change], *, now: datetime
) -> list[Entry]:
    """Return the ledger of a ticket as of ``now``, in the order of time; takes and raises what ``tell_runs`` does."""
    return in_order(tell_runs(opened_at, facts, changes, now=now))


def in_order(runs: Iterable[Told]) -> list[Entry]:
    """Return the entries of all runs of a ticket in the order of time."""
    return sorted((entry for one in runs for entry in one.entries), key=_at)


def tell_runs(
    opened_at: datetime, facts: Sequence[Fact], changes: Sequence[Change], *, now: datetime
) -> list[Told]:
    """Return every run of a ticket of which there is something to tell as of ``now``.

    ``facts`` before the opening count from it. ``changes`` are in order, the first at the opening or before. What lies
    after ``now`` is left out. Raises ``ValueError`` where no change counts at the opening.
    """
    if not changes or changes[0].at > opened_at:
        raise ValueError(
            "changes: none counts at the opening; give the targets that the ticket was opened with."
        )
    known = sorted((Fact(max(one.at, opened_at), one.what) for one in facts if one.at <= now), key=_at)
    found: list[Told] = []
    for run in runs_of(opened_at, known):
        if run.start <= now:
            teller = _Teller(run)
            if entries := tuple(teller.tell(changes, now)):
                found.append(Told(run, entries, teller.next_at, teller.target))
    return found


def _at(one: Fact | Entry) -> datetime:
    return one.at


def runs_of(opened_at: datetime, facts: Sequence[Fact]) -> list[Run]:
    """Return every run of each metric, from facts in the order of time."""
    states = _states(opened_at, facts)
    return [
        _first_response(opened_at, facts, states),
        *_next_responses(facts),
        _resolution(opened_at, states),
    ]


def _states(opened_at: datetime, facts: Sequence[Fact]) -> list[Interval]:
    """Return the times in which nobody of ours works on the ticket; one after the other may touch."""
    found: list[Interval] = []
    state, since = Happening.WORKING, opened_at
    for one in facts:
        if one.what not in STATES or one.what == state:
            continue
        if state != Happening.WORKING:
            found.append(Interval(since, one.at, state, one.what))
        state, since = one.what, one.at
    if state != Happening.WORKING:
        found.append(Interval(since, None, state))
    return found


def _first_response(opened_at: datetime, facts: Sequence[Fact], states: Sequence[Interval]) -> Run:
    reply = next((one.at for one in facts if one.what == Happening.AGENT_REPLY), None)
    run = Run(
        Metric.FIRST_RESPONSE,
        1,
        opened_at,
        OPENED,
        silences=tuple(
            one
            for one in states
            if one.began_by == Happening.SOLVED and (reply is None or one.began_at < reply)
        ),
    )
    if reply is None:
        return run
    return replace(run, end=reply, ended_by=Happening.AGENT_REPLY, is_kept=True)


def _next_responses(facts: Sequence[Fact]) -> Iterator[Run]:
    is_answered, cycle = False, 0
    running: Run | None = None
    for one in facts:
        if one.what == Happening.CUSTOMER_REPLY and is_answered and running is None:
            cycle += 1
            running = Run(Metric.NEXT_RESPONSE, cycle, one.at, Happening.CUSTOMER_REPLY)
        elif one.what in (Happening.AGENT_REPLY, Happening.SOLVED):
            if running is not None:
                is_kept = one.what == Happening.AGENT_REPLY
                yield replace(running, end=one.at, ended_by=one.what, is_kept=is_kept)
            running = None
            is_answered = is_answered or one.what == Happening.AGENT_REPLY
    if running is not None:
        yield running


def _resolution(opened_at: datetime, states: Sequence[Interval]) -> Run:
    return Run(Metric.RESOLUTION, 1, opened_at, OPENED, is_kept=True, pauses=tuple(states))


@dataclass(slots=True)
class _Teller:
    """Tells one run; ``told`` are the shares of the target, in per cent, that were told as passed and still are."""

    run: Run
    told: set[int] = field(default_factory=set)
    next_at: datetime | None = None
    target: Target | None = None

    def tell(self, changes: Sequence[Change], now: datetime) -> Iterator[Entry]:
        """Yield the entries of the run up to ``now``, from where something is promised for the first time."""
        spans = list(dropwhile(lambda span: span[3] is None, self._spans(changes, now)))
        if not spans:
            return
        for place, (since, until, cause, target) in enumerate(spans):
            is_last = place == len(spans) - 1
            yield self._changed(since, cause, target, is_first=not place)
            yield from self._stood_still(since, until, target, is_last=is_last)
            if target is not None:
                yield from self._passed(since, until, target, is_last=is_last)
        self.target = spans[-1][3]
        if self.run.end is not None:
            yield self._ended(self.run.end, self.run.ended_by, self.target)

    def _spans(
        self, changes: Sequence[Change], now: datetime
    ) -> Iterator[tuple[datetime, datetime, str, Target | None]]:
        """Yield from when to when which target counts, by what cause; the same one twice in a row is one."""
        end = self.run.end
        held: tuple[datetime, str, Target | None] = (self.run.start, self.run.started_by, None)
        counted: dict[datetime, Change] = {}
        for one in changes:
            if one.at <= self.run.start:
                held = self.run.start, self.run.started_by, one.targets.get(self.run.metric)
            elif (at := self._reopened(one.at)) is not None and at <= now and (end is None or at < end):
                counted[at] = one  # Of several that count from one moment, the last.
        for at, one in counted.items():
            target = one.targets.get(self.run.metric)
            if target != held[2]:
                yield held[0], at, held[1], held[2]
                held = at, one.cause, target
        yield held[0], now if end is None else end, held[1], held[2]

    def _reopened(self, at: datetime) -> datetime | None:
        """Return when a change at some time counts: what is solved keeps its target until it is reopened."""
        for one in (*self.run.pauses, *self.run.silences):
            if one.began_by == Happening.SOLVED and one.began_at <= at and not _is_by(one.ended_at, at):
                return one.ended_at
        return at

    def _changed(self, at: datetime, cause: str, target: Target | None, *, is_first: bool) -> Entry:
        """Tell the start, or that another target counts from here, and forget what no longer holds."""
        self.told = {
            percent
            for percent in self.told
            if target is not None and (due := self._due(target, percent)) is not None and due <= at
        }
        kind = Kind.START if is_first else Kind.CLEAR if target is None else Kind.RECOMPUTE
        return self._entry(at, kind, cause, target)

    def _stood_still(
        self, since: datetime, until: datetime, target: Target | None, *, is_last: bool
    ) -> Iterator[Entry]:
        """Tell the pauses and silences that begin or end from ``since`` to ``until``."""
        for one in self.run.pauses:
            if _falls(one.began_at, since, until, is_last=is_last):
                if one.began_by == Happening.SOLVED:
                    yield self._ended(one.began_at, one.began_by, target)
                else:
                    yield self._entry(one.began_at, Kind.PAUSE, one.began_by, target)
            if one.ended_by == Happening.WORKING and _falls(one.ended_at, since, until, is_last=is_last):
                yield self._entry(one.ended_at, Kind.RESUME, one.ended_by, target)
        for one in self.run.silences:
            if _falls(one.began_at, since, until, is_last=is_last):
                yield Entry(one.began_at, self.run.metric, self.run.cycle, Kind.STOP, one.began_by)
            if _falls(one.ended_at, since, until, is_last=is_last):
                yield self._entry(one.ended_at, Kind.RESUME, one.ended_by, target)

    def _passed(self, since: datetime, until: datetime, target: Target, *, is_last: bool) -> Iterator[Entry]:
        """Tell what passes from ``since`` to ``until``: of what passes at one moment the last."""
        passed: dict[datetime, int] = {}
        for percent in (*WARNINGS, BREACHED):
            at = self._passes_at(target, percent, since)
            is_running = is_last and self.run.end is None
            if at is None or at > until or (at == until and not is_running):
                if at is not None and is_running:
                    self.next_at = at if self.next_at is None else min(at, self.next_at)
                continue
            if percent not in self.told:
                passed[at] = percent
            self.told.add(percent)
        for at, percent in passed.items():
            if percent == BREACHED:
                yield self._entry(at, Kind.BREACH, TIME if at > since else CHANGE, target)
            else:
                yield replace(self._entry(at, Kind.WARN, TIME, target), percent=percent)

    def _passes_at(self, target: Target, percent: int, since: datetime) -> datetime | None:
        """Return when a share of the target passes and may be told, not before ``since``; None for never."""
        due = self._due(target, percent)
        if due is None:
            return None
        at = max(due, since)
        for one in (*self.run.pauses, *self.run.silences):
            # Solved at the very moment is in time; what is solved is never late.
            if one.began_by == Happening.SOLVED and one.began_at <= at and not _is_by(one.ended_at, at):
                if one.ended_at is None:
                    return None
                at = one.ended_at
        return at

    def _ended(self, at: datetime, cause: str, target: Target | None) -> Entry:
        """Tell the end: met, or stopped where nothing was promised, it was late, or solved without an answer."""
        due = None if target is None else self._due(target, BREACHED, known_at=at)
        is_kept = self.run.is_kept and target is not None and (due is None or due >= at)
        return Entry(at, self.run.metric, self.run.cycle, Kind.MEET if is_kept else Kind.STOP, cause)

    def _entry(self, at: datetime, kind: Kind, cause: str, target: Target | None) -> Entry:
        entry = Entry(at, self.run.metric, self.run.cycle, kind, cause)
        if target is None:
            return entry
        due = None if kind == Kind.PAUSE else self._due(target, BREACHED, known_at=at)
        return replace(entry, due_at=due, minutes=target.minutes, origin=target.origin)

    def _due(self, target: Target, percent: int, *, known_at: datetime | None = None) -> datetime | None:
        """Return when a share of the target passes, by all pauses or by those known at a time."""
        pauses: list[Pause] = [
            (one.began_at, one.ended_at if known_at is None or _is_by(one.ended_at, known_at) else None)
            for one in self.run.pauses
            if known_at is None or one.began_at <= known_at
        ]
        return due_at(self.run.start, target.minutes * percent / BREACHED, target.calendar, pauses)


def _falls(at: datetime | None, since: datetime, until: datetime, *, is_last: bool) -> TypeGuard[datetime]:
    return at is not None and (since <= at < until or (is_last and at == until))


def _is_by(at: datetime | None, moment: datetime) -> bool:
    return at is not None and at <= moment
