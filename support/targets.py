"""How tickets stand to what was promised of them at a moment, as their ledgers tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import Tier
from common.periods import end_of
from support.clocks.reading import standing
from support.clocks.standing import Stand, stand_by
from support.clocks.words import hours, promise_words
from support.models import BusinessCalendar, Clock, ClockEntry, Policy, PolicyTenure, SlaMetric
from support.querysets import TicketQuerySet

# What the words of a promise take, by where a tenure has it.
TENURE = {
    "agreed_by": "agreed_by",
    "policy": "policy__name",
    "tier": "tier__label",
    "calendar": "calendar__name",
}
GOING = (Clock.State.RUNNING, Clock.State.PAUSED)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stands:
    """A clock of a ticket at a moment: which, when it was due by which hours, and how it stands.

    ``status`` is in words, such as “2 h left”. ``promise`` is the target with what gave it, empty where nothing is
    promised.
    """

    clock: str
    due_at: datetime | None
    hours: str
    promise: str
    status: str
    tone: str
    is_late: bool


def with_first_answers(tickets: TicketQuerySet, as_of: date) -> QuerySet[Any, Any]:
    """Return tickets with what their ledgers told of the first answer when ``as_of`` ended, or tell now, as ``told``.

    In the query that reads the tickets; ``first_answer`` makes it of what that brings.
    """
    return _with_lines(tickets, as_of, metric=SlaMetric.FIRST_RESPONSE)


def with_clocks(tickets: TicketQuerySet, as_of: date) -> QuerySet[Any, Any]:
    """Return tickets with what their ledgers told of all their clocks, as ``with_first_answers`` does of one.

    ``most_urgent`` makes it of what that brings.
    """
    return _with_lines(tickets, as_of)


def _with_lines(tickets: TicketQuerySet, as_of: date, **which: str) -> QuerySet[Any, Any]:
    entries = ClockEntry.objects.filter(ticket=OuterRef("pk"), at__lt=_moment(as_of), **which)
    said = {name: F(f"tenure__{path}") for name, path in TENURE.items()}
    own = {name: name for name in ("metric", "cycle", "kind", "at", "due_at", "minutes", "priority")}
    told: QuerySet[Any, Any] = tickets.annotate(
        told=ArraySubquery(entries.order_by("position").values(line=JSONObject(**own, **said)))
    )
    return told


def first_answer(told: Sequence[Mapping[str, Any]], as_of: date) -> Stands | None:
    """Return how a ticket stood to its first answer; None where nothing is told yet, or nothing was ever promised."""
    return _stands(told, as_of)[1] if told else None


def most_urgent(told: Sequence[Mapping[str, Any]], as_of: date) -> Stands | None:
    """Return the clock of a ticket that runs out first, else one that stands still; None where none goes on."""
    runs: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for line in told:
        runs.setdefault((line["metric"], line["cycle"]), []).append(line)
    found = [_stands(lines, as_of) for lines in runs.values()]
    going = [(stand, said) for stand, said in found if stand.ended_at is None and stand.state in GOING]
    if not going:
        return None
    return min(going, key=lambda one: one[0].due_at or NEVER)[1]


def _stands(told: Sequence[Mapping[str, Any]], as_of: date) -> tuple[Stand, Stands]:
    """Return how one run of a clock stood by its lines, and that in words."""
    entries = [_entry(line) for line in told]
    stand, name = stand_by(entries), str(SlaMetric(entries[0].metric).label)
    promised = [place for place, one in enumerate(entries) if one.minutes is not None]
    # One that stands still is due at no time, and is promised all the same.
    if not promised or (stand.due_at is None and stand.state != Clock.State.PAUSED):
        nothing = standing(Clock(state=stand.state), _moment(as_of))
        return stand, Stands(name, None, "", "", *nothing, is_late=False)
    promise, tenure = entries[promised[-1]], _tenure(told[promised[-1]])
    clock = Clock(
        state=stand.state,
        started_at=entries[0].at,
        due_at=stand.due_at,
        breached_at=stand.breached_at,
        ended_at=stand.ended_at,
        minutes=promise.minutes,
    )
    status, tone = standing(clock, _moment(as_of))
    is_late = stand.breached_at is not None
    said = Stands(
        name, stand.due_at, hours(tenure), promise_words(promise, tenure), status, tone, is_late=is_late
    )
    return stand, said


def _moment(as_of: date) -> datetime:
    return min(end_of(as_of), timezone.now())


def _entry(line: Mapping[str, Any]) -> ClockEntry:
    return ClockEntry(
        kind=line["kind"],
        at=datetime.fromisoformat(line["at"]),
        due_at=line["due_at"] and datetime.fromisoformat(line["due_at"]),
        minutes=line["minutes"],
        priority=line["priority"],
        metric=line["metric"],
    )


def _tenure(line: Mapping[str, Any]) -> PolicyTenure:
    """Return a promise with as much of it as its words take."""
    return PolicyTenure(
        agreed_by=line["agreed_by"],
        policy=Policy(name=line["policy"]) if line["policy"] else None,
        tier=Tier(label=line["tier"]) if line["tier"] else None,
        calendar=BusinessCalendar(name=line["calendar"]) if line["calendar"] else None,
    )


def _told(name: str, of: str) -> Callable[[Mapping[str, Any]], Any]:
    def value(row: Mapping[str, Any]) -> Any:
        return getattr(row[of], name, None)

    return value


# What a file says of a row's first answer, under ``answer``, and of the clock that runs out first, under ``clock``.
FIRST_ANSWER_COLUMNS = (
    ("due_at", "First answer due", _told("due_at", "answer")),
    ("promise", "Promised", _told("promise", "answer")),
    ("stands", "First answer", _told("status", "answer")),
    ("is_late", "First answer late", _told("is_late", "answer")),
)
CLOCK_COLUMNS = (
    ("clock", "Clock", _told("clock", "clock")),
    ("due_at", "Due", _told("due_at", "clock")),
    ("promise", "Promised", _told("promise", "clock")),
    ("stands", "Stands", _told("status", "clock")),
    ("is_late", "Late", _told("is_late", "clock")),
)
