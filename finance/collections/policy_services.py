"""Writes of dunning policies, thin users of the life cycle of versions. A published version is never edited."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from common.versions.cycle import Lifecycle, authored
from finance.collections.policy import (
    Stage,
    check_stages,
    content_of,
    policy_differences,
    policy_in_force,
    stages_of,
)
from finance.models import DunningPolicy
from people.models import User


def _check(held: DunningPolicy) -> None:
    check_stages(stages_of(held), held.tiers)


cycle = Lifecycle(
    model=DunningPolicy,
    mark=lambda held: held.saved_at.isoformat(),
    check=_check,
    differences=lambda before, after: policy_differences(content_of(before), content_of(after)),
)


@transaction.atomic
def create_policy_draft(*, by: User | None, based_on: DunningPolicy | None = None) -> DunningPolicy:
    """Begin a draft of the next version with what ``based_on`` says, else the version in force, else the newest."""
    cycle.lock(DunningPolicy())
    source = based_on or policy_in_force() or DunningPolicy.objects.newest_first().first()
    content = content_of(source) if source else {}
    return cycle.begin(by=by, based_on=source, **content)


@transaction.atomic
def save_policy_draft(
    *,
    policy: DunningPolicy,
    by: User | None,
    stages: Sequence[Stage],
    tiers: Sequence[str],
    note: str = "",
    expected: str | None = None,
) -> DunningPolicy:
    """Replace what a draft says; stages are kept in the order of their days.

    Raises ValidationError by field (``stages.0.subject``), and VersionChangedError where somebody else saved in
    between or it is no draft any more.
    """
    held = cycle.hold(policy, expected=expected)
    if stages or tiers:
        _refuse_wrong(stages, tiers)
    ordered = sorted(stages, key=lambda stage: stage.days_overdue)
    held.stages, held.tiers = [stage.as_data() for stage in ordered], sorted(set(tiers))
    held.note, held.saved_at = note.strip(), timezone.now()
    with authored(by):
        held.save(update_fields=("stages", "tiers", "note", "saved_at"))
    return held


@transaction.atomic
def discard_policy_draft(*, policy: DunningPolicy, by: User | None) -> None:
    """Throw a draft away. Raises VersionChangedError where it is none any more."""
    cycle.discard(policy, by=by)


@transaction.atomic
def publish_policy(*, policy: DunningPolicy, by: User | None, expected: str | None = None) -> DunningPolicy:
    """Put a draft in force from the next run on; what waits to be sent under the one before is stopped by then.

    Raises ValidationError where it can't be published, and VersionChangedError with the differences where it was
    saved, or another version published, meanwhile.
    """
    return cycle.publish(policy, by=by, expected=expected)


@transaction.atomic
def retire_policy(*, policy: DunningPolicy, by: User | None, expected: str | None = None) -> DunningPolicy:
    """Take the policy out of force without another, so that nobody is asked; raises as ``publish_policy`` does."""
    return cycle.retire(policy, by=by, expected=expected)


def _refuse_wrong(stages: Sequence[Stage], tiers: Sequence[str]) -> None:
    try:
        check_stages(stages, tiers)
    except ValidationError as error:
        # A draft may still be without stages; that keeps it from being published alone.
        left = {name: told for name, told in error.message_dict.items() if name != "stages" or stages}
        if left:
            raise ValidationError(left) from error
