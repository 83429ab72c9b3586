"""Time by the rate in force on the day on which it was worked: every figure of cost is a sum over this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from finance.models import CostRate
from metrics.drivers import CostDriver, drivers
from metrics.statements import Statement, load

DAYS = 90
MOST_CHANGED = 10
COLUMNS = ("id", "version", "starts_on", "ends_on", "loaded_cost", "capacity_hours", "currency")


def driver_of(function: str) -> CostDriver:
    """Return what a function's time goes into; KeyError for one that writes none down."""
    for driver in drivers:
        if driver.function == function:
            return driver
    raise KeyError(function)


def costed_functions() -> list[str]:
    """Return the functions whose time goes into accounts."""
    return [driver.function.value for driver in drivers]


def rated(driver: CostDriver, first: date, last: date, *, account: int | None = None) -> Statement:
    """Return rows of ``(account_id, item_id, day, minutes, rate_id, cost)`` of the days ``first`` to ``last``.

    ``cost`` is in the reporting currency, and null with ``rate_id`` where no rate was in force. A rate in another
    currency, of the time before the reporting currency was changed, is none.
    """
    return _rated(driver, first, last, _versions(driver.function), account=account)


def first_of(day: date) -> date:
    """Return the first of the 90 days that end with a day."""
    return day - timedelta(days=DAYS - 1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rate that nobody has saved."""

    function: str
    starts_on: date
    loaded_cost: Decimal
    capacity_hours: Decimal


@dataclass(frozen=True, slots=True)
class Moved:
    """What an account cost in 90 days, and would have; None where none of its time had a rate."""

    account_id: int
    was: Decimal | None
    becomes: Decimal | None

    @property
    def change(self) -> Decimal:
        """By how much it moves."""
        return (self.becomes or Decimal(0)) - (self.was or Decimal(0))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rate would change: all accounts together in 90 days, how many of them, and those that it moves most."""

    was: Decimal
    becomes: Decimal
    unrated_was: int
    unrated_becomes: int
    changed: int
    most: list[Moved]

    @property
    def change(self) -> Decimal:
        """By how much the whole moves."""
        return self.becomes - self.was


def effect_of(wanted: Wanted, day: date) -> Effect:
    """Return what the 90 days that end with ``day`` would have cost with one rate more; one query, nothing written."""
    driver, first = driver_of(wanted.function), first_of(day)
    held = _versions(wanted.function)
    after = load(
        "finance",
        "costs/wanted",
        versions=held,
        starts_on=wanted.starts_on,
        loaded_cost=wanted.loaded_cost,
        capacity_hours=wanted.capacity_hours,
        currency=settings.REPORTING_CURRENCY,
    )
    rows = load(
        "finance",
        "costs/effect",
        before=_rated(driver, first, day, held),
        after=_rated(driver, first, day, after),
        most=MOST_CHANGED,
    ).fetch_dicts()
    whole = rows[0] if rows else dict.fromkeys(("all_was", "all_becomes", "unrated_was", "unrated_becomes"))
    return Effect(
        was=whole["all_was"] or Decimal(0),
        becomes=whole["all_becomes"] or Decimal(0),
        unrated_was=int(whole["unrated_was"] or 0),
        unrated_becomes=int(whole["unrated_becomes"] or 0),
        changed=rows[0]["changed"] if rows else 0,
        most=[
            Moved(row["account_id"], row["was"], row["becomes"])
            for row in rows
            if row["was"] != row["becomes"]
        ],
    )


def _versions(function: str) -> QuerySet[Any, Any]:
    found: QuerySet[Any, Any] = (
        CostRate.objects.agreed().filter(function=function).order_by().values(*COLUMNS)
    )
    return found


def _rated(
    driver: CostDriver,
    first: date,
    last: date,
    versions: QuerySet[Any, Any] | Statement,
    *,
    account: int | None = None,
) -> Statement:
    worked = driver.query(first, last)
    return load(
        "finance",
        "costs/rated",
        worked=worked if account is None else worked.filter(account_id=account),
        versions=versions,
        first=first,
        last=last,
        currency=settings.REPORTING_CURRENCY,
    )
