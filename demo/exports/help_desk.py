"""The sample company's help desk: tickets in the shape of Zendesk's API, each with its metric set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from demo.company.records import Company, Ticket

# The id that this help desk gave its own field for the product area.
PRODUCT_AREA_FIELD = 360_014_211_958


def stamp(at: datetime) -> str:
    """Write an instant as this help desk does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def tickets(company: Company) -> Iterator[dict[str, Any]]:
    """Yield tickets in the order of opening."""
    for ticket in company.tickets:
        yield _ticket(ticket)


def ticket_events(company: Company) -> Iterator[dict[str, Any]]:
    """Yield what happened to tickets, as this help desk's incremental events tell it."""
    for event in company.ticket_events:
        changed = {event.kind: event.value} if event.kind in {"status", "priority"} else {}
        if changed.get("status") == "on_hold":
            changed["status"] = "hold"
        yield {
            "id": event.id,
            "ticket_id": event.ticket,
            "created_at": stamp(event.occurred_at),
            "event_type": "Change" if changed else "Comment",
            **changed,
            **({} if changed else {"via": event.kind, "author": event.value}),
        }


def ratings(company: Company) -> Iterator[dict[str, Any]]:
    """Yield the answers to this help desk's survey of satisfaction."""
    for rating in company.ratings:
        yield {
            "id": rating.id,
            "ticket_id": rating.ticket,
            "requester": {"email": rating.email},
            "rating": rating.rating,
            "comment": rating.comment,
            "created_at": stamp(rating.asked_at),
            "responded_at": stamp(rating.responded_at) if rating.responded_at else None,
            "updated_at": stamp(rating.responded_at or rating.asked_at),
        }


def _ticket(ticket: Ticket) -> dict[str, Any]:
    reply = ticket.first_replied_at
    return {
        "id": ticket.number,
        "subject": ticket.subject,
        "priority": ticket.priority,
        "status": "hold" if ticket.status == "on_hold" else ticket.status,
        "via": {"channel": "email" if ticket.number % 3 else "web"},
        "organization": {"external_id": ticket.account},
        "requester": {"email": ticket.requester_email},
        "assignee": {"email": ticket.assignee_email} if ticket.assignee_email else None,
        "custom_fields": [{"id": PRODUCT_AREA_FIELD, "value": ticket.product_area}],
        "created_at": stamp(ticket.opened_at),
        "updated_at": stamp(ticket.updated_at),
        "metric_set": {
            "reply_time_in_seconds": {
                "calendar": int((reply - ticket.opened_at).total_seconds()) if reply else None
            },
            "solved_at": stamp(ticket.solved_at) if ticket.solved_at else None,
        },
    }
