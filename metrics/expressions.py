"""Database functions that numbers are made with."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

from django.db.models import Aggregate, Count, DecimalField, FloatField, Func, IntegerField, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncDate

from accounts.models import Lifecycle
from metrics.statements import Slice, Statement, load

EPOCH = date(1970, 1, 1)
SERVED = (Lifecycle.CUSTOMER.value, Lifecycle.CHURNED.value)
NUMBER: DecimalField[Any, Any] = DecimalField(max_digits=24, decimal_places=6)


class DaysBetween(Func):
    """Whole days from the second date to the first."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    arity = 2
    output_field = IntegerField()


def epoch_day(expression: Any) -> DaysBetween:
    """Return a date as the number that is stored for it."""
    return DaysBetween(expression, Value(EPOCH))


def utc_day(field: str) -> TruncDate:
    """Return the UTC day of an instant."""
    return TruncDate(field, tzinfo=UTC)


class Percentile(Aggregate):
    """The value that a ``share`` of the values doesn't exceed, between two where it lies between them."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, *expressions: Any, share: float = 0.5, **extra: Any) -> None:
        super().__init__(*expressions, share=share, **extra)


class Median(Percentile):
    """The value in the middle, or between the two in the middle."""


def count_per_account(
    facts: QuerySet[Any, Any], *, feed: QuerySet[Any, Any], count: Combinable | None = None
) -> Statement:
    """Return ``(account_id, value)`` rows with the count of ``facts``, 0 for customers that have none.

    ``feed`` holds everything of that kind known by the day: where it is empty nothing is connected, and no
    account gets a number, since 0 would claim something.
    """
    counted = facts.order_by().values("account_id").annotate(counted=count or Count("*"))
    return load(
        "metrics",
        "count_per_account",
        counted=counted,
        feed=feed.order_by().values("pk"),
        served=list(SERVED),
        first=Slice.FIRST,
        last=Slice.LAST,
    )


def ratio_of_stored(numerator: str, denominator: str, as_of: date, *, times: int = 1) -> Statement:
    """Return one stored number of each account ÷ another × ``times``; no row where the latter is missing or 0.

    Both belong into ``depends_on``. So apps that may not import each other share what they count.
    """
    return load(
        "metrics", "ratio_of_stored", numerator=numerator, denominator=denominator, day=as_of, times=times
    )
