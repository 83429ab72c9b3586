"""Plan a refresh: one row per item and slice of accounts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Account
from metrics.engine.waves import order_in_waves
from metrics.models import RefreshRun, RefreshStep
from metrics.registry import all_items, dependencies_of
from metrics.statements import load

# Measured at 50,000 accounts: 500 slices cost 7 times one statement, 20 slices 1.4 times. Four of each item keep
# a dozen workers busy, since a wave holds many items.
SMALLEST_SLICE = 2_500
SLICES = 4
# A step must end well within the broker's visibility timeout, whatever the number of accounts.
LARGEST_SLICE = 25_000
LAST_ID = 2**63 - 1
# Changes of health are told against the score of so many days before.
CHANGE_DAYS = 30


def plan_refresh(*, as_of: date, cause: str = "nightly") -> RefreshRun:
    """Plan the refresh of a day, or join the one that is already under way.

    Raises ValidationError for a day that has not begun.
    """
    if as_of > today():
        raise ValidationError(f"{as_of} lies in the future; numbers can be made up to {today()}.")
    while True:
        with transaction.atomic():
            run = _insert_run(as_of, cause)
            if run is not None:
                _insert_steps(run)
                return run
        joined = RefreshRun.objects.open().filter(as_of=as_of).first()
        if joined is not None:
            return joined


def today() -> date:
    """Return the current day of the store, which keeps UTC."""
    return datetime.now(UTC).date()


def history_days(as_of: date, months: int) -> list[date]:
    """Return the days that give ``as_of`` its past, oldest first.

    These are the ends of the ``months`` months before, and the day with which changes are compared.
    Raises OverflowError where the calendar does not reach back that far.
    """
    if not months:
        return []
    found = {as_of - timedelta(days=CHANGE_DAYS)}
    day = as_of.replace(day=1)
    for _ in range(months):
        day -= timedelta(days=1)
        found.add(day)
        day = day.replace(day=1)
    return sorted(found)


def slice_accounts() -> list[tuple[int, int]]:
    """Return ranges of account ids, both ends included, that hold about equally many accounts.

    They leave no gap between them, so values of accounts that have gone are replaced too.
    """
    count = Account.objects.count()
    if not count:
        return []
    size = min(max(-(-count // SLICES), SMALLEST_SLICE), LARGEST_SLICE)
    firsts = [int(row[0]) for row in load("metrics", "slices", count=max(1, count // size)).fetch()]
    lasts = [first - 1 for first in firsts[1:]] + [LAST_ID]
    return list(zip([0, *firsts[1:]], lasts, strict=True))


def _insert_run(as_of: date, cause: str) -> RefreshRun | None:
    """Insert the run, or return None where one of that day is open: the partial unique index decides."""
    rows = load("metrics", "open_run", as_of=as_of, cause=cause[:64]).fetch()
    return RefreshRun.objects.get(pk=rows[0][0]) if rows else None


def _insert_steps(run: RefreshRun) -> None:
    items = all_items()
    slices = slice_accounts()
    whole = [(0, LAST_ID)] if slices else []
    waves = order_in_waves(items)
    RefreshStep.objects.bulk_create(
        RefreshStep(
            run=run, key=key, wave=wave, first=first, last=last, depends_on=list(dependencies_of(items[key]))
        )
        for key, wave in sorted(waves.items(), key=lambda pair: (pair[1], pair[0]))
        for first, last in (slices if items[key].is_sliced else whole)
    )
