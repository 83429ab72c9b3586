"""Writes of previews: asked for, cancelled, their results forgotten."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from engagement.models import ScoreModel, ScorePreview
from engagement.scoring.analysis import newest_scores
from engagement.scoring.services import cycle
from metrics.engine.plan import slice_accounts
from metrics.runs.services import forget_old, wake_on_commit
from people.models import User


@transaction.atomic
def request_score_preview(*, model: ScoreModel, by: User) -> ScorePreview:
    """Ask what a version gives every account on the newest day of which scores are kept; workers answer.

    Whoever asks the same of the same rules while it is being answered joins that run. Locks the version. Raises
    ValidationError as ``check_rules`` does where it can't be counted, VersionChangedError where it has gone.
    """
    held = cycle.locked(model)
    cycle.check(held)
    in_force = cycle.in_force(held)
    today = timezone.now().date()
    asked: dict[str, Any] = {"seen": cycle.seen(held), "day": newest_scores(today) or today}
    running = held.previews.open().filter(**asked).first()
    if running is not None:
        return running
    forget_old(held.previews.all(), ScorePreview.objects.all())
    names = [
        {rule.position: rule.name for rule in side.rules.all()} if side else {} for side in (in_force, held)
    ]
    steps = [["scores", first, last] for first, last in slice_accounts()]
    run = ScorePreview.objects.create(
        model=held, in_force=in_force, names=names, plan=[*steps, ["rates", 0, 0]], requested_by=by, **asked
    )
    wake_on_commit(run)
    return run


def forget_rows(run: ScorePreview) -> None:
    """Remove what a preview has found so far, since half a result is none; call in a transaction."""
    run.rows.all().delete()


def is_saved_since(run: ScorePreview) -> bool:
    """Return whether the version says something else by now than was previewed."""
    return run.seen.partition(".")[2] != cycle.mark(run.model)


def is_current(run: ScorePreview) -> bool:
    """Return whether the version still says what was previewed, beside what is still in force."""
    return run.seen == cycle.seen(run.model)
