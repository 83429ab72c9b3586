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
