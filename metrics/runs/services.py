"""Ask for runs, stop them, and throw old ones away; who may is for the kinds to say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from metrics.runs.models import R, Run, RunQuerySet
from metrics.runs.registry import kind_of, run_kinds
from people.models import User

KEPT_RUNS = 5
KEPT_FOR = timedelta(days=90)


def wake_on_commit(run: Run) -> None:
    """Let a worker begin with a run behind the commit; where the broker is away, the beat does."""
    key, pk = kind_of(run).key, run.pk
    transaction.on_commit(lambda: _call(key, pk), robust=True)


def go_on() -> None:
    """Call a worker for each open run: after a killed worker, a lost message or a broker that was away."""
    for kind in run_kinds:
        for pk in kind.model.objects.open().values_list("pk", flat=True):
            _call(kind.key, pk)


@transaction.atomic
def cancel_run(run: R, *, by: User, until: int | None = None) -> R:
    """Stop a run that is still open and forget what it found; raises ValidationError where it has ended.

    One that can't be taken back from a step on can be stopped ``until`` so many steps are done.
    """
    kind = kind_of(run)
    stoppable = kind.model.objects.open().filter(pk=run.pk)
    if until is not None:
        stoppable = stoppable.filter(position__lte=until)
    stopped = stoppable.update(state=Run.State.CANCELLED, error=f"Cancelled by {by}.", finished_at=Now())
    if not stopped:
        raise ValidationError("It is too late to stop it.")
    kind.forget(run)
    run.refresh_from_db()
    return run


def forget_old(siblings: RunQuerySet[Any], every: RunQuerySet[Any]) -> None:
    """Throw away all but the newest ended runs of ``siblings``, and of ``every`` those of long ago.

    One more than stays is thrown away, since another is about to come; call in a transaction.
    """
    ended = siblings.ended()
    kept = list(ended.newest_first().values_list("pk", flat=True)[: KEPT_RUNS - 1])
    old = every.ended().filter(requested_at__lt=timezone.now() - KEPT_FOR)
    for run in ended.exclude(pk__in=kept) | old:
        kind_of(run).forget(run)
        run.delete()


def _call(key: str, pk: int) -> None:
    from metrics.tasks import work_on_run

    work_on_run.apply_async((key, pk), retry=False)
