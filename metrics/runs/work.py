"""Work off runs step by step: on any worker, any number of times, whatever dies meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from django.db import DatabaseError, Error, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.conditions.expression import BrokenConditionError
from metrics.engine.steps import PASSING_TROUBLE, STEP_SETTINGS
from metrics.runs.models import Run, RunQuerySet
from metrics.runs.registry import RunFailedError, RunKind, RunWaitsError, run_kinds

logger = structlog.get_logger(__name__)

# Any number that nobody else locks with; the second number is of the run, so that each has one worker at a time.
LOCK = 2_026_113
Work = Callable[[Any, Any], Mapping[str, Any]]
# A step that takes its worker with it must not be tried for ever.
MOST_ATTEMPTS = 5


class _EndedError(Exception):
    """The run ended, or is in other hands."""


def work_off(key: str, pk: int, *, seconds: float = 20.0) -> bool:
    """Do steps of a run of the kind ``key`` for some seconds; return whether there is more to do.

    A step and its mark commit together, and each takes up where the run really is, so that a killed worker or a
    message that comes twice costs at most one step. A run that is cancelled stops at once.
    """
    ends_at, work = time.monotonic() + seconds, run_kinds[key].worker()
    while do_next_step(key, pk, work):
        if time.monotonic() >= ends_at:
            return _open(run_kinds[key], pk).exists()
    return False


def do_next_step(key: str, pk: int, work: Work | None = None) -> bool:
    """Do one step of a run; return whether it was done by this call. ``work`` did the steps before it, if any."""
    kind = run_kinds[key]
    with _alone(kind, pk) as is_ours:
        return is_ours and _try_step(kind, pk, work)


@contextmanager
def _alone(kind: RunKind[Any], pk: int) -> Iterator[bool]:
    """Hold a run while a step of it is counted and done; yields whether nobody else holds it.

    A lock of the session, since the count commits ahead of the step; a worker that dies loses it with its session.
    """
    place = (LOCK, f"{kind.key} {pk}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", place)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            # Where the session is gone, so is the lock.
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", place)


def _try_step(kind: RunKind[Any], pk: int, work: Work | None) -> bool:
    # Counted ahead and apart, so that the count survives a worker that dies of the step.
    if not _open(kind, pk).update(state=Run.State.RUNNING, attempts=F("attempts") + 1):
        return False
    try:
        with transaction.atomic():
            return _step(kind, pk, work or kind.worker())
    except _EndedError:
        return False
    except RunWaitsError:
        _open(kind, pk).filter(attempts__gt=0).update(attempts=F("attempts") - 1)
    except RunFailedError as error:
        _fail(kind, pk, str(error), error.found)
    except BrokenConditionError as error:
        _fail(kind, pk, f"A condition speaks of something that is gone. {error}")
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) in PASSING_TROUBLE:
            return True
        logger.exception("A step of a run failed", kind=kind.key, run=pk)
        _fail(kind, pk, f"The database refused: {str(error).strip().splitlines()[0][:300]}")
    return False


def _open(kind: RunKind[Any], pk: int) -> RunQuerySet[Any]:
    found: RunQuerySet[Any] = kind.model.objects.open().filter(pk=pk)
    return found


def _step(kind: RunKind[Any], pk: int, work: Work) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(STEP_SETTINGS)
    run = _open(kind, pk).select_related(*kind.related).first()
    if run is None:
        return False
    if run.attempts > MOST_ATTEMPTS:
        _end(kind, run, "Its workers died of it several times. Ask whoever runs this installation.")
        return False
    if kind.doubt is not None and (why := kind.doubt(run)):
        _end(kind, run, why)
        return False
    changed: dict[str, Any] = {
        **work(run, run.plan[run.position]),
        "position": run.position + 1,
        "attempts": 0,
    }
    if run.position + 1 == len(run.plan):
        summary = changed.get("summary") or run.summary or {}
        changed |= {"state": Run.State.DONE, "summary": summary, "finished_at": Now()}
    # One that was cancelled meanwhile keeps nothing of this step.
    if not _open(kind, pk).filter(position=run.position).update(**changed):
        raise _EndedError
    return True


@transaction.atomic
def _fail(kind: RunKind[Any], pk: int, why: str, found: Mapping[str, Any] | None = None) -> None:
    run = _open(kind, pk).first()
    if run is not None:
        _end(kind, run, why, found)


def _end(kind: RunKind[Any], run: Any, why: str, found: Mapping[str, Any] | None = None) -> None:
    kind.forget(run)
    told = {} if found is None else {"summary": found}
    _open(kind, run.pk).update(state=Run.State.FAILED, error=why, finished_at=Now(), **told)
