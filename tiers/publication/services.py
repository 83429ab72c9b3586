"""Ask for a publication, and stop one that isn't decided."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from metrics.engine.plan import slice_accounts, today
from metrics.runs.services import cancel_run, wake_on_commit
from people.models import User
from tiers.content import RuleSetError, problems_of, read_content
from tiers.models import PreviewRun, Publication
from tiers.services.cycle import cycle
from tiers.services.errors import require_revops

WHAT = "Publishing tier rules"


@transaction.atomic
def request_publication(*, preview: PreviewRun, by: User, accepted: str = "") -> Publication:
    """Ask for a previewed version to be put in force, if the same moves still follow; workers find out and make them.

    ``accepted`` is the token of what has changed since, where somebody agreed to it. Who asks again meanwhile joins.
    Locks the preview, then the version. Raises ValidationError where the preview can't be published, RuleSetError where
    its content no longer holds, VersionChangedError where the draft or the version in force is another by now.
    """
    require_revops(by, WHAT)
    run = PreviewRun.objects.select_for_update(of=("self",)).select_related("rule_set").get(pk=preview.pk)
    if run.state != PreviewRun.State.DONE:
        raise ValidationError("Only a preview that is done can be published.")
    if run.as_of is not None:
        raise ValidationError("This preview speaks of a past day. Preview the version as it is now.")
    running = run.publications.open().first()
    if running is not None:
        return running
    held = cycle.as_seen(run.rule_set, run.seen)
    problems = problems_of(read_content(held))
    if problems:
        raise RuleSetError(problems)
    slices = slice_accounts()
    publication = Publication.objects.create(
        rule_set=held,
        preview=run,
        accepted=accepted[:32],
        on=today(),
        plan=[
            *(["compare", first, last] for first, last in slices),
            ["decide", 0, 0],
            *(["move", first, last] for first, last in slices),
            *(["near", first, last] for first, last in slices),
            ["end", 0, 0],
        ],
        requested_by=by,
    )
    wake_on_commit(publication)
    return publication


def cancel_publication(*, run: Publication, by: User) -> Publication:
    """Stop a publication before it is decided; raises ValidationError where it is, or has ended."""
    require_revops(by, WHAT)
    decision = next((place for place, (kind, *_) in enumerate(run.plan) if kind == "decide"), 0)
    return cancel_run(run, by=by, until=decision)
