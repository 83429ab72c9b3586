"""Writes of health models, each a thin user of the life cycle of versions. A published model is never edited."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import Tier
from common.versions.cycle import Lifecycle, authored
from metrics.health.content import Content, check_content, content_of, differences
from metrics.models import HealthComponent, HealthLimit, HealthModel
from people.models import User

LONGEST_SEGMENT = 64


def _check(held: HealthModel) -> None:
    check_content(content_of(held), is_segment=bool(held.segment))


cycle = Lifecycle(
    model=HealthModel,
    series=("tier", "segment"),
    mark=lambda held: held.saved_at.isoformat(),
    check=_check,
    differences=lambda before, after: differences(content_of(before), content_of(after)),
)


@transaction.atomic
def create_health_draft(
    *,
    by: User | None,
    tier: Tier | None = None,
    segment: str = "",
    content: Content | None = None,
    based_on: HealthModel | None = None,
    note: str = "",
) -> HealthModel:
    """Start a draft of the next version of a series: of a tier, of a segment, or of every account.

    It begins with ``content``, else with that of ``based_on``, of the version in force, or of the model of every
    account. Raises ValidationError for a segment without a name, or with a tier, and for content that can't be stored.
    """
    segment = segment.strip()
    if segment and tier is not None:
        raise ValidationError({"segment": ["A model is of a segment or of a tier, not of both."]})
    if len(segment) > LONGEST_SEGMENT:
        raise ValidationError({"segment": [f"Use at most {LONGEST_SEGMENT} letters."]})
    blank = HealthModel(tier=tier, segment=segment)
    cycle.lock(blank)
    every = HealthModel(tier=None, segment="")
    source = based_on or cycle.in_force(blank) or cycle.in_force(every)
    said = content or (content_of(source) if source else Content())
    if segment and said.condition is None:
        # Nobody until somebody says who: the condition is asked for before it can be published.
        said = _within(said, {"any": [{"field": "accounts.name", "op": "is_empty"}]})
    elif not segment and said.condition is not None:
        said = _within(said, None)
    check_content(said, is_segment=bool(segment), untouched=_all_parts(said))
    draft = cycle.begin(
        by=by,
        based_on=source,
        tier=tier,
        segment=segment,
        rank=said.rank if segment else 0,
        condition=said.condition,
        minimum_coverage=said.minimum_coverage,
        note=note,
    )
    with authored(by):
        _write_parts(draft, said)
    return draft


@transaction.atomic
def save_health_draft(
    *,
    model: HealthModel,
    by: User | None,
    content: Content,
    note: str = "",
    expected: str | None = None,
    untouched: Collection[str] = (),
) -> HealthModel:
    """Replace what a draft says.

    ``expected`` is the mark (``cycle.mark``) that the editor read, ``untouched`` as for ``check_content``. Raises
    ValidationError by field (``components.0.weight``), and VersionChangedError where somebody else saved in between or
    it is no draft any more.
    """
    held = cycle.hold(model, expected=expected)
    check_content(content, is_segment=bool(held.segment), untouched=untouched)
    held.minimum_coverage = content.minimum_coverage or held.minimum_coverage
    held.condition, held.rank = (content.condition, content.rank) if held.segment else (None, 0)
    held.note, held.saved_at = note.strip(), timezone.now()
    with authored(by):
        held.save(update_fields=("minimum_coverage", "condition", "rank", "note", "saved_at"))
        held.components.all().delete()
        held.limits.all().delete()
        _write_parts(held, content)
    return held


@transaction.atomic
def discard_health_draft(*, model: HealthModel, by: User | None) -> None:
    """Throw a draft away. Raises VersionChangedError where it is none any more."""
    cycle.discard(model, by=by)


@transaction.atomic
def publish_health_model(
    *, model: HealthModel, by: User | None = None, expected: str | None = None, note: str | None = None
) -> HealthModel:
    """Have a model score from the next night on, in place of the one until now, which is retired.

    Scores that were stored stay as they are, also where a past day is counted again. ``note`` takes the place of the
    draft's. ``expected`` is what ``cycle.seen`` gave when the publisher looked; None
    is for whoever began the draft in the same go. Raises ValidationError where it can't score, and VersionChangedError
    where it was saved, or another was published, since.
    """
    columns = {} if note is None else {"note": note}
    return cycle.publish(model, by=by, expected=expected, **columns)


@transaction.atomic
def restore_health_model(*, model: HealthModel, by: User | None = None, note: str = "") -> HealthModel:
    """Put an earlier model in force again, as a version of its own; ``note`` says why."""
    draft = create_health_draft(
        by=by,
        tier=model.tier,
        segment=model.segment,
        content=content_of(model),
        based_on=model,
        note=f"Back to version {model.version}. {note}".strip(),
    )
    return cycle.publish(draft, by=by)


@transaction.atomic
def retire_health_model(*, model: HealthModel, by: User | None = None, expected: str | None = None) -> None:
    """Let a tier's or a segment's own model score no more; its accounts get the next that fits.

    ``expected`` as for publishing. Raises ValidationError for the model of every account, without which nothing would
    be scored.
    """
    if model.tier_id is None and not model.segment:
        raise ValidationError("The model for every account can only be replaced, not taken away.")
    cycle.retire(model, by=by, expected=expected)


def _within(content: Content, condition: object) -> Content:
    return Content(
        minimum_coverage=content.minimum_coverage,
        components=content.components,
        limits=content.limits,
        condition=condition,
    )


def _all_parts(content: Content) -> set[str]:
    return {
        *(f"components.{place}" for place in range(len(content.components))),
        *(f"limits.{place}" for place in range(len(content.limits))),
    }


def _write_parts(model: HealthModel, content: Content) -> None:
    HealthComponent.objects.bulk_create(
        HealthComponent(
            model=model,
            position=place,
            key=part.key,
            label=part.label.strip(),
            group=part.group,
            weight=part.weight or 0,
            curve=[[float(value), float(points)] for value, points in part.curve],
        )
        for place, part in enumerate(content.components, start=1)
    )
    HealthLimit.objects.bulk_create(
        HealthLimit(
            model=model,
            position=place,
            label=limit.label.strip(),
            kind=limit.kind,
            condition=limit.condition,
            points=limit.points or 0,
        )
        for place, limit in enumerate(content.limits, start=1)
    )
