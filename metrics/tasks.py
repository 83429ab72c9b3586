"""The refresh on workers. A task may run twice, late or not at all: the next tick goes on from the rows."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from common.periods import start_of
from metrics.engine.plan import plan_refresh, today
from metrics.engine.steps import work_off
from metrics.models import RefreshRun, RefreshStep
from metrics.nights.backfill import go_on_with_backfills
from metrics.nights.judging import judge_nights
from metrics.runs import services as runs
from metrics.runs.work import work_off as work_off_run
from metrics.scoreboard.digest import write_digests

# Short enough that a message is acknowledged long before the broker would deliver it again.
WORK_SECONDS = 20.0
# More messages than steps at hand would only look and leave; more machines than this need a larger number.
HELPERS = 16


@shared_task
def plan_nightly_refresh() -> None:
    """Plan the refresh of the day that has just ended, and wake the workers."""
    plan_refresh(as_of=today() - timedelta(days=1), cause="nightly")
    wake_workers()


@shared_task
def write_score_digests() -> int:
    """Write the weekly message of the scoreboard to whoever's turn it is; the workers of notices send it."""
    return write_digests(timezone.now())


@shared_task
def run_steps() -> None:
    """Work off steps for some seconds, then hand on to the next message, until none is left."""
    waves: set[tuple[int, int]] = set()

    def help_with_new_wave(step: RefreshStep) -> None:
        # Helpers go home when a wave has no step for them, so whoever opens the next one calls them again.
        if (wave := (step.run_id, step.wave)) not in waves:
            waves.add(wave)
            _call(_steps_at_hand() - 1)

    if work_off(seconds=WORK_SECONDS, on_step=help_with_new_wave, waits=False):
        _call(1)
    else:
        go_on_with_backfills()


@shared_task
def tick() -> None:
    """Go on with whatever is unfinished: after a killed worker, a lost message or a broker that was away.

    Also plans the night where nobody did, on an installation that has had a refresh before today, and tells RevOps
    what has gone wrong.
    """
    night = today() - timedelta(days=1)
    runs = RefreshRun.objects.filter(planned_at__gte=start_of(today()))
    is_used = RefreshRun.objects.filter(planned_at__lt=start_of(today())).exists()
    # A refresh of that day from before it ended doesn't count: what came after it is missing there.
    if is_used and timezone.now().hour >= settings.REFRESH_HOUR and not runs.filter(as_of=night).exists():
        plan_refresh(as_of=night, cause="nightly, caught up")
    wake_workers()
    judge_nights()


@shared_task
def work_on_run(key: str, pk: int) -> None:
    """Do steps of a run for some seconds, then hand on to the next message, until none is left."""
    if work_off_run(key, pk, seconds=WORK_SECONDS):
        work_on_run.delay(key, pk)


@shared_task
def go_on_with_runs() -> None:
    """Call a worker for each run that is open, whatever became of the one before."""
    runs.go_on()


def wake_workers() -> None:
    """Call as many workers as there are steps at hand."""
    if RefreshRun.objects.open().exists():
        _call(max(1, _steps_at_hand()))


def _steps_at_hand() -> int:
    """Return how many steps of the running wave wait."""
    run = RefreshRun.objects.open().first()
    if run is None:
        return 0
    waiting = RefreshStep.objects.queued().filter(run=run)
    return waiting.filter(wave=waiting.aggregate(wave=Min("wave"))["wave"]).count()


def _call(count: int) -> None:
    for _ in range(min(count, HELPERS)):
        run_steps.delay()
