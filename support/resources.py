"""Tickets, their events and ratings, as the help desk sends them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Concat
from msgspec import UNSET, Meta, UnsetType

from accounts.timeline import timeline_rule
from people.models import Category
from support.effects import (
    EVENTS_CONCERNED,
    RATINGS_OF_TICKETS,
    follow_events,
    follow_ratings,
    follow_tickets,
    forget_concerned,
    mark_clocks,
)
from support.models import CsatResponse, EventKind, Priority, Status, Ticket, TicketEvent, TimeEntry
from support.models.tickets import LONGEST_BODY
from support.models.worktime import LONGEST_NOTE, MOST_MINUTES
from support.querysets import DONE, ESCALATED, REOPENED
from support.replies.echoes import adopt_echoes, written_here
from sync.declarations import Effect, Ending, Instant, MatchKey, Record, Ref, Resource, Rule
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
    solved_at: (
        Annotated[
            Instant | None,
            Meta(
                description="Null again once it is reopened; a ticket whose status is open, pending or on_hold is "
                "open, whatever this says."
            ),
        ]
        | UnsetType
    ) = UNSET
    requester_email: Email | UnsetType | None = UNSET
    assignee_email: Email | UnsetType | None = UNSET
    product_area: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET


class TicketEventRecord(Record):
    """One thing that happened to a ticket."""

    ticket: Ref | UnsetType = UNSET
    kind: EventKind | UnsetType = UNSET
    occurred_at: Instant | UnsetType = UNSET
    value: (
        Annotated[
            Annotated[str, Meta(max_length=255)] | None,
            Meta(
                description="The new status or priority, in the words of tickets; of replies and notes whatever "
                "you want to keep."
            ),
        ]
        | UnsetType
    ) = UNSET
    body: (
        Annotated[
            Annotated[str, Meta(max_length=LONGEST_BODY)] | None,
            Meta(description="What was written, as plain text; markup is shown as it stands."),
        ]
        | UnsetType
    ) = UNSET
    author_email: Annotated[Email | None, Meta(description="Who did it.")] | UnsetType = UNSET
    echo_of: (
        Annotated[
            Annotated[str, Meta(max_length=255)] | None,
            Meta(
                description="Of an event that was written in ABE and repeated by you: the external_id that it has in "
                "the source abe. The two become one, however late this is told."
            ),
        ]
        | UnsetType
    ) = UNSET


class CsatResponseRecord(Record):
    """A customer who was asked how satisfied they are, and what they answered."""

    account: Annotated[Ref | None, Meta(description="Follows the ticket where one is named.")] | UnsetType = (
        UNSET
    )
    ticket: Ref | UnsetType | None = UNSET
    rating: (
        Annotated[
            Annotated[int, Meta(ge=1, le=5)] | None,
            Meta(description="1 (worst) to 5; null: asked and not answered, which no number counts."),
        ]
        | UnsetType
    ) = UNSET
    comment: Annotated[str, Meta(max_length=10_000)] | UnsetType | None = UNSET
    respondent_email: Email | UnsetType | None = UNSET
    asked_at: (
        Annotated[Instant, Meta(description="When they were asked; unasked: when they answered.")] | UnsetType
    ) = UNSET
    responded_at: (
        Annotated[Instant | None, Meta(description="A rating counts from then on, else from asked_at.")]
        | UnsetType
    ) = UNSET


class TimeEntryRecord(Record):
    """Time that somebody worked on a ticket."""

    ticket: Ref | UnsetType = UNSET
    minutes: (
        Annotated[
            int, Meta(ge=1, le=MOST_MINUTES, description="Of one day: several days are several entries.")
        ]
        | UnsetType
    ) = UNSET
    worked_on: date | UnsetType = UNSET
    worked_by_email: Annotated[Email | None, Meta(description="Who worked.")] | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] | UnsetType | None = UNSET


# Both depend on the tickets as well, so they are told again when those change.
_events_told = (
    timeline_rule(
        "support.ticket_reopened",
        model=TicketEvent,
        category=Category.SUPPORT_HISTORY,
        happened_at="occurred_at",
        title=Concat(Value("Ticket reopened: "), F("ticket__subject")),
        account="ticket__account_id",
        when=REOPENED & Q(ticket__deleted_at=None),
        touched=EVENTS_CONCERNED,
    ),
    timeline_rule(
        "support.ticket_escalated",
        model=TicketEvent,
        category=Category.SUPPORT_HISTORY,
        happened_at="occurred_at",
        title=Concat(Value("Ticket escalated to urgent: "), F("ticket__subject")),
        account="ticket__account_id",
        when=ESCALATED & Q(ticket__deleted_at=None),
        touched=EVENTS_CONCERNED,
    ),
)


def _low_rating_told(touched: tuple[str, str] | None = None) -> Effect:
    about = Case(
        When(ticket__isnull=False, then=Concat(Value(": "), F("ticket__subject"))), default=Value("")
    )
    return timeline_rule(
        "support.low_rating",
        model=CsatResponse,
        category=Category.SUPPORT_HISTORY,
        happened_at=Coalesce("responded_at", "asked_at"),
        title=Concat(Value("Rated "), Cast("rating", CharField()), Value(" of 5"), about),
        when=Q(rating__lte=2),
        touched=touched,
    )


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
        yields={
            "status": (Ending("status"),),
            "priority": (Ending("priority"),),
            "first_replied_at": (Ending("first_replied_at"),),
            # A ticket that the help desk opens again is solved no more, also where it never says when.
            "solved_at": (Ending("solved_at"), Ending("status", unless=DONE)),
        },
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
            follow_tickets,
            *_events_told,
            _low_rating_told(RATINGS_OF_TICKETS),
            mark_clocks,
            forget_concerned,
        ),
    )
)

resources.register(
    Resource(
        key="ticket-events",
        model=TicketEvent,
        record=TicketEventRecord,
        singular="ticket event",
        category=Category.SUPPORT_HISTORY,
        references={"ticket": "tickets"},
        normalise={"author_email": keep_email},
        filters=("ticket", "kind", "value", "author_email", "echo_of"),
        match_on=MatchKey("echo_of", written_here),
        # What the help desk makes of a text, such as a name taken out, is what the customer has.
        yields={"body": (Ending("body"),)},
        rules=(
            Rule(
                "support_ticketevent_known_value",
                "value",
                "unknown_value",
                "value must be a status where kind is status, a priority where it is priority.",
            ),
        ),
        effects=(adopt_echoes, follow_events, *_events_told, mark_clocks, forget_concerned),
    )
)

resources.register(
    Resource(
        key="csat-responses",
        model=CsatResponse,
        record=CsatResponseRecord,
        singular="CSAT response",
        category=Category.SUPPORT_HISTORY,
        references={"account": "accounts", "ticket": "tickets"},
        normalise={"respondent_email": keep_email},
        filters=("account", "ticket", "rating", "respondent_email"),
        rules=(
            Rule(
                "support_csatresponse_of_somebody",
                "account",
                "required",
                "A response names a ticket or an account.",
            ),
            Rule(
                "support_csatresponse_one_to_five",
                "rating",
                "out_of_range",
                "rating must lie between 1 and 5.",
            ),
            Rule(
                "support_csatresponse_answered_after_asked",
                "responded_at",
                "before_asked",
                "responded_at can't be before asked_at.",
            ),
        ),
        effects=(follow_ratings, _low_rating_told()),
    )
)

resources.register(
    Resource(
        key="time-entries",
        model=TimeEntry,
        record=TimeEntryRecord,
        singular="time entry",
        category=Category.SUPPORT_HISTORY,
        references={"ticket": "tickets"},
        normalise={"worked_by_email": keep_email},
        filters=("ticket", "worked_by_email", "worked_on"),
        rules=(
            Rule(
                "support_timeentry_minutes_of_a_day",
                "minutes",
                "out_of_range",
                f"minutes must lie between 1 and {MOST_MINUTES}.",
            ),
        ),
    )
)
