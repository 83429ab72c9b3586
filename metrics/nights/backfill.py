"""Make the days of a range again, one after the other, each as a refresh that all workers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from common.asof import FIRST_DAY
from common.formatting import format_date
from metrics.engine.plan import plan_refresh, today
from metrics.models import Backfill, RefreshRun
from metrics.runs.registry import RunKind, RunWaitsError
from metrics.runs.services import cancel_run, wake_on_commit
from people.models import User

KEY = "metrics.backfill"
# Behind the last day: the back-fill waits for it and ends.
END = "end"
# Any number that nobody else locks with: two who begin a back-fill at once meet here.
LOCK = 2_026_114


@dataclass(frozen=True, slots=True)
class Days:
    """How far a back-fill is: its days, those that are made, and those of them in which something failed."""

    total: int
    made: int
    failed: int


@transaction.atomic
def begin_backfill(*, first_on: date, last_on: date, by: User) -> Backfill:
    """Have the days ``first_on`` to ``last_on`` made again, oldest first, since a day may read those before it.

    Raises ValidationError by field for days in the wrong order, in the future, before those that pages show, or too
    many, and plainly where another back-fill is under way.
    """
    problems: dict[str, str] = {}
    if last_on > today():
        problems["last_on"] = f"That day lies in the future. Choose {format_date(today())} or an earlier one."
    elif first_on > last_on:
        problems["first_on"] = (
            f"It lies behind the last day. Choose {format_date(last_on)} or an earlier one."
        )
    elif first_on < FIRST_DAY:
        problems["first_on"] = f"No page shows that day. Choose {format_date(FIRST_DAY)} or a later one."
    elif (last_on - first_on).days >= Backfill.MOST_DAYS:
        problems["first_on"] = (
            f"These are {(last_on - first_on).days + 1} days; {Backfill.MOST_DAYS} go at a time. "
            "Begin with the oldest ones."
        )
    if problems:
        raise ValidationError(problems)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    under_way = Backfill.objects.open().first()
    if under_way is not None:
        raise ValidationError(
            f"The days from {format_date(under_way.first_on)} to {format_date(under_way.last_on)} are being made "
            "again. Wait for that, or cancel it."
        )
    count = (last_on - first_on).days + 1
    days = [(first_on + timedelta(days=place)).isoformat() for place in range(count)]
    run = Backfill.objects.create(first_on=first_on, last_on=last_on, plan=[*days, END], requested_by=by)
    wake_on_commit(run)
    return run


def cancel_backfill(*, run: Backfill, by: User) -> Backfill:
    """Begin no further day; those that are made stay, and the one under way is finished.

    Raises ValidationError where it has ended.
    """
    return cancel_run(run, by=by)


def days_of(run: Backfill) -> Days:
    """Return how far a back-fill is; one query."""
    states = list(RefreshRun.objects.filter(pk__in=run.runs).values_list("state", flat=True))
    over = [state for state in states if state != RefreshRun.State.RUNNING]
    return Days(
        total=(run.last_on - run.first_on).days + 1,
        made=len(over),
        failed=over.count(RefreshRun.State.FAILED),
    )


def go_on_with_backfills() -> None:
    """Call a worker for each open back-fill: the day it waited for may be through."""
    from metrics.tasks import work_on_run

    for pk in Backfill.objects.open().values_list("pk", flat=True):
        work_on_run.apply_async((KEY, pk), retry=False)


def _worker() -> Callable[[Backfill, Any], Mapping[str, Any]]:
    return _do


def _do(run: Backfill, step: str) -> Mapping[str, Any]:
    """Plan the next day once the one before is through."""
    if run.runs and RefreshRun.objects.open().filter(pk=run.runs[-1]).exists():
        raise RunWaitsError
    if step == END:
        days = days_of(run)
        return {"summary": {"days": days.total, "failed": days.failed}}
    own = f"Back-fill {run.pk}, "
    planned = plan_refresh(as_of=date.fromisoformat(step), cause=f"{own}{run.requested_by}")
    if not planned.cause.startswith(own):
        # Somebody else's refresh of that day is under way, perhaps of a few steps only: made whole behind it.
        raise RunWaitsError
    transaction.on_commit(_wake, robust=True)
    return {"runs": [*run.runs, planned.pk]}


def _wake() -> None:
    from metrics.tasks import wake_workers

    wake_workers()


def _keep(run: Backfill) -> None:
    """Forget nothing: each day that is made is whole by itself."""


BACKFILL = RunKind(key=KEY, model=Backfill, worker=_worker, forget=_keep, related=("requested_by",))
