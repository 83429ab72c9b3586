"""Writes of previews: asked for, cancelled, thrown away when they are old."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from metrics.engine.plan import slice_accounts, today
from metrics.runs.services import cancel_run, forget_old, wake_on_commit
from people.models import User
from tiers.content import RuleSetError, problems_of, read_content, read_whole
from tiers.models import PreviewRun, RuleSet
from tiers.preview.replay import days_to_replay
from tiers.services.cycle import cycle, seen_of
from tiers.services.errors import require_revops

EARLIEST = date(2000, 1, 1)


@transaction.atomic
def request_preview(*, rule_set: RuleSet, by: User, as_of: date | None = None) -> PreviewRun:
    """Ask what a version would do now, or would have done on a past day; workers answer behind the commit.

    Whoever asks the same of the same content while it is being answered joins that run. Locks the rule set. Raises
    RuleSetError where a condition speaks of something gone, ValidationError for a day that can't be asked.
    """
    require_revops(by, "Previewing tier rules")
    held = cycle.locked(rule_set)
    if as_of is not None and not EARLIEST <= as_of < today():
        raise ValidationError({"as_of": "Choose a day before today, or leave it empty for now."})
    problems = problems_of(read_content(held))
    if problems:
        raise RuleSetError(problems)
    return begin_preview(held, by=by, as_of=as_of)


def begin_preview(held: RuleSet, *, by: User, as_of: date | None = None) -> PreviewRun:
    """Begin a preview of a version that is locked and sound, or join the one that is being made."""
    seen = seen_of(held)
    running = held.previews.open().filter(seen=seen, as_of=as_of).first()
    if running is not None:
        return running
    waited_on = RuleSet.objects.scheduled().exclude(previewed=None).values("previewed")
    forget_old(held.previews.exclude(pk__in=waited_on), PreviewRun.objects.exclude(pk__in=waited_on))
    run = PreviewRun.objects.create(
        rule_set=held,
        digest=held.digest,
        seen=seen,
        content=read_whole(held),
        as_of=as_of,
        on=as_of or today(),
        plan=_plan(as_of or today()),
        requested_by=by,
    )
    wake_on_commit(run)
    return run


def cancel_preview(*, run: PreviewRun, by: User) -> PreviewRun:
    """Stop a preview that is still being made; raises ValidationError where it has ended."""
    require_revops(by, "Previewing tier rules")
    return cancel_run(run, by=by)


def forget_results(run: PreviewRun) -> None:
    """Remove what a run has found so far, since half a result is none; call in a transaction."""
    for found in (run.rows, run.sums, run.replayed):
        found.all().delete()


def _plan(until: date) -> list[list[Any]]:
    """Return the steps: what each slice would do, then its year past, then the sum of all."""
    slices = _slices()
    days = [day.isoformat() for day in days_to_replay(until)]
    replays = [["replay", first, last, days] for first, last in slices] if len(days) > 1 else []
    return [*(["moves", first, last, []] for first, last in slices), *replays, ["sum", 0, 0, days]]


def _slices() -> list[tuple[int, int]]:
    """Return ranges of account ids of up to 50,000 accounts: to write one statement takes as long as 15,000 of them."""
    found = slice_accounts()
    return [(found[place][0], found[min(place + 1, len(found) - 1)][1]) for place in range(0, len(found), 2)]
