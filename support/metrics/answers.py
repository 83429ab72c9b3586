"""How soon tickets are answered and solved, and whether they stay so."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import (
    DecimalField,
    ExpressionWrapper,
    F,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast, Extract

from common.periods import end_of
from metrics.expressions import NUMBER, Median
from metrics.registry import Component, Definition, metric
from metrics.segments import segment_ratio
from metrics.statements import Statement, load
from people.models import Category
from support.metrics.spans import IN_TIER, NORM_DAYS
from support.models import Ticket, TicketEvent
from support.querysets import DONE, REOPENED


@metric(
    "support.first_response_minutes",
    label="First response",
    unit="minutes",
    category=Category.SUPPORT_HISTORY,
    formula="The median time from opening to the first reply, of tickets of 90 days answered by the day.",
    inputs=("tickets",),
    direction="down",
)
def first_response_minutes(as_of: date) -> QuerySet[Any, Any]:
    waited = ExpressionWrapper(
        Extract(F("first_replied_at") - F("opened_at"), "epoch") / Value(60.0),
        output_field=DecimalField(max_digits=18, decimal_places=4),
    )
    return (
        Ticket.objects.opened_within(as_of, NORM_DAYS)
        .answered_by(as_of)
        .filter(account__deleted_at=None)
        .values("account_id")
        .annotate(value=Cast(Median(waited), NUMBER))
    )


@segment_ratio(
    Definition(
        key="support.first_response_mean",
        label="First response, mean",
        unit="minutes",
        category=Category.SUPPORT_HISTORY,
        formula="The minutes from opening to the first reply, day and night, added up and divided by the tickets: "
        f"those opened in the 90 days that end with the day and answered by then. {IN_TIER}",
        inputs=("tickets",),
        direction="down",
        parts="minutes",
        whole="tickets",
    ),
    label="First response, by segment",
)
def first_response_mean(as_of: date) -> Statement:
    answered = Ticket.objects.opened_within(as_of, NORM_DAYS).answered_by(as_of)
    return _waited(answered, "first_replied_at", 60)


@segment_ratio(
    Definition(
        key="support.resolution_mean",
        label="Resolution, mean",
        unit="hours",
        category=Category.SUPPORT_HISTORY,
        formula="The hours from opening to the solution, day and night, added up and divided by the tickets: those "
        f"solved in the 90 days that end with the day. Time waiting for the customer counts too. {IN_TIER}",
        inputs=("tickets",),
        direction="down",
        parts="hours",
        whole="tickets",
    ),
    label="Resolution, by segment",
)
def resolution_mean(as_of: date) -> Statement:
    end = end_of(as_of)
    solved = Ticket.objects.solved().filter(
        solved_at__lt=end, solved_at__gte=end - timedelta(days=NORM_DAYS), account__deleted_at=None
    )
    return _waited(solved, "solved_at", 3600)


def _waited(tickets: QuerySet[Any, Any], until: str, seconds: int) -> Statement:
    span = ExpressionWrapper(
        Extract(F(until) - F("opened_at"), "epoch") / Value(float(seconds)),
        output_field=DecimalField(max_digits=18, decimal_places=4),
    )
    waited = tickets.order_by().annotate(waited=Cast(span, NUMBER)).values("account_id", "waited")
    return load("support", "response_parts", waited=waited)


REOPENED_AGAIN = (
    "Of the tickets solved in the 90 days that end with the day, the share that was opened again after, by the end of "
    "the day. Not defined where none was solved, or the help desk sends no events."
)


@metric(
    "support.reopen_rate",
    label="Reopen rate",
    unit="ratio",
    category=Category.SUPPORT_HISTORY,
    formula=REOPENED_AGAIN,
    inputs=("ticket-events", "tickets"),
    direction="down",
    component=Component(
        group="support",
        curve=((0, 100), (0.05, 90), (0.1, 75), (0.2, 45), (0.4, 0)),
        fresh_days=7,
        why="One of ten solved tickets that comes back is usual; one of five means that answers don't answer.",
    ),
)
def reopen_rate(as_of: date) -> Statement:
    return load("support", "share", parts=_reopened(as_of))


@segment_ratio(
    Definition(
        key="support.reopen_rate",
        label="Reopen rate",
        unit="ratio",
        category=Category.SUPPORT_HISTORY,
        formula=f"{REOPENED_AGAIN} {IN_TIER}",
        inputs=("ticket-events", "tickets"),
        direction="down",
        parts="tickets",
    ),
    label="Reopen rate, by segment",
)
def reopen_rate_by_segment(as_of: date) -> Statement:
    return _reopened(as_of)


def _reopened(as_of: date) -> Statement:
    recent = TicketEvent.objects.within(as_of, NORM_DAYS).order_by()
    # A ticket that was closed on top of being solved was solved when it first was.
    solved = recent.filter(kind="status", value__in=DONE).exclude(value_before__in=DONE)
    return load(
        "support",
        "reopened_parts",
        solved=solved.values("ticket_id", "occurred_at"),
        reopened=recent.filter(REOPENED).values("ticket_id", "occurred_at"),
    )
