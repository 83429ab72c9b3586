"""What accounts cost, every night."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import Account
from common.formatting import format_date
from finance.costs.costing import DAYS, driver_of, first_of, rated
from finance.models import CostRate
from metrics.expressions import SERVED
from metrics.registry import Breakdown, metric
from metrics.statements import Slice, Statement, load
from people.access import Access, Redacted
from people.functions import Function
from people.models import Category

SUPPORT_COST = "finance.support_cost"
UNRATED = "finance.unrated_support_minutes"
SUPPORT = Function.SUPPORT


def unrated_days(as_of: date, first: int, last: int) -> str:
    """Return a sentence about days with work and without a rate, nothing where there are none.

    Who reads of nights reads it, so it says neither how long was worked nor what that would cost.
    """
    days = rated(driver_of(SUPPORT), first_of(as_of), as_of)
    [row] = load("finance", "costs/unrated_days", rated=days, low=first, high=last).fetch_dicts()
    if not row["days"]:
        return ""
    one_day = row["first"] == row["last"]
    when = (
        f"on {format_date(row['first'])}"
        if one_day
        else f"on {row['days']} days from {format_date(row['first'])} to {format_date(row['last'])}"
    )
    return (
        f"What was worked {when} has no cost rate and is in no cost. From which day there are rates stands under Cost "
        "to serve → Rates."
    )


def made_of(account: Account, as_of: date, access: Access) -> dict[str, Any] | None:
    """Return an account's cost by the rates that it was counted by, None where nobody worked for it."""
    driver = driver_of(SUPPORT)
    rows = load(
        "finance", "costs/by_rate", rated=rated(driver, first_of(as_of), as_of, account=account.pk)
    ).fetch_dicts()
    if not rows:
        return None
    rates = CostRate.objects.in_bulk([row["rate_id"] for row in rows if row["rate_id"]])
    return {
        "rows": [
            {
                "rate": rates.get(row["rate_id"]),
                "minutes": _minutes(row, driver.category, access),
                "cost": row["cost"],
                "first": row["first"],
                "last": row["last"],
            }
            for row in rows
        ]
    }


def _minutes(row: dict[str, Any], category: str, access: Access) -> int | Redacted:
    """Return how long was worked; of what has no rate to those too who read costs alone, for they enter it."""
    minutes = int(row["minutes"])
    told: int | Redacted = minutes if row["rate_id"] is None else access.redact(minutes, category)
    return told


@metric(
    SUPPORT_COST,
    label="Support cost in 90 days",
    unit="money",
    category=Category.COST_RATES,
    formula="The minutes written down as worked on the account’s tickets in the 90 days that end with the day, each at "
    "the rate in force on the day on which it was worked: loaded cost of a month ÷ practical capacity in minutes. "
    "Minutes of days without a rate are counted apart, never at 0; who has such alone has no value. In the reporting "
    "currency.",
    inputs=("time-entries", "tickets"),
    direction="down",
    note=unrated_days,
    breakdown=Breakdown(template="finance/costs/_made_of.html", load=made_of),
)
def support_cost(as_of: date) -> Statement:
    driver = driver_of(SUPPORT)
    return load(
        "finance",
        "costs/cost",
        rated=rated(driver, first_of(as_of), as_of),
        feed=driver.feed(as_of).order_by().values("pk"),
        served=list(SERVED),
        first=Slice.FIRST,
        last=Slice.LAST,
    )


@metric(
    UNRATED,
    label="Support time without a rate",
    unit="minutes",
    category=Category.COST_RATES,
    formula=f"The minutes written down in the {DAYS} days that end with the day as worked on days for which nobody "
    "entered a cost rate. They are in no cost.",
    inputs=("time-entries", "tickets"),
    direction="down",
)
def unrated_support_minutes(as_of: date) -> Statement:
    driver = driver_of(SUPPORT)
    return load(
        "metrics",
        "count_per_account",
        counted=load("finance", "costs/unrated", rated=rated(driver, first_of(as_of), as_of)),
        feed=driver.feed(as_of).order_by().values("pk"),
        served=list(SERVED),
        first=Slice.FIRST,
        last=Slice.LAST,
    )
