"""Escalations as pages show them: what is late, who was told when and how, who comes next, and who has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from common.export import Table, table_of
from common.formatting import format_datetime
from support.clocks.words import span
from support.escalations.audience import rung_words
from support.escalations.ladders import paths, read_ladders
from support.models import Escalation, EscalationStep, Firing, SlaMetric, Ticket
from support.models.escalations import BREACH
from tiers.entitlements.values import minutes_in_words

MOST_FIRINGS = 40


@dataclass(frozen=True, slots=True)
class Shown:
    """One escalation in words.

    ``path`` says which ladder it climbs and what gave it, ``following`` who is told next and when, empty where nobody
    is. ``tone`` is of ``state``.
    """

    escalation: Escalation
    label: str
    promised: str
    path: str
    steps: Sequence[EscalationStep]
    following: str
    state: str
    tone: str

    @property
    def may_be_taken(self) -> bool:
        """Whether it waits for somebody to take it up."""
        return self.escalation.ended_at is None and self.escalation.acknowledged_at is None


def shown(held: Collection[Escalation]) -> list[Shown]:
    """Return escalations in words, in their order; four queries, however many they are."""
    ladders = read_ladders(held)
    words = paths()
    steps: dict[int, list[EscalationStep]] = {}
    for step in EscalationStep.objects.filter(escalation__in=[one.pk for one in held]):
        steps.setdefault(step.escalation_id, []).append(step)
    found = []
    for one in held:
        following = ""
        if one.next_position is not None and one.next_at is not None:
            rung = ladders.rung(one, one.next_position)
            whom = rung_words(rung) if rung else "who has the ticket"
            following = f"{whom[:1].upper()}{whom[1:]}, {format_datetime(one.next_at)}"
        found.append(
            Shown(
                one,
                clock_words(one),
                minutes_in_words(one.firing.minutes),
                f"{words.get(one.path, one.path)}, by {one.origin}",
                steps.get(one.pk, []),
                following,
                *_state(one),
            )
        )
    return found


def clock_words(one: Escalation | Firing) -> str:
    """Return which clock of a ticket it is, in words."""
    label = str(SlaMetric(one.metric).label)
    return f"{label} {one.cycle}" if one.metric == SlaMetric.NEXT_RESPONSE and one.cycle > 1 else label


def _state(one: Escalation) -> tuple[str, str]:
    if one.ended_at is not None:
        return str(one.get_ended_by_display()), "neutral"
    if one.acknowledged_at is not None:
        return f"{one.acknowledged_by} has it", "blue"
    return "Nobody has taken it up", "red"


def escalations_of(ticket: Ticket) -> list[Shown]:
    """Return the escalations of a ticket, the newest first; five queries."""
    return shown(list(listed().filter(ticket=ticket)))


def listed(which: str = "") -> QuerySet[Escalation]:
    """Return escalations, the newest first: those ``unanswered``, those ``present``, or every one."""
    rows = Escalation.objects.all()
    if which == "unanswered":
        rows = rows.unanswered()
    elif which == "present":
        rows = rows.present()
    return (
        rows.filter(ticket__deleted_at=None, ticket__account__deleted_at=None)
        .select_related("firing", "acknowledged_by", "ticket__account", "tenure__tier")
        .order_by("-began_at", "-id")
    )


@dataclass(frozen=True, slots=True)
class Said:
    """A warning or breach that was told, in words: how long after its time, and whether it still holds."""

    firing: Firing
    label: str
    what: str
    lag: str


def firings_of(ticket: Ticket) -> list[Said]:
    """Return what was told about a ticket, the newest first; one query."""
    rows = Firing.objects.filter(ticket=ticket).order_by("-passed_at", "-percent", "-pk")[:MOST_FIRINGS]
    return [
        Said(
            one,
            clock_words(one),
            "The time ran out" if one.percent == BREACH else f"{one.percent} % of the time is used up",
            lag(one.fired_at - one.passed_at),
        )
        for one in rows
    ]


def lag(of: timedelta) -> str:
    """Return how long after its time something was told."""
    seconds = int(of.total_seconds())
    return f"{seconds} s" if seconds < 60 else span(of)


def escalations_table(rows: Iterable[Shown]) -> Table:
    """Return escalations for a file."""
    return table_of(
        "escalations",
        list(rows),
        [
            ("ticket", "Ticket id", lambda row: row.escalation.ticket_id),
            ("subject", "Ticket", lambda row: row.escalation.ticket.subject),
            ("account", "Account", lambda row: row.escalation.ticket.account.name),
            ("clock", "Clock", lambda row: row.label),
            ("promised", "Promised within", lambda row: row.promised),
            ("began_at", "Late since", lambda row: row.escalation.firing.passed_at),
            ("path", "Goes", lambda row: row.path),
            ("told", "Told", lambda row: "; ".join(step.words for step in row.steps)),
            ("following", "Next", lambda row: row.following),
            ("state", "State", lambda row: row.state),
            ("acknowledged_at", "Taken up", lambda row: row.escalation.acknowledged_at),
            ("ended_at", "Over", lambda row: row.escalation.ended_at),
        ],
    )
