"""Work off planned steps: one at a time, safe to run anywhere, any number of times."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum

import structlog
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import F, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from metrics.engine.store import run_item
from metrics.models import RefreshRun, RefreshStep
from metrics.registry import all_items

logger = structlog.get_logger(__name__)

ATTEMPTS = 3
# A step that takes its worker with it (memory, a crash) must not hold up the nights behind it for ever.
MOST_DEATHS = 10
# Deadlocks and failed serialisation say nothing about the step; the next attempt meets other company.
PASSING_TROUBLE = frozenset({"40P01", "40001", "55P03"})
STEP_SETTINGS = (
    "SET LOCAL statement_timeout = '300s'; "
    # Rows and mark are lost together in a crash of the server, and are then simply made again.
    "SET LOCAL synchronous_commit = off; "
    # Compiling took 0.5 s where running took 0.02 s (400 accounts, no statistics yet).
    "SET LOCAL jit = off; "
    # Statistics never know the day that is being made, so the planner expects one row of it and loops: 0.5 s
    # instead of 0.006 s for the standing of 400 accounts, and growing with the square. A slice touches all of
    # its accounts, where hashing is right.
    "SET LOCAL enable_nestloop = off"
)
WAIT_FOR_OTHERS = 0.05


class Outcome(Enum):
    """What became of one look for work."""

    STEPPED = "did a step"
    BUSY = "the rest of the wave is in other hands"
    NOTHING = "no work left"


@dataclass(frozen=True, slots=True)
class Look:
    """The outcome, with the step that was done where there was one."""

    outcome: Outcome
    step: RefreshStep | None = None


def run_next_step() -> Look:
    """Do one waiting step of the oldest open run.

    Runs are worked off in the order of their planning, so that a day may read the days before it. A step
    and its mark commit together: a worker that dies, or a message that comes twice, costs at most one step.
    A broken item is marked with its error and holds up nobody but its dependants.
    """
    run = RefreshRun.objects.open().first()
    if run is None:
        return Look(Outcome.NOTHING)
    waiting = RefreshStep.objects.next_of(run.pk).select_for_update(skip_locked=True)
    # Counted ahead and apart, so that the count survives a worker that dies of the step.
    with transaction.atomic():
        tried = RefreshStep.objects.filter(pk=Subquery(waiting.values("pk")[:1])).update(
            attempts=F("attempts") + 1, started_at=Now()
        )
    with transaction.atomic():
        step = waiting.first()
        # Somebody may have asked again for a step of an earlier wave since the look that found this one.
        is_next = step is not None and not RefreshStep.objects.waiting_before(step).exists()
        if step is not None and is_next:
            _work(step, run.as_of)
            return Look(Outcome.STEPPED, step)
    if tried:
        return run_next_step()  # another worker was quicker
    if RefreshStep.objects.queued().filter(run=run).exists():
        return Look(Outcome.BUSY)
    close_run(run.pk)
    return run_next_step()


def work_off(
    *,
    seconds: float | None = None,
    is_done: Callable[[], bool] | None = None,
    on_step: Callable[[RefreshStep], None] | None = None,
    waits: bool = True,
) -> bool:
    """Do steps until none is left, ``is_done`` or ``seconds`` are over; return whether to come back.

    Where other workers hold the rest of a wave it waits for them, or with ``waits=False`` leaves the next
    wave to them.
    """
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        look = run_next_step()
        if look.outcome is Outcome.NOTHING:
            return False
        if look.outcome is Outcome.BUSY:
            if not waits:
                return False
            time.sleep(WAIT_FOR_OTHERS)
        elif on_step is not None and look.step is not None:
            on_step(look.step)
        if is_done is not None and is_done():
            return False
        if until is not None and time.monotonic() >= until:
            return True


@transaction.atomic
def close_run(run_id: int) -> None:
    """Mark a run as finished once none of its steps waits; repeating it changes nothing.

    Locks the run, so that nobody asks for a step again in between.
    """
    if not RefreshRun.objects.open().filter(pk=run_id).select_for_update().exists():
        return
    waiting = RefreshStep.objects.queued().filter(run_id=run_id)
    if waiting.exists():
        return
    has_failures = RefreshStep.objects.failed().filter(run_id=run_id).exists()
    state = RefreshRun.State.FAILED if has_failures else RefreshRun.State.DONE
    RefreshRun.objects.open().filter(pk=run_id).update(state=state, finished_at=Now())


def failed_keys(as_of: date) -> set[str]:
    """Return the items of the open refresh of ``as_of`` that have failed so far."""
    failed = RefreshStep.objects.failed().filter(run__as_of=as_of, run__state=RefreshRun.State.RUNNING)
    return set(failed.values_list("key", flat=True))


def _work(step: RefreshStep, as_of: date) -> None:
    started, began = time.perf_counter(), timezone.now()
    try:
        step.rows, step.note = _attempt(step, as_of)
        step.state = RefreshStep.State.DONE
    except Exception as error:
        if isinstance(error, DatabaseError) and not connection.is_usable():
            raise  # the server went away: nothing can be marked, the step stays queued
        logger.exception("Refresh step failed", key=step.key, as_of=str(as_of), first=step.first)
        step.state = RefreshStep.State.FAILED
        step.error = _reason(error)
    step.seconds = round(time.perf_counter() - started, 4)
    step.finished_at = Now()
    # Another worker may have taken the step that was counted, and left this one, which nobody counted.
    step.attempts = max(step.attempts, 1)
    step.started_at = step.started_at or began
    step.save(
        update_fields=("state", "rows", "seconds", "note", "error", "attempts", "started_at", "finished_at")
    )


def _attempt(step: RefreshStep, as_of: date) -> tuple[int, str]:
    if step.attempts > MOST_DEATHS:
        raise StepError(f"Given up after {step.attempts - 1} attempts, none of which its worker survived.")
    items = all_items()
    item = items.get(step.key)
    if item is None:
        raise StepError("No app declares this any more.")
    unknown = sorted(set(step.depends_on) - set(items))
    if unknown:
        raise StepError(f"Not made, because it depends on {', '.join(unknown)}, which no app declares.")
    missing = RefreshStep.objects.failed().filter(run_id=step.run_id, key__in=step.depends_on)
    broken = sorted(set(missing.values_list("key", flat=True)))
    if broken:
        raise StepError(f"Not made, because it depends on {', '.join(broken)}, which failed.")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(STEP_SETTINGS)
                rows = run_item(item, as_of, step.first, step.last)
                note = item.note(as_of, step.first, step.last) if item.note else ""
                return rows, note
        except OperationalError as error:
            code = getattr(error.__cause__, "sqlstate", None)
            if code not in PASSING_TROUBLE or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


class StepError(Exception):
    """A step that can't be done, with the reason people read."""


def _reason(error: Exception) -> str:
    if isinstance(error, StepError):
        return str(error)
    return f"{type(error).__name__}: {error}".strip()[:4000]
