"""Numbers of terms and seats; ``finance.metrics`` declares them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import F, Min, QuerySet, Sum, Value

from finance.models import Contract, ContractLine
from metrics.expressions import DaysBetween, epoch_day
from metrics.registry import Component, metric
from metrics.statements import Statement, load
from people.models import Category, Level

CONTRACTS = ("contracts", "contract-lines")


@metric(
    "finance.renewal_on",
    label="Next renewal",
    unit="date",
    category=Category.CONTRACTS,
    level=Level.TOTALS,
    formula="The first end of a term after the day, of contracts with a running line that is no trial; those "
    "that renew by themselves count with their next term.",
    inputs=CONTRACTS,
    standing="renewal_on",
)
def renewal_on(as_of: date) -> QuerySet[Any, Any]:
    nearest: QuerySet[Any, Any] = (
        _ending(as_of).values("account_id").annotate(value=epoch_day(Min("next_end")))
    )
    return nearest


def _ending(as_of: date) -> QuerySet[Any, Any]:
    ending: QuerySet[Any, Any] = Contract.objects.running_on(as_of).with_trial_on(as_of).with_next_end(as_of)
    return ending.filter(account__deleted_at=None, end_on__isnull=False, is_trial=False).order_by()


@metric(
    "finance.days_until_renewal",
    label="Days until renewal",
    unit="days",
    category=Category.CONTRACTS,
    level=Level.TOTALS,
    formula="Days from the day to the next renewal.",
    inputs=("finance.renewal_on", *CONTRACTS),
)
def days_until_renewal(as_of: date) -> QuerySet[Any, Any]:
    left = DaysBetween(Min("next_end"), Value(as_of))
    nearest: QuerySet[Any, Any] = _ending(as_of).values("account_id").annotate(value=left)
    return nearest


@metric(
    "finance.days_until_decision",
    label="Renewal risk window",
    unit="days",
    category=Category.CONTRACTS,
    level=Level.TOTALS,
    formula="Days from the day to the next on which the customer can say that it won't go on: the last day for notice "
    "of a contract that renews by itself, of the term after where that is over, else the end of the term. The nearest "
    "of its contracts counts; trials don't.",
    inputs=("finance.renewal_on", *CONTRACTS),
    direction="up",
    component=Component(
        group="contract",
        curve=((0, 40), (30, 50), (90, 75), (180, 100)),
        fresh_days=30,
        why="The nearer the day, the less time there is to mend anything. A day alone is no sign of leaving, so "
        "it never takes more than 60 points; contracts change seldom, so it holds for a month.",
    ),
)
def days_until_decision(as_of: date) -> Statement:
    columns = ("account_id", "next_end", "notice_on", "renews_for")
    return load(
        "finance", "contracts/days_until_decision", running=_ending(as_of).values(*columns), day=as_of
    )


@metric(
    "finance.seats",
    label="Seats entitled",
    unit="seats",
    category=Category.CONTRACTS,
    level=Level.TOTALS,
    formula="The quantity of the recurring lines running on the day, of the product sold by seat that has the most, "
    "since one person may hold a seat of several. A product is sold by seat where a line of it begun by the day says "
    "is_per_seat. Trials don't count.",
    inputs=CONTRACTS,
    direction="up",
)
def seats(as_of: date) -> Statement:
    lines = ContractLine.objects.by_seat(as_of).running_on(as_of).filter(contract__account__deleted_at=None)
    sold = lines.order_by().values("product", account_id=F("contract__account_id"))
    return load("finance", "seats", sold=sold.annotate(seats=Sum("quantity")))
