"""Make one step of a refresh again, with whatever was made from it."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Q

from metrics.models import RefreshRun, RefreshStep
from metrics.registry import EVERYTHING, all_items
from people.models import User

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retried:
    """The run that is open again, and how many steps wait: the one asked for and those that follow it."""

    run: RefreshRun
    steps: int


@transaction.atomic
def retry_step(*, step: RefreshStep, by: User) -> Retried:
    """Let a finished step be made again, and then every step that follows it; the caller wakes the workers.

    With a step that failed go the other slices of its item that failed.
    Opens the run anew. Steps of whoever is at work now are left alone: raises ValidationError where one of those that
    would have to wait is being made, where the step waits already, where the day was refreshed again since, or where
    another refresh of it is under way. Locks the run, then its steps.
    """
    run = RefreshRun.objects.select_for_update().get(pk=step.run_id)
    if RefreshRun.objects.filter(as_of=run.as_of, pk__gt=run.pk).exists():
        raise ValidationError(
            f"{run.as_of} was refreshed again since. Open the newest refresh of that day and retry it there."
        )
    keys = followers_of(run, step.key)
    # Nothing that follows can be made while another slice of the same item stands as failed.
    asked_for = Q(pk=step.pk) | Q(key=step.key, state=RefreshStep.State.FAILED) | Q(key__in=keys)
    try:
        with transaction.atomic():
            held = list(run.steps.filter(asked_for).order_by("pk").select_for_update(nowait=True))
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != "55P03":
            raise
        raise ValidationError(
            "A worker is making this step, or one that follows it. Try again once it is through."
        ) from error
    mine = next(one for one in held if one.pk == step.pk)
    if mine.state == RefreshStep.State.QUEUED:
        raise ValidationError("This step waits already: it is made again as soon as a worker is free.")
    try:
        with transaction.atomic():
            # It stays finished for who asks whether the day has numbers, or whether its night is late.
            RefreshRun.objects.filter(pk=run.pk).update(state=RefreshRun.State.RUNNING, judged_at=None)
    except IntegrityError as error:
        raise ValidationError(
            f"Another refresh of {run.as_of} is under way. It makes this step too."
        ) from error
    waiting = RefreshStep.objects.filter(pk__in=[one.pk for one in held]).update(
        state=RefreshStep.State.QUEUED,
        attempts=0,
        error="",
        started_at=None,
        finished_at=None,
    )
    RefreshStep.objects.filter(pk=step.pk).update(retries=F("retries") + 1, retried_by=by)
    logger.info("Refresh step asked for again", key=step.key, run=run.pk, by=by.pk, steps=waiting)
    run.refresh_from_db()
    return Retried(run, waiting)


def followers_of(run: RefreshRun, key: str) -> set[str]:
    """Return the items of a run that come after one because of it: made from it, or from what is made from it.

    What comes behind everything does too.
    """
    items = all_items()
    needs: dict[str, set[str]] = {}
    for name, depends_on in run.steps.values_list("key", "depends_on").distinct():
        declared = items.get(name)
        needs[name] = {*depends_on, *(declared.after if declared is not None else ())}
    is_first = EVERYTHING not in needs.get(key, set())
    found: set[str] = set()
    ahead = [key]
    while ahead:
        one = ahead.pop()
        for name, before in needs.items():
            if name not in found and (one in before or (is_first and EVERYTHING in before)):
                found.add(name)
                ahead.append(name)
    return found - {key}
