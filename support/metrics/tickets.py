"""How many tickets accounts open, and how grave they are."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import (
    Count,
    F,
    Q,
)

from common.periods import end_of
from metrics.expressions import count_per_account, ratio_of_stored
from metrics.registry import Component, Definition, metric
from metrics.segments import mean_of_stored, segment_ratio
from metrics.statements import Statement, load
from people.models import Category, Level
from support.metrics.spans import IN_TIER, NORM_DAYS, RECENT_DAYS
from support.models import Priority, Ticket, TicketEvent


@metric(
    "support.open_tickets",
    label="Open tickets",
    unit="tickets",
    category=Category.SUPPORT_HISTORY,
    formula="Tickets opened by the day and not solved when it ended.",
    inputs=("tickets",),
    direction="down",
    standing="open_tickets",
)
def open_tickets(as_of: date) -> Statement:
    return count_per_account(Ticket.objects.open_on(as_of), feed=Ticket.objects.known_by(as_of))


@metric(
    "support.urgent_open_tickets",
    label="Urgent open tickets",
    unit="tickets",
    category=Category.SUPPORT_HISTORY,
    formula="Open tickets of urgent priority.",
    inputs=("tickets",),
    direction="down",
    component=Component(
        group="support",
        curve=((0, 100), (1, 55), (2, 25), (4, 0)),
        fresh_days=0,
        why="One urgent ticket is a bad day, two at once are a bad relationship. It changes by the hour, so it "
        "never holds.",
    ),
)
def urgent_open_tickets(as_of: date) -> Statement:
    urgent = Ticket.objects.open_on(as_of).filter(priority=Priority.URGENT)
    return count_per_account(urgent, feed=Ticket.objects.known_by(as_of))


@metric(
    "support.tickets_30d",
    label="Tickets in 30 days",
    unit="tickets",
    category=Category.SUPPORT_HISTORY,
    formula="Tickets opened in the 30 days that end with the day.",
    inputs=("tickets",),
    direction="down",
)
def tickets_30d(as_of: date) -> Statement:
    recent = Ticket.objects.opened_within(as_of, RECENT_DAYS)
    return count_per_account(recent, feed=Ticket.objects.known_by(as_of))


@metric(
    "support.tickets_90d",
    label="Tickets in 90 days",
    unit="tickets",
    category=Category.SUPPORT_HISTORY,
    formula="Tickets opened in the 90 days that end with the day.",
    inputs=("tickets",),
    direction="down",
)
def tickets_90d(as_of: date) -> Statement:
    recent = Ticket.objects.opened_within(as_of, NORM_DAYS)
    return count_per_account(recent, feed=Ticket.objects.known_by(as_of))


@metric(
    "support.ticket_trend",
    label="Ticket trend",
    unit="ratio",
    category=Category.SUPPORT_HISTORY,
    formula="Tickets of the last 30 days plus one, divided by the account's own mean of 30 days in the 90 "
    "days before plus one; the added one keeps a single ticket of a quiet account from looking like a trend.",
    inputs=("tickets",),
    direction="down",
    component=Component(
        group="support",
        curve=((0.5, 100), (1, 85), (2, 45), (4, 0)),
        fresh_days=2,
        why="Measured against the account's own past: twice as many tickets as usual mean that something broke.",
    ),
)
def ticket_trend(as_of: date) -> Statement:
    recent_from = end_of(as_of) - timedelta(days=RECENT_DAYS)
    days = RECENT_DAYS + NORM_DAYS
    counts = count_per_account(
        Ticket.objects.opened_within(as_of, days),
        feed=Ticket.objects.known_by(as_of),
        count=Count("pk", filter=Q(opened_at__gte=recent_from)),
    )
    totals = count_per_account(Ticket.objects.opened_within(as_of, days), feed=Ticket.objects.known_by(as_of))
    return load("support", "ticket_trend", recent=counts, total=totals, norm_months=NORM_DAYS // RECENT_DAYS)


@segment_ratio(
    Definition(
        key="support.escalations_per_100",
        label="Escalations per 100 accounts",
        unit="tickets",
        category=Category.SUPPORT_HISTORY,
        formula="Tickets whose priority was raised to urgent in the 90 days that end with the day, times 100, divided "
        f"by the accounts that are or were customers. {IN_TIER}",
        inputs=("support.escalations_90d", "ticket-events", "tickets"),
        direction="down",
        whole="accounts",
    ),
    label="Escalations, by segment",
    depends_on=("support.escalations_90d",),
)
def escalations_per_100(as_of: date) -> Statement:
    return mean_of_stored("support.escalations_90d", as_of, times=100)


@metric(
    "support.escalations_90d",
    label="Escalations in 90 days",
    unit="tickets",
    category=Category.SUPPORT_HISTORY,
    formula="Tickets whose priority was raised to urgent in the 90 days that end with the day, each counted once; "
    "those opened as urgent don't count.",
    inputs=("ticket-events", "tickets"),
    direction="down",
    component=Component(
        group="support",
        curve=((0, 100), (1, 70), (2, 45), (4, 15), (6, 0)),
        fresh_days=2,
        why="Each escalation is a promise that wasn't kept; two in a quarter are remembered at the renewal.",
    ),
)
def escalations_90d(as_of: date) -> Statement:
    raised = TicketEvent.objects.within(as_of, NORM_DAYS).escalations()
    return count_per_account(
        raised.annotate(account_id=F("ticket__account_id")),
        feed=TicketEvent.objects.known_by(as_of),
        count=Count("ticket_id", distinct=True),
    )


@metric(
    "support.tickets_per_100_seats",
    label="Tickets per 100 seats",
    unit="tickets",
    # Beside the tickets it tells the seats, which only readers of contracts may know.
    category=Category.CONTRACTS,
    level=Level.TOTALS,
    formula="Tickets in 90 days divided by the seats entitled, times 100. Not defined without seats.",
    inputs=("support.tickets_90d", "finance.seats"),
    depends_on=("support.tickets_90d", "finance.seats"),
    direction="down",
    component=Component(
        group="support",
        curve=((0, 95), (5, 100), (20, 80), (50, 40), (100, 0)),
        fresh_days=2,
        why="By seats, so that large accounts aren't punished for being large. Some questions are a sign of use, "
        "so none at all isn't the best.",
    ),
)
def tickets_per_100_seats(as_of: date) -> Statement:
    return ratio_of_stored("support.tickets_90d", "finance.seats", as_of, times=100)
