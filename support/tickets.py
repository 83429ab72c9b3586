"""Reads of one ticket beside its clocks: its story, and what else its account asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import Case, IntegerField, Q, Value, When

from support.models import EventKind, Priority, Status, Ticket, TicketEvent

MOST_EVENTS = 50
MOST_OTHERS = 6
TONES = {EventKind.CUSTOMER_REPLY: "blue", EventKind.AGENT_REPLY: "green", EventKind.PRIORITY: "amber"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a ticket, in words."""

    at: datetime
    title: str
    note: str
    tone: str


def events_of(ticket: Ticket) -> list[Event]:
    """Return what happened to a ticket, the newest first, one more than a page shows; its opening comes last."""
    rows = TicketEvent.objects.filter(ticket=ticket, deleted_at=None).order_by("-occurred_at", "-pk")
    found = [_event(row) for row in islice(rows.iterator(), MOST_EVENTS + 1)]
    if len(found) <= MOST_EVENTS:
        who = f"by {ticket.requester_email}" if ticket.requester_email else ""
        found.append(Event(ticket.opened_at, "Opened", who, "blue"))
    return found


def _event(row: TicketEvent) -> Event:
    kind = EventKind(row.kind)
    words: type[Priority | Status] | None = {
        EventKind.STATUS: Status,
        EventKind.PRIORITY: Priority,
    }.get(kind)  # type: ignore[assignment]
    tone = str(TONES.get(kind, ""))
    if words is None:
        return Event(row.occurred_at, str(kind.label), row.value, tone)
    was = f", {words(row.value_before).label.lower()} before" if row.value_before in words.values else ""
    return Event(row.occurred_at, f"{kind.label} to {words(row.value).label.lower()}", was[2:], tone)


def others_of(ticket: Ticket) -> list[Ticket]:
    """Return other tickets of the account, those about the same area first, then the newest."""
    same = Q(product_area=ticket.product_area) & ~Q(product_area="")
    rank = Case(When(same, then=Value(0)), default=Value(1), output_field=IntegerField())
    others = Ticket.objects.live().filter(account=ticket.account_id).exclude(pk=ticket.pk)
    return list(others.order_by(rank, "-opened_at", "-pk")[:MOST_OTHERS])
