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


def with_clocks(tickets: TicketQuerySet, as_of: date) -> QuerySet[Any, Any]:
    """Return tickets with what their ledgers told when ``as_of`` ended, or tell now, as ``told``.

    In the query that reads the tickets; ``most_urgent`` makes a clock of what that brings.
    """
    entries = ClockEntry.objects.filter(ticket=OuterRef("pk"), at__lt=_moment(as_of))
    said = {name: F(f"tenure__{path}") for name, path in TENURE.items()}
    own = {name: name for name in ("metric", "cycle", "kind", "at", "due_at", "minutes", "priority")}
    told: QuerySet[Any, Any] = tickets.annotate(
        told=ArraySubquery(entries.order_by("position").values(line=JSONObject(**own, **said)))
    )
    return told


def most_urgent(told: Sequence[Mapping[str, Any]], as_of: date) -> Stands | None:
    """Return the clock of a ticket that runs out first, else one that stands still; None where none goes on."""
    runs: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for line in told:
        runs.setdefault((line["metric"], line["cycle"]), []).append(line)
    stands = [(stand_by(map(_entry, lines)), lines) for lines in runs.values()]
    going = [one for one in stands if one[0].state in GOING]
    if not going:
        return None
    return _in_words(*min(going, key=lambda one: one[0].due_at or NEVER), as_of)


def _in_words(stand: Stand, lines: Sequence[Mapping[str, Any]], as_of: date) -> Stands:
    """Return in words how a clock that goes on stands, by the lines of its ledger."""
    promised = next(line for line in reversed(lines) if line["minutes"] is not None)
    promise, tenure = _entry(promised), _tenure(promised)
    clock = Clock(
        state=stand.state,
        started_at=_entry(lines[0]).at,
        due_at=stand.due_at,
        breached_at=stand.breached_at,
        minutes=promise.minutes,
    )
    status, tone = standing(clock, _moment(as_of))
    return Stands(
        clock=str(SlaMetric(promise.metric).label),
        due_at=stand.due_at,
        hours=hours(tenure),
        promise=promise_words(promise, tenure),
        status=status,
        tone=tone,
        is_late=stand.breached_at is not None,
    )


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


def _told(name: str) -> Callable[[Mapping[str, Any]], Any]:
    def value(row: Mapping[str, Any]) -> Any:
        return getattr(row["clock"], name, None)

    return value


# What a file says of a row's most urgent clock, under ``clock``.
CLOCK_COLUMNS = (
    ("clock", "Clock", _told("clock")),
    ("due_at", "Due", _told("due_at")),
    ("promise", "Promised", _told("promise")),
    ("stands", "Stands", _told("status")),
    ("is_late", "Late", _told("is_late")),
)
