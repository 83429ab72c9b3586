"""Time worked on the tickets of accounts."""

from __future__ import annotations

from datetime import date

from django.db.models import (
    F,
    Sum,
)

from metrics.expressions import count_per_account
from metrics.registry import metric
from metrics.statements import Statement
from people.models import Category
from support.metrics.spans import NORM_DAYS
from support.models import TimeEntry


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
