"""Give chosen tickets of the queue, each by a decision of its own, and say what was refused and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError

from common.params import read_key
from people.models import User
from support.models import Assignment, SupportTeam, Ticket
from support.routing.services import EDITORS, REFUSED, give_ticket

MOST_PICKED = 100
GONE = "This ticket is not there any more."
WAITS = "It waits in a queue already."
TAKEN = "taken from the queue"


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen ticket, and the key of the decision that its chooser saw, 0 for none."""

    ticket: int
    seen: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A ticket that stayed where it was, and why."""

    ticket: Ticket | None
    key: int
    why: str


@dataclass(frozen=True, slots=True)
class Given:
    """What became of chosen tickets: those that were given, and those that were refused."""

    made: Sequence[Assignment]
    refused: Sequence[Refusal]


def read_picks(texts: Iterable[str]) -> list[Pick]:
    """Return the tickets that a form chose, each once, at most ``MOST_PICKED``; what names none is left out."""
    found: dict[int, Pick] = {}
    for text in texts:
        ticket, _, seen = text.partition(".")
        if key := read_key(ticket):
            found.setdefault(key, Pick(key, read_key(seen)))
    return list(found.values())[:MOST_PICKED]


def picked_tickets(picks: Sequence[Pick]) -> dict[int, Ticket]:
    """Return the tickets that are there of those chosen, with their accounts; one query."""
    rows = Ticket.objects.live().filter(account__deleted_at=None).select_related("account")
    return rows.in_bulk([pick.ticket for pick in picks])


def give_tickets(
    picks: Sequence[Pick], *, engineer: User | None, team: SupportTeam | None, reason: str, by: User
) -> Given:
    """Give tickets to somebody or into the queue of a team; each is a transaction of its own.

    Raises PermissionDenied for others than support and RevOps.
    """
    return _each(
        picks,
        by,
        lambda ticket, seen: give_ticket(
            ticket=ticket, engineer=engineer, team=team, reason=reason, by=by, seen=seen
        ),
    )


def put_back(picks: Sequence[Pick], *, reason: str, by: User) -> Given:
    """Put tickets back into the queue of the team that has them; each is a transaction of its own.

    Raises PermissionDenied for others than support and RevOps.
    """
    rows = Assignment.objects.present().filter(ticket__in=[pick.ticket for pick in picks])
    held = {row.ticket_id: row for row in rows.select_related("team")}
    general = SupportTeam.objects.filter(is_general=True).first()

    def give(ticket: Ticket, seen: int) -> Assignment:
        present = held.get(ticket.pk)
        if present is None or present.engineer_id is None:
            raise ValidationError(WAITS)
        team = present.team or general
        return give_ticket(ticket=ticket, engineer=None, team=team, reason=reason, by=by, seen=seen)

    return _each(picks, by, give)


def _each(picks: Sequence[Pick], by: User, give: Callable[[Ticket, int], Assignment]) -> Given:
    if by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
    tickets = picked_tickets(picks)
    made: list[Assignment] = []
    refused: list[Refusal] = []
    for pick in picks:
        ticket = tickets.get(pick.ticket)
        if ticket is None:
            refused.append(Refusal(None, pick.ticket, GONE))
            continue
        try:
            made.append(give(ticket, pick.seen))
        except ValidationError as error:
            refused.append(Refusal(ticket, pick.ticket, _said(error)))
    return Given(made, refused)


def _said(error: ValidationError) -> str:
    messages: list[Any] = list(error.messages)
    return " ".join(str(one) for one in messages)
