"""Writes of the revenue roll-up."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from finance.models import ContractLine
from metrics.models import RefreshRun, RefreshStep
from metrics.statements import load

MONTHLY_REVENUE = "finance.monthly_revenue"


@transaction.atomic
def roll_up_revenue(*, as_of: date, first: int, last: int) -> int:
    """Bring the monthly revenue of accounts ``first`` to ``last`` up to date; return the rows changed.

    Marked accounts get all their months again. All others get those since the last complete roll-up, so the
    month that ran then is closed at its end. The refresh of an earlier day leaves the running month as it is.
    Locks the marks in the order of accounts.
    """
    load("finance", "revenue_taken").execute()
    load("finance", "revenue_take", first=first, last=last).execute()
    newest = max(as_of, RefreshRun.objects.finished().newest_day() or as_of)
    rows = load(
        "finance",
        "monthly_revenue",
        lines=ContractLine.objects.revenue_rows(),
        newest=newest,
        window=_window(as_of, newest),
        first=first,
        last=last,
    ).fetch()
    return int(rows[0][0])


def _window(as_of: date, newest: date) -> date:
    """Return the first month that every account needs again."""
    if as_of < newest:
        return (newest.replace(day=1) + timedelta(days=32)).replace(day=1)
    month_before = (newest.replace(day=1) - timedelta(days=1)).replace(day=1)
    broken = RefreshStep.objects.filter(key=MONTHLY_REVENUE).exclude(state=RefreshStep.State.DONE)
    complete = (
        RefreshRun.objects.finished()
        .filter(steps__key=MONTHLY_REVENUE)
        .exclude(pk__in=broken.values("run_id"))
        .newest_day()
    )
    return min(month_before, complete.replace(day=1)) if complete else month_before
