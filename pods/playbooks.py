"""How an app declares what a pod should look at: in ``<app>/triggers.py``, over stored numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from django.db.models import Q, QuerySet

from accounts.models import Lifecycle
from common.registry import Registry
from metrics.models import MetricValue
from metrics.registry import EVERYTHING, Rollup, Source, rollups
from metrics.statements import Statement, load
from people.models import Category
from pods.models import Severity
from pods.services import follow_trigger

SIGNALS = ":signals"
REVENUE = "finance.arr"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """A condition over accounts; ``query`` gives ``(account_id, value)`` for those where it holds.

    ``reason`` is the sentence people read, with ``{value}`` as a whole number, or with ``{date}`` where the
    value is a date in days since the epoch: a sentence that stays true while it stands. ``reason_one``
    replaces it where the value is 1.
    ``inputs`` are the numbers it reads: where one failed, its signals stay as they are. ``event`` is what other
    systems are sent when it begins to hold, where the value is a date.
    """

    key: str
    label: str
    severity: Severity
    category: Category
    reason: str
    reason_one: str
    inputs: tuple[str, ...]
    query: Callable[[date], Source]
    event: str = ""


triggers: Registry[Trigger] = Registry("trigger", "triggers")

Query = Callable[[date], Source]


def trigger(
    key: str,
    *,
    label: str,
    severity: Severity,
    category: Category,
    reason: str,
    inputs: tuple[str, ...],
    reason_one: str = "",
    event: str = "",
) -> Callable[[Query], Query]:
    """Declare a trigger over a function of the day; the refresh follows it behind all numbers."""

    def declare(query: Query) -> Query:
        declared = Trigger(
            key=key,
            label=label,
            severity=severity,
            category=category,
            reason=reason,
            reason_one=reason_one or reason,
            inputs=inputs,
            query=query,
            event=event,
        )
        triggers.register(declared)
        if triggers[key] is declared:  # a duplicate is reported as a trigger, not once more as a roll-up
            rollups.register(
                Rollup(
                    key=f"{key}{SIGNALS}",
                    label=f"Signals: {label}",
                    query=partial(_follow, declared),
                    depends_on=inputs,
                    after=(EVERYTHING,),
                )
            )
        return query

    return declare


def stored(key: str, as_of: date) -> QuerySet[MetricValue]:
    """Return one number of every account on a day."""
    return MetricValue.objects.on(as_of).filter(key=key)


def stored_of_customers(key: str, as_of: date) -> QuerySet[MetricValue]:
    """Return one number of the customers on a day: by their lifecycle or their revenue, as health has it.

    Needs ``REVENUE`` among the trigger's inputs.
    """
    paying = stored(REVENUE, as_of).filter(value__gt=0).values("account_id")
    is_customer = Q(account__lifecycle=Lifecycle.CUSTOMER) | Q(account_id__in=paying)
    return stored(key, as_of).filter(is_customer)


def rescaled(source: QuerySet[MetricValue], *, less: int = 0, times: int = 1) -> Statement:
    """Return stored numbers as the trigger's reason shows them: (value - ``less``) x ``times``."""
    return load("pods", "rescaled", source=source.values("account_id", "value"), less=less, times=times)


def _follow(declared: Trigger, as_of: date, first: int, last: int) -> int:
    return follow_trigger(
        key=declared.key,
        severity=declared.severity,
        category=declared.category,
        reason=declared.reason,
        reason_one=declared.reason_one,
        source=declared.query(as_of),
        as_of=as_of,
        first=first,
        last=last,
        event=declared.event,
    )
