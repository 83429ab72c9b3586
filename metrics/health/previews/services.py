"""Writes of previews: asked for, forgotten, and what they showed put in force."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from common.versions.errors import VersionChangedError
from metrics.engine.plan import slice_accounts, today
from metrics.health.score import series_of
from metrics.health.services import cycle, publish_health_model, restore_health_model
from metrics.models import HealthModel, HealthPreview, HealthScore
from metrics.runs.services import forget_old, wake_on_commit
from people.models import User

NEXT = "Preview it again before you publish it."
NOT_CURRENT = f"Since this preview the draft was saved, or a model that counts beside it has changed. {NEXT}"
LONGEST_NOTE = 2000


@transaction.atomic
def request_health_preview(*, model: HealthModel, by: User) -> HealthPreview:
    """Ask what a version gives on the newest day of which scores are kept; workers answer.

    Whoever asks the same of the same content while it is being answered joins that run. Locks the version. Raises
    ValidationError as ``check_content`` does where it can't score, VersionChangedError where it has gone.
    """
    held = cycle.locked(model)
    cycle.check(held)
    asked: dict[str, Any] = {
        "seen": cycle.seen(held),
        "beside": beside(held),
        "day": newest_scores() or today(),
    }
    running = held.previews.open().filter(**asked).first()
    if running is not None:
        return running
    forget_old(held.previews.all(), HealthPreview.objects.all())
    steps = [["scores", first, last] for first, last in slice_accounts()]
    run = HealthPreview.objects.create(
        model=held,
        in_force=cycle.in_force(held),
        plan=[*steps, ["sum", 0, 0]],
        requested_by=by,
        **asked,
    )
    wake_on_commit(run)
    return run


@transaction.atomic
def publish_previewed(*, preview: HealthPreview, by: User, note: str) -> HealthModel:
    """Put in force what a preview showed: a draft, or an earlier version as a version of its own.

    ``note`` says why, for colleagues. Raises ValidationError by field without one and where it can't score, and
    VersionChangedError where the version, or any that counts beside it, isn't any more what was previewed.
    """
    cycle.lock(preview.model)
    # Locked, so that none of those that were counted beside it is replaced while this one is published.
    list(HealthModel.objects.published().select_for_update(of=("self",)).order_by("pk"))
    run = HealthPreview.objects.select_related("model").filter(pk=preview.pk).first()
    if run is None or run.state != HealthPreview.State.DONE:
        raise ValidationError("Only a preview that is done can be published.")
    if not is_current(run):
        raise VersionChangedError(NOT_CURRENT)
    told = note.strip()
    if not told:
        raise ValidationError({"note": ["Say what changes and why: colleagues read it beside the version."]})
    if len(told) > LONGEST_NOTE:
        raise ValidationError({"note": [f"Use at most {LONGEST_NOTE} letters."]})
    if run.model.state == HealthModel.State.RETIRED:
        return restore_health_model(model=run.model, by=by, note=told)
    return publish_health_model(model=run.model, by=by, expected=run.seen, note=told)


def forget_rows(run: HealthPreview) -> None:
    """Remove what a preview has found so far, since half a result is none; call in a transaction."""
    run.rows.all().delete()


def is_saved_since(run: HealthPreview) -> bool:
    """Return whether the version says something else by now than was previewed."""
    return run.seen.partition(".")[2] != cycle.mark(run.model)


def is_current(run: HealthPreview) -> bool:
    """Return whether the version still says what was previewed, beside what is still in force."""
    return run.seen == cycle.seen(run.model) and run.beside == beside(run.model)


def beside(model: HealthModel) -> list[int]:
    """Return the published versions of the other series, which decide whom a version scores."""
    published = HealthModel.objects.published().order_by("pk")
    return [one.pk for one in published if series_of(one) != series_of(model)]


def newest_scores() -> Any:
    """Return the newest day of which scores are stored, None where there is none."""
    return HealthScore.objects.order_by("-as_of").values_list("as_of", flat=True).first()
