"""Publish a version of a point model as it was previewed, or say what changed since; workers compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from common.versions.errors import VersionChangedError
from engagement.models import ScoreDifference, ScorePreview, ScorePublication
from engagement.scoring.previews.services import is_current, is_saved_since
from engagement.scoring.score import points_of
from engagement.scoring.services import publish_score_model
from metrics.engine.plan import slice_accounts
from metrics.runs.registry import RunFailedError, RunKind
from metrics.runs.services import wake_on_commit
from metrics.statements import load
from people.models import User

SHOWN = 200
NEXT = "Preview it again before you publish it."
NOT_CURRENT = f"Since this preview the draft was saved or another version was published. {NEXT}"


@transaction.atomic
def request_score_publication(*, preview: ScorePreview, by: User, accepted: str = "") -> ScorePublication:
    """Ask for a previewed draft to be put in force, if it still gives what was shown; workers find out.

    ``accepted`` is the token of what has changed since, where somebody agreed to it. Who asks again meanwhile joins.
    Locks the preview. Raises ValidationError where it can't be published, VersionChangedError where the draft or the
    version in force is another by now.
    """
    run = (
        ScorePreview.objects.select_for_update(of=("self",))
        .select_related("model")
        .filter(pk=preview.pk)
        .first()
    )
    if run is None or run.state != ScorePreview.State.DONE:
        raise ValidationError("Only a preview that is done can be published.")
    if not is_current(run):
        raise VersionChangedError(NOT_CURRENT)
    running = run.publications.open().first()
    if running is not None:
        return running
    steps = [["compare", first, last] for first, last in slice_accounts()]
    publication = ScorePublication.objects.create(
        preview=run, accepted=accepted[:32], plan=[*steps, ["decide", 0, 0]], requested_by=by
    )
    wake_on_commit(publication)
    return publication


def do_step(run: ScorePublication, step: Sequence[Any]) -> Mapping[str, Any]:
    """Compare a slice with what was previewed, or decide."""
    kind, first, last = step
    preview = run.preview
    if kind == "compare":
        parts = points_of(preview.model, list(preview.model.rules.all()), preview.day, first, last)
        load(
            "engagement",
            "score_differences",
            run=run.pk,
            preview=preview.pk,
            parts=parts,
            first=first,
            last=last,
        ).execute()
        return {}
    [(count, token)] = load("engagement", "score_differences_token", run=run.pk).fetch()
    if count and token != run.accepted:
        raise RunFailedError(
            f"{count} {'account gets' if count == 1 else 'accounts get'} something else than previewed.",
            {"count": count, "token": token, "differences": _told(run)},
        )
    try:
        publish_score_model(model=preview.model, by=run.requested_by, expected=preview.seen)
    except VersionChangedError as error:
        raise RunFailedError(f"{error} {NEXT}", {"changes": error.differences}) from error
    except ValidationError as error:
        raise RunFailedError(" ".join(error.messages)) from error
    forget_differences(run)
    return {"summary": {"accepted": count}}


def forget_differences(run: ScorePublication) -> None:
    """Remove what was compared so far; call in a transaction."""
    run.differences.all().delete()


def _told(run: ScorePublication) -> list[dict[str, Any]]:
    rows = ScoreDifference.objects.filter(run=run).select_related("account").order_by("account_id")[:SHOWN]
    return [
        {
            "account_id": one.account_id,
            "name": one.account.name,
            "previewed": str(one.previewed),
            "now": str(one.now),
        }
        for one in rows
    ]


def _doubt(run: ScorePublication) -> str:
    return NOT_CURRENT if is_saved_since(run.preview) else ""


PUBLICATION = RunKind(
    key="engagement.score_publication",
    model=ScorePublication,
    worker=lambda: do_step,
    forget=forget_differences,
    doubt=_doubt,
    related=("preview__model", "requested_by"),
)
