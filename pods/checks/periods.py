"""When a health check is due: one in each week, month or quarter, or before each renewal. Pure; days are UTC's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

WEEKLY, MONTHLY, QUARTERLY, AT_RENEWAL = "weekly", "monthly", "quarterly", "at_renewal"
CADENCES = {WEEKLY: "Weekly", MONTHLY: "Monthly", QUARTERLY: "Quarterly", AT_RENEWAL: "At renewal"}
FRIDAY = 4
WEEKEND = 5
# How long before it is due a check is opened.
LEAD = {MONTHLY: timedelta(days=7), QUARTERLY: timedelta(days=14)}
# Early enough that what the check finds can still be mended before the customer decides.
RENEWAL_OPENS, RENEWAL_DUE = timedelta(days=60), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Period:
    """One turn of a cadence: from its first to its last day, opened on ``opens_on`` and due on ``due_on``."""

    cadence: str
    starts_on: date
    ends_on: date
    opens_on: date
    due_on: date


def period_of(cadence: str, day: date, *, account_id: int, renewal_on: date | None = None) -> Period | None:
    """Return the turn that a day lies in; None at renewal where none is near.

    Months and quarters spread their accounts over their working days by the account's number, so that not all fall due
    on the last one. An account that comes to a cadence late in a turn gets its check with the lead it
    would have had, or until the turn ends.
    """
    if cadence == AT_RENEWAL:
        return _before_renewal(day, renewal_on)
    if cadence == WEEKLY:
        monday = day - timedelta(days=day.weekday())
        return Period(WEEKLY, monday, monday + timedelta(days=6), monday, monday + timedelta(days=FRIDAY))
    months = 1 if cadence == MONTHLY else 3
    first = day.replace(month=day.month - (day.month - 1) % months, day=1)
    last = first + relativedelta(months=months) - timedelta(days=1)
    working = [each for each in _days(first + LEAD[cadence], last) if each.weekday() < WEEKEND]
    due_on = working[account_id % len(working)]
    return Period(cadence, first, last, max(first, due_on - LEAD[cadence]), due_on)


def due_now(period: Period, day: date) -> date:
    """Return when a check opened on a day is due: as its period says, or later where that day is over."""
    if day <= period.due_on:
        return period.due_on
    return min(day + LEAD.get(period.cadence, timedelta()), max(period.ends_on, day))


def _before_renewal(day: date, renewal_on: date | None) -> Period | None:
    if renewal_on is None:
        return None
    opens_on = renewal_on - RENEWAL_OPENS
    if not opens_on <= day < renewal_on:
        return None
    return Period(AT_RENEWAL, opens_on, renewal_on, opens_on, renewal_on - RENEWAL_DUE)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]
