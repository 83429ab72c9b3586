"""How tickets stand to the first answer that was promised, as their ledgers tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import Tier
from common.periods import end_of
from support.clocks.reading import standing
from support.clocks.standing import stand_by
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


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The first answer to a ticket at a moment: when it was due by which hours, and how it stands.

    ``status`` is in words, such as “2 h left”. ``promise`` is the target with what gave it, empty where nothing is
    promised.
    """

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
    entries = ClockEntry.objects.filter(
        ticket=OuterRef("pk"), metric=SlaMetric.FIRST_RESPONSE, at__lt=_moment(as_of)
    )
    said = {name: F(f"tenure__{path}") for name, path in TENURE.items()}
    lines = JSONObject(kind="kind", at="at", due_at="due_at", minutes="minutes", priority="priority", **said)
    told: QuerySet[Any, Any] = tickets.annotate(
        told=ArraySubquery(entries.order_by("position").values(line=lines))
    )
    return told


def first_answer(told: Sequence[Mapping[str, Any]], as_of: date) -> FirstAnswer | None:
    """Return how a ticket stood to its first answer; None where nothing is told yet, or nothing was ever promised."""
    if not told:
        return None
    entries = [_entry(line) for line in told]
    stand = stand_by(entries)
    promised = [place for place, one in enumerate(entries) if one.minutes is not None]
    if not promised or stand.due_at is None:
        return FirstAnswer(None, "", "", *standing(Clock(state=stand.state), _moment(as_of)), is_late=False)
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
    return FirstAnswer(stand.due_at, hours(tenure), promise_words(promise, tenure), status, tone, is_late)


def _moment(as_of: date) -> datetime:
    return min(end_of(as_of), timezone.now())


def _entry(line: Mapping[str, Any]) -> ClockEntry:
    return ClockEntry(
        kind=line["kind"],
        at=datetime.fromisoformat(line["at"]),
        due_at=line["due_at"] and datetime.fromisoformat(line["due_at"]),
        minutes=line["minutes"],
        priority=line["priority"],
        metric=SlaMetric.FIRST_RESPONSE,
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
        return getattr(row["answer"], name, None)

    return value


# What a file says of a row's first answer, under ``answer``.
FIRST_ANSWER_COLUMNS = (
    ("due_at", "First answer due", _told("due_at")),
    ("promise", "Promised", _told("promise")),
    ("stands", "First answer", _told("status")),
    ("is_late", "First answer late", _told("is_late")),
)
