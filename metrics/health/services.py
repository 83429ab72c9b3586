"""Writes of health models, each a thin user of the life cycle of versions. A published model is never edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Tier
from common.versions.cycle import Lifecycle, authored
from metrics.health.words import differences, recipe_of
from metrics.models import HealthCap, HealthComponent, HealthModel
from people.models import User


def _refuse_empty(held: HealthModel) -> None:
    if not held.components.exists():
        raise ValidationError("A model without components can't score anything.")


cycle = Lifecycle(
    model=HealthModel,
    series=("tier",),
    # A draft is written once and never saved again.
    mark=lambda held: str(held.pk),
    check=_refuse_empty,
    differences=lambda before, after: differences(recipe_of(before), recipe_of(after)),
)


@transaction.atomic
def draft_health_model(
    *,
    tier: Tier | None,
    minimum_coverage: str,
    components: Sequence[Mapping[str, Any]],
    caps: Sequence[Mapping[str, Any]],
    note: str = "",
    by: User | None = None,
    based_on: HealthModel | None = None,
) -> HealthModel:
    """Write the next version of a tier's model (None: every tier) as a draft.

    ``components`` have group, key, label, weight and curve, ``caps`` key, label, threshold and ceiling. Raises
    ValidationError for values out of range.
    """
    HealthModel(version=1, tier=tier, minimum_coverage=minimum_coverage, note=note).clean_fields()
    with authored(by):
        model = cycle.begin(by=by, based_on=based_on, tier=tier, minimum_coverage=minimum_coverage, note=note)
        parts: list[HealthComponent | HealthCap] = [
            *(HealthComponent(model=model, **each) for each in components),
            *(HealthCap(model=model, **each) for each in caps),
        ]
        for part in parts:
            part.full_clean()
            part.save()
    return model


@transaction.atomic
def publish_health_model(
    *, model: HealthModel, by: User | None = None, expected: str | None = None
) -> HealthModel:
    """Have a model score from the next night on, in place of the one until now, which is retired.

    Raises ValidationError where it has no components, and VersionChangedError where another was published since.
    """
    return cycle.publish(model, by=by, expected=expected)


@transaction.atomic
def restore_health_model(*, model: HealthModel, by: User | None = None) -> HealthModel:
    """Put an earlier model in force again, as a version of its own."""
    draft = draft_health_model(
        tier=model.tier,
        minimum_coverage=str(model.minimum_coverage),
        components=list(model.components.order_by("pk").values("group", "key", "label", "weight", "curve")),
        caps=list(model.caps.order_by("pk").values("key", "label", "threshold", "ceiling")),
        note=f"Back to version {model.version}.",
        by=by,
        based_on=model,
    )
    return cycle.publish(draft, by=by)


@transaction.atomic
def retire_health_model(*, model: HealthModel, by: User | None = None) -> None:
    """Let a tier's own model score no more; its accounts get the model of every tier.

    Raises ValidationError for the model of every tier, without which nothing would be scored.
    """
    if model.tier is None:
        raise ValidationError("The model for every tier can only be replaced, not taken away.")
    cycle.retire(model, by=by)
