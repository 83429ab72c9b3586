"""Whether what was promised was kept: numbers from the ledger of clocks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import (
    ExpressionWrapper,
    F,
    FloatField,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast

from common.periods import end_of, month_start
from metrics.expressions import NUMBER, Median, count_per_account
from metrics.registry import Component, Definition, metric
from metrics.segments import segment_ratio
from metrics.statements import Statement, load
from people.models import Category
from support.metrics.spans import IN_TIER, NORM_DAYS
from support.models import Clock, Priority, SlaMetric, Ticket
from support.querysets import PROMISED_BY_CONTRACT


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
    component=Component(
        group="support",
        curve=((0.5, 0), (0.8, 50), (0.95, 90), (1, 100)),
        fresh_days=7,
        why="Nine of ten in time is what customers expect; one of two is no promise. It counts by the hours that were "
        "promised, so that a night is no delay where nobody promised to work.",
    ),
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
    component=Component(
        group="support",
        curve=((0, 100), (1, 85), (3, 60), (6, 30), (12, 0)),
        fresh_days=2,
        why="One in a quarter is forgiven, one every other week is what a customer tells their board.",
    ),
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
