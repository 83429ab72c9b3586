"""Time worked on the tickets of accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.urls import reverse

from metrics.drivers import CostDriver, Item, drivers
from metrics.expressions import count_per_account
from metrics.registry import metric
from metrics.statements import Statement
from people.functions import Function
from people.models import Category
from support.metrics.spans import NORM_DAYS
from support.models import Ticket, TimeEntry


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


def _worked(first: date, last: date) -> QuerySet[Any, Any]:
    return (
        TimeEntry.objects.live()
        .filter(worked_on__range=(first, last))
        .values("minutes", account_id=F("ticket__account_id"), item_id=F("ticket_id"), day=F("worked_on"))
    )


def _tickets(ids: Sequence[int]) -> Mapping[int, Item]:
    return {
        pk: Item(subject, reverse("support:ticket_time", args=[pk]))
        for pk, subject in Ticket.objects.filter(pk__in=ids).values_list("pk", "subject")
    }


drivers.register(
    CostDriver(
        key="support.work",
        label="Work on tickets",
        function=Function.SUPPORT,
        category=Category.SUPPORT_HISTORY,
        inputs=("time-entries", "tickets"),
        query=_worked,
        feed=TimeEntry.objects.known_by,
        name_items=_tickets,
    )
)
