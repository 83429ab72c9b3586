"""The day before: preview again what comes tomorrow, and tell its authors what would be otherwise."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from common.formatting import format_count
from metrics.engine.plan import today
from people.models import User
from tiers.content import problems_of, read_content
from tiers.models import PreviewRun, RuleSet
from tiers.preview.publishing import differences_since
from tiers.preview.services import begin_preview
from tiers.querysets import RuleSetQuerySet
from tiers.scheduled.telling import TOMORROW, tell, was_told
from tiers.services.cycle import cycle, seen_of
from tiers.services.errors import require_revops
from tiers.services.publishing import refuse_unfit_preview

DAY = timedelta(days=1)


def renew_previews() -> int:
    """Preview again what comes into force tomorrow, once each; return how many previews were begun."""
    begun = 0
    for version in _tomorrow().filter(renewed=None):
        with transaction.atomic():
            held = cycle.locked(version)
            problems = problems_of(read_content(held))
            if problems:
                told = " ".join(map(str, problems[:3]))
                tell(
                    held, TOMORROW, f"{held} of the tier rules comes tomorrow, but can’t be published. {told}"
                )
            elif held.state == RuleSet.State.SCHEDULED and held.renewed is None and held.published_by:
                held.renewed = begin_preview(held, by=held.published_by)
                held.save(update_fields=["renewed"])
                begun += 1
    return begun


def tell_of_tomorrow() -> int:
    """Tell who wrote and scheduled a version what it would do tomorrow, once that is known; return of how many."""
    told = 0
    for version in _tomorrow().filter(renewed__state__in=(PreviewRun.State.DONE, PreviewRun.State.FAILED)):
        if not was_told(version, TOMORROW):
            tell(
                version,
                TOMORROW,
                f"{version} of the tier rules comes into force tomorrow. {outlook_of(version)}",
            )
            told += 1
    return told


@transaction.atomic
def decide_on_renewed(*, rule_set: RuleSet, by: User, run: PreviewRun) -> RuleSet:
    """Let a scheduled version wait on a newer preview, so that its day does what that shows.

    Raises ValidationError where it isn't scheduled any more, was held, or the preview isn't of it as it is.
    """
    require_revops(by, "Publishing tier rules")
    held = cycle.take_scheduled(rule_set)
    if held.held_at is not None:
        raise ValidationError(
            "Its day has come and it was held: publish it from its preview, or make it a draft again."
        )
    refuse_unfit_preview(run, held, seen_of(held))
    held.previewed = run
    held.save(update_fields=["previewed"])
    return held


def outlook_of(version: RuleSet) -> str:
    """Return in a sentence how the newer preview of a scheduled version differs from what it was scheduled on."""
    run, newer = version.previewed, version.renewed
    if newer is None or newer.state != PreviewRun.State.DONE:
        return "It could not be previewed again; look at it."
    if run is None:
        return "It was scheduled without a preview: look at what it would do."
    _, count = differences_since(run, newer, shown=0)
    if not count:
        return "It would do what was previewed."
    then = "then it is held" if version.if_changed == RuleSet.IfChanged.HOLD else "it is published with them"
    return f"As things stand {format_count(count, 'account')} would move otherwise than previewed; {then}."


def _tomorrow() -> RuleSetQuerySet:
    return RuleSet.objects.scheduled().filter(starts_on=today() + DAY, held_at=None)
