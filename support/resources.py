"""Tickets, as the help desk sends them."""

from __future__ import annotations

from typing import Annotated

from django.db.models import F, Q, Value
from django.db.models.functions import Concat
from msgspec import UNSET, Meta, UnsetType

from accounts.timeline import timeline_rule
from people.models import Category
from support.models import Priority, Status, Ticket
from sync.declarations import Instant, Record, Ref, Resource, Rule
from sync.normalise import Email, keep_email
from sync.registry import resources


class TicketRecord(Record):
    """A customer's question."""

    account: Ref | UnsetType = UNSET
    subject: Annotated[str, Meta(min_length=1, max_length=512)] | UnsetType = UNSET
    priority: Priority | UnsetType | None = UNSET
    status: Status | UnsetType | None = UNSET
    opened_at: Instant | UnsetType = UNSET
    first_replied_at: (
        Annotated[
            Instant | None,
            Meta(description="First public reply by a person; auto-replies and notes don't count."),
        ]
        | UnsetType
    ) = UNSET
    solved_at: Instant | UnsetType | None = UNSET
    requester_email: Email | UnsetType | None = UNSET
    assignee_email: Email | UnsetType | None = UNSET
    product_area: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET


resources.register(
    Resource(
        key="tickets",
        model=Ticket,
        record=TicketRecord,
        singular="ticket",
        category=Category.SUPPORT_HISTORY,
        references={"account": "accounts"},
        normalise={"requester_email": keep_email, "assignee_email": keep_email},
        filters=("account", "priority", "status", "requester_email", "assignee_email", "product_area"),
        rules=(
            Rule(
                "support_ticket_replied_after_opened",
                "first_replied_at",
                "before_opened",
                "first_replied_at can't be before opened_at.",
            ),
            Rule(
                "support_ticket_solved_after_opened",
                "solved_at",
                "before_opened",
                "solved_at can't be before opened_at.",
            ),
        ),
        effects=(
            timeline_rule(
                "support.ticket_opened",
                model=Ticket,
                category=Category.SUPPORT_HISTORY,
                happened_at="opened_at",
                title=Concat(Value("Ticket opened: "), F("subject")),
            ),
            timeline_rule(
                "support.ticket_solved",
                model=Ticket,
                category=Category.SUPPORT_HISTORY,
                happened_at="solved_at",
                title=Concat(Value("Ticket solved: "), F("subject")),
                when=Q(solved_at__isnull=False),
            ),
        ),
    )
)
