"""Numbers of the help desk, per account."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import (
    Count,
    DecimalField,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Extract

from common.periods import end_of, month_start
from metrics.expressions import NUMBER, Median, count_per_account, ratio_of_stored
from metrics.registry import Component, Definition, metric
from metrics.segments import mean_of_stored, segment_ratio
from metrics.statements import Statement, load
from people.models import Category, Level
from support.models import Clock, CsatResponse, Priority, SlaMetric, Ticket, TicketEvent, TimeEntry
from support.querysets import DONE, PROMISED_BY_CONTRACT, REOPENED

RECENT_DAYS = 30
NORM_DAYS = 90


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
    "support.late_urgent_tickets",
    label="Urgent tickets past their target",
    unit="tickets",
    category=Category.SUPPORT_HISTORY,
    formula="Urgent open tickets whose first response was late when the day ended, answered since or not: by what "
    "policy, contract or tier promised, in the hours by which that runs.",
    inputs=("tickets", "ticket-events"),
    direction="down",
)
def late_urgent_tickets(as_of: date) -> Statement:
    late = Ticket.objects.late_on(as_of).filter(priority=Priority.URGENT)
    return count_per_account(late, feed=Ticket.objects.known_by(as_of))


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


CSAT = (
    "Ratings of 4 or 5 divided by all ratings given in the 90 days that end with the day; who was asked and didn't "
    "rate is left out. Not defined without a rating."
)


@metric(
    "support.csat",
    label="CSAT",
    unit="ratio",
    category=Category.SUPPORT_HISTORY,
    formula=CSAT,
    inputs=("csat-responses",),
    direction="up",
    component=Component(
        group="support",
        curve=((0.5, 0), (0.75, 40), (0.85, 65), (0.95, 90), (1, 100)),
        fresh_days=14,
        why="The target is 95%; below three of four content the product is a burden. Ratings hold longer than "
        "tickets.",
    ),
)
def csat(as_of: date) -> Statement:
    return load("support", "csat", ratings=_ratings(as_of))


@metric(
    "support.csat_ratings",
    label="Ratings in 90 days",
    unit="ratings",
    category=Category.SUPPORT_HISTORY,
    formula="Ratings given in the 90 days that end with the day: how many CSAT rests on.",
    inputs=("csat-responses",),
)
def csat_ratings(as_of: date) -> Statement:
    rated = CsatResponse.objects.rated_within(as_of, NORM_DAYS)
    return count_per_account(rated, feed=CsatResponse.objects.known_by(as_of))


IN_TIER = "Accounts count in the tier they have on the day."


@segment_ratio(
    Definition(
        key="support.csat",
        label="CSAT",
        unit="ratio",
        category=Category.SUPPORT_HISTORY,
        formula=f"{CSAT} {IN_TIER}",
        inputs=("csat-responses",),
        direction="up",
        parts="ratings",
    ),
    label="CSAT, by segment",
)
def csat_by_segment(as_of: date) -> Statement:
    return load("support", "csat_parts", ratings=_ratings(as_of))


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
    solved = Ticket.objects.live().filter(
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


def _ratings(as_of: date) -> QuerySet[Any, Any]:
    return CsatResponse.objects.rated_within(as_of, NORM_DAYS).order_by().values("account_id", "rating")


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


KEPT = (
    "{what} within what was promised, by the hours that count, divided by all that were met or missed in the 90 days "
    "that end with the day. Missed is what was breached, from then on; what nothing was promised for is left out. Not "
    "defined where none was decided."
)
FIRST_RESPONSE_KEPT = KEPT.format(what="First responses")
RESOLUTION_KEPT = KEPT.format(what="Resolutions")
OF_TICKETS = ("tickets", "ticket-events")


@metric(
    "support.first_response_attainment",
    label="First responses in time",
    unit="ratio",
    category=Category.SUPPORT_HISTORY,
    formula=FIRST_RESPONSE_KEPT,
    inputs=OF_TICKETS,
    direction="up",
)
def first_response_attainment(as_of: date) -> Statement:
    return _attainment(as_of, SlaMetric.FIRST_RESPONSE)


@metric(
    "support.resolution_attainment",
    label="Resolutions in time",
    unit="ratio",
    category=Category.SUPPORT_HISTORY,
    formula=RESOLUTION_KEPT,
    inputs=OF_TICKETS,
    direction="up",
)
def resolution_attainment(as_of: date) -> Statement:
    return _attainment(as_of, SlaMetric.RESOLUTION)


@segment_ratio(
    Definition(
        key="support.first_response_attainment",
        label="First responses in time",
        unit="ratio",
        category=Category.SUPPORT_HISTORY,
        formula=f"{FIRST_RESPONSE_KEPT} {IN_TIER}",
        inputs=OF_TICKETS,
        direction="up",
        parts="first responses",
    ),
    label="First responses in time, by segment",
)
def first_response_attainment_by_segment(as_of: date) -> Statement:
    return _kept(as_of, SlaMetric.FIRST_RESPONSE)


@segment_ratio(
    Definition(
        key="support.resolution_attainment",
        label="Resolutions in time",
        unit="ratio",
        category=Category.SUPPORT_HISTORY,
        formula=f"{RESOLUTION_KEPT} {IN_TIER}",
        inputs=OF_TICKETS,
        direction="up",
        parts="resolutions",
    ),
    label="Resolutions in time, by segment",
)
def resolution_attainment_by_segment(as_of: date) -> Statement:
    return _kept(as_of, SlaMetric.RESOLUTION)


def _kept(as_of: date, of: SlaMetric) -> Statement:
    decided = Clock.objects.live().filter(metric=of).decided_between(_first_of(as_of), as_of)
    return load(
        "support", "kept_parts", decided=decided.values("breached_at", account_id=F("ticket__account_id"))
    )


def _attainment(as_of: date, of: SlaMetric) -> Statement:
    return load("support", "share", parts=_kept(as_of, of))


def _first_of(as_of: date) -> date:
    """Return the first of the 90 days that end with a day."""
    return as_of - timedelta(days=NORM_DAYS - 1)


@metric(
    "support.breaches_90d",
    label="Broken promises in 90 days",
    unit="promises",
    category=Category.SUPPORT_HISTORY,
    formula="First and next responses and resolutions whose target passed in the 90 days that end with the day, and "
    "that no other target gave more time since.",
    inputs=OF_TICKETS,
    direction="down",
)
def breaches_90d(as_of: date) -> Statement:
    return count_per_account(_broken(_first_of(as_of), as_of), feed=Ticket.objects.known_by(as_of))


@metric(
    "support.agreed_missed_month",
    label="First responses missed that contracts promise, this month",
    unit="promises",
    category=Category.SUPPORT_HISTORY,
    formula="First responses that a contract promised itself and that were missed from the first of the month to the "
    "day. Service credits rest on them.",
    inputs=OF_TICKETS,
    direction="down",
)
def agreed_missed_month(as_of: date) -> Statement:
    broken = _broken(month_start(as_of), as_of)
    return count_per_account(broken.filter(PROMISED_BY_CONTRACT), feed=Ticket.objects.known_by(as_of))


def _broken(first: date, last: date) -> QuerySet[Any, Any]:
    decided = Clock.objects.live().decided_between(first, last).filter(breached_at__isnull=False)
    return decided.annotate(account_id=F("ticket__account_id"))


@metric(
    "support.first_response_open_minutes",
    label="First response, in the hours that count",
    unit="minutes",
    category=Category.SUPPORT_HISTORY,
    formula="The median of the first responses that were met or missed in the 90 days that end with the day and came "
    "by then: minutes from the opening, in the open hours of the calendar by which each was promised.",
    inputs=OF_TICKETS,
    direction="down",
)
def first_response_open_minutes(as_of: date) -> QuerySet[Any, Any]:
    decided = Clock.objects.live().filter(metric=SlaMetric.FIRST_RESPONSE, ended_at__lt=end_of(as_of))
    spent = ExpressionWrapper(F("spent_seconds") / Value(60.0), output_field=FloatField())
    return (
        decided.decided_between(_first_of(as_of), as_of)
        .filter(spent_seconds__isnull=False)
        .order_by()
        .values(account_id=F("ticket__account_id"))
        .annotate(value=Cast(Median(spent), NUMBER))
    )


@metric(
    "support.minutes_of_work",
    label="Support time in 90 days",
    unit="minutes",
    category=Category.SUPPORT_HISTORY,
    formula="The minutes that were written down as worked on the account’s tickets in the 90 days that end with the "
    "day, by whoever worked on them. What nobody wrote down isn’t in it.",
    inputs=("time-entries", "tickets"),
    direction="down",
)
def minutes_of_work(as_of: date) -> Statement:
    worked = TimeEntry.objects.within(as_of, NORM_DAYS)
    return count_per_account(
        worked.annotate(account_id=F("ticket__account_id")),
        feed=TimeEntry.objects.known_by(as_of),
        count=Sum("minutes"),
    )
