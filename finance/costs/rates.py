"""Writes of cost rates: a version is written whole and counts from its day on; none is edited."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from common.formatting import format_date, format_money, format_number
from common.versions.cycle import DatedLifecycle
from common.versions.errors import VersionChangedError
from finance.billing.arranging import EARLIEST, LATEST, YEARS
from finance.costs.costing import costed_functions
from finance.models import CostRate
from finance.models.costs import MOST_HOURS
from metrics.engine.plan import today
from people.functions import Function
from people.models import User

EDITORS = frozenset({Function.FINANCE, Function.PEOPLE})
REFUSED = "Cost rates are for finance and people to write. Ask a colleague there."
MOST_COST = Decimal("9999999999.99")


def _check(version: CostRate) -> None:
    """Refuse nothing: what it says was checked as it was written."""


def differences(before: CostRate, after: CostRate) -> list[str]:
    """Return in sentences what a version says otherwise than another."""
    told = []
    if (before.loaded_cost, before.currency) != (after.loaded_cost, after.currency):
        told.append(f"Loaded cost a month: from {_cost(before)} to {_cost(after)}.")
    if before.capacity_hours != after.capacity_hours:
        hours = (format_number(one.capacity_hours) for one in (before, after))
        told.append("Practical capacity: from {} to {} hours a month.".format(*hours))
    if told:
        told.append(f"An hour: from {_hour(before)} to {_hour(after)}.")
    return told


cycle: DatedLifecycle[CostRate] = DatedLifecycle(
    model=CostRate,
    series=("function",),
    mark=lambda held: f"{held.pk}",
    check=_check,
    differences=differences,
)


def newest(function: str) -> CostRate | None:
    """Return the newest version of a function that counts, has counted or will."""
    return CostRate.objects.agreed().of(function).select_related("published_by").first()


def expected(function: str) -> str:
    """Return what stands for the version that an editor began from."""
    held = newest(function)
    return str(held.pk if held else 0)


@transaction.atomic
def write_rate(
    *,
    function: str,
    loaded_cost: Decimal,
    capacity_hours: Decimal,
    starts_on: date,
    by: User | None,
    seen: str | None = None,
    note: str = "",
) -> CostRate:
    """Let a function cost this from a day on; return the version.

    Amounts are in the reporting currency. ``seen`` is what ``expected`` gave when the editor looked: of two at once one
    wins, and the other gets VersionChangedError with the differences. Raises ValidationError by field, PermissionDenied
    for others than finance and people.
    """
    draft = draft_rate(
        function=function,
        loaded_cost=loaded_cost,
        capacity_hours=capacity_hours,
        starts_on=starts_on,
        by=by,
        seen=seen,
        note=note,
    )
    return publish_rate(version=draft, starts_on=starts_on, by=by)


@transaction.atomic
def draft_rate(
    *,
    function: str,
    loaded_cost: Decimal,
    capacity_hours: Decimal,
    by: User | None,
    starts_on: date | None = None,
    seen: str | None = None,
    note: str = "",
) -> CostRate:
    """Write a version that waits to be published; raises as ``write_rate`` does."""
    _refuse_others(by)
    _refuse_amounts(function, loaded_cost, capacity_hours)
    cycle.lock(CostRate(function=function))
    before = newest(function)
    if seen is not None and seen != str(before.pk if before else 0):
        key = int(seen) if seen.isdecimal() and len(seen) < 19 else 0
        old = CostRate.objects.filter(pk=key).first()
        who = f" by {before.published_by}" if before and before.published_by else ""
        raise VersionChangedError(
            f"{before} was written{who} meanwhile.", differences(old, before) if old and before else []
        )
    return cycle.begin(
        by=by,
        based_on=before,
        function=function,
        loaded_cost=loaded_cost,
        capacity_hours=capacity_hours,
        currency=settings.REPORTING_CURRENCY,
        starts_on=starts_on,
        note=note.strip(),
    )


@transaction.atomic
def publish_rate(*, version: CostRate, starts_on: date, by: User | None) -> CostRate:
    """Let a draft count from a day on: at once, also from a day past, or scheduled where it lies ahead.

    Raises ValidationError where a version that counts begins later, VersionChangedError where it is no draft.
    """
    _refuse_others(by)
    cycle.lock(version)
    held = cycle.hold(version)
    before = newest(held.function)
    refuse_day(starts_on, before)
    if starts_on > today():
        return cycle.schedule(held, by=by, expected=cycle.seen(held), starts_on=starts_on, today=today())
    return cycle.publish(held, by=by, expected=cycle.seen(held), starts_on=starts_on)


@transaction.atomic
def drop_rate(*, version: CostRate, by: User) -> None:
    """Throw away a draft, or take back a version whose day lies ahead; raises ValidationError for one that counts."""
    _refuse_others(by)
    if version.state == CostRate.State.SCHEDULED:
        version = cycle.unschedule(version, by=by)
    cycle.discard(version, by=by)


@transaction.atomic
def retire_rate(*, function: str, by: User | None) -> None:
    """Take a function's rate out of force, so that its time counts as without a rate until there is another."""
    _refuse_others(by)
    held = CostRate.objects.published().filter(function=function).first()
    if held is not None:
        cycle.retire(held, by=by, ends_on=max(today(), held.starts_on or today()))


def publish_due_rates() -> int:
    """Put every version in force whose day has come; return how many. Each in a transaction of its own."""
    return cycle.publish_due(today())


def refuse_day(starts_on: date, before: CostRate | None) -> None:
    """Raise ValidationError for a day on which no version can begin: what lies before the newest one is over."""
    if not EARLIEST <= starts_on <= LATEST:
        raise ValidationError({"starts_on": YEARS})
    if before is not None and before.starts_on is not None and starts_on < before.starts_on:
        told = f"Version {before.version} begins on {format_date(before.starts_on)}; choose that day or a later one."
        raise ValidationError({"starts_on": told})


def _refuse_amounts(function: str, loaded_cost: Decimal, capacity_hours: Decimal) -> None:
    wrong = {}
    if function not in costed_functions():
        wrong["function"] = "Choose a function whose time is written down on accounts."
    if not 0 < loaded_cost <= MOST_COST:
        wrong["loaded_cost"] = "Write an amount above 0, of at most ten digits."
    if not 0 < capacity_hours <= MOST_HOURS:
        wrong["capacity_hours"] = f"Write hours above 0, at most {MOST_HOURS:,}."
    if wrong:
        raise ValidationError(wrong)


def _refuse_others(by: User | None) -> None:
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied(REFUSED)


def _cost(version: CostRate) -> str:
    return format_money(version.loaded_cost, version.currency, decimals=2)


def _hour(version: CostRate) -> str:
    return format_money(version.per_hour, version.currency, decimals=2)
