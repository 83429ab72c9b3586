"""Work off previews step by step: on any worker, any number of times, whatever dies meanwhile."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.conditions.expression import BrokenConditionError
from metrics.engine.steps import STEP_SETTINGS
from metrics.statements import Statement, load
from tiers.assignment.decide import terms_of
from tiers.evaluation import compile_rules
from tiers.models import PreviewRun
from tiers.preview.judging import (
    Question,
    accounts_of_slice,
    forget_outlook,
    judged_accounts,
    look_ahead,
)
from tiers.preview.replay import replay, said_then
from tiers.preview.services import forget_results
from tiers.preview.summary import summary_of

logger = structlog.get_logger(__name__)

# Beside the lock of tiers; the run's id is the second number, so that each run has one worker at a time.
LOCK = 2_026_113
# A step that takes its worker with it must not be tried for ever.
MOST_ATTEMPTS = 5
SAVED_MEANWHILE = "The draft was saved while it was being previewed. Preview it again."


class _EndedError(Exception):
    """The run ended, or is in other hands."""


def work_off_preview(pk: int, *, seconds: float = 20.0) -> bool:
    """Do steps of a run for some seconds; return whether there is more to do.

    A step and its mark commit together, and each takes up where the run really is, so that a killed worker or a
    message that comes twice costs at most one step. A run that is cancelled stops at once.
    """
    ends_at, prepared = time.monotonic() + seconds, Prepared()
    while do_next_step(pk, prepared):
        if time.monotonic() >= ends_at:
            return PreviewRun.objects.open().filter(pk=pk).exists()
    return False


class Prepared:
    """The statements of one run, written once for all of its slices: that takes as long as many accounts."""

    def __init__(self) -> None:
        self.asked: Question | None = None
        self.judged: Statement | None = None
        self.replayed: list[Statement] = []

    def question(self, run: PreviewRun) -> Question:
        """Return what the run asks."""
        if self.asked is None:
            self.asked = Question(
                rules=compile_rules(run.rule_set), terms=terms_of(run.rule_set), on=run.on, as_of=run.as_of
            )
        return self.asked

    def judges(self, run: PreviewRun) -> Statement:
        """Return the statement that judges a slice."""
        if self.judged is None:
            self.judged = judged_accounts(self.question(run), accounts_of_slice())
        return self.judged

    def replays(self, run: PreviewRun, days: list[date]) -> list[Statement]:
        """Return the statements that judge a slice at the end of each of ``days``."""
        if not self.replayed:
            self.replayed = said_then(self.question(run).rules, days, accounts_of_slice())
        return self.replayed


def do_next_step(pk: int, prepared: Prepared | None = None) -> bool:
    """Do one step of a run; return whether it was done by this call. ``prepared`` is kept for its next steps."""
    tried = PreviewRun.objects.open().filter(pk=pk).update(state="running", attempts=F("attempts") + 1)
    if not tried:
        return False
    try:
        with transaction.atomic():
            return _step(pk, prepared or Prepared())
    except _EndedError:
        return False
    except BrokenConditionError as error:
        _fail(pk, f"A condition speaks of something that is gone. {error}")
    except DatabaseError as error:
        logger.exception("A step of a preview failed", run=pk)
        _fail(pk, f"The database refused: {str(error).strip().splitlines()[0][:300]}")
    return False


def _step(pk: int, prepared: Prepared) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(STEP_SETTINGS)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, pk % 2**31])
        is_ours = cursor.fetchone()[0]
    run = PreviewRun.objects.open().select_related("rule_set").filter(pk=pk).first()
    if not is_ours or run is None:
        # Whoever looks while another works takes back what it counted.
        PreviewRun.objects.open().filter(pk=pk, attempts__gt=0).update(attempts=F("attempts") - 1)
        return False
    if run.attempts > MOST_ATTEMPTS:
        _end(run, "Its workers died of it several times. Ask whoever runs this installation.")
        return False
    if run.rule_set.digest != run.digest:
        _end(run, SAVED_MEANWHILE)
        return False
    kind, first, last, days = run.plan[run.position]
    known = [date.fromisoformat(day) for day in days]
    changed: dict[str, Any] = {"position": run.position + 1, "attempts": 0}
    if kind == "moves":
        _moves(run, prepared, first, last)
    elif kind == "replay":
        said = [one.within(first, last) for one in prepared.replays(run, known)]
        replay(prepared.question(run), known, said, run=run.pk, first=first, last=last)
    else:
        summary = summary_of(run, known)
        changed |= {"state": PreviewRun.State.DONE, "summary": summary, "finished_at": Now()}
    # One that was cancelled meanwhile keeps nothing of this step.
    if not PreviewRun.objects.open().filter(pk=pk, position=run.position).update(**changed):
        raise _EndedError
    return True


def _moves(run: PreviewRun, prepared: Prepared, first: int, last: int) -> None:
    look_ahead(prepared.question(run), prepared.judges(run).within(first, last), first=first, last=last)
    load("tiers", "preview_rows", run=run.pk).execute()
    load("tiers", "preview_sums", run=run.pk).execute()
    forget_outlook()


@transaction.atomic
def _fail(pk: int, why: str) -> None:
    run = PreviewRun.objects.open().filter(pk=pk).first()
    if run is not None:
        _end(run, why)


def _end(run: PreviewRun, why: str) -> None:
    forget_results(run)
    PreviewRun.objects.open().filter(pk=run.pk).update(state="failed", error=why, finished_at=Now())
