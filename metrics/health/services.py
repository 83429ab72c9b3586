"""Writes of health models: a draft, and publishing one. A published model is never edited: a better one follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import Tier
from metrics.models import HealthCap, HealthComponent, HealthModel

State = HealthModel.State


@transaction.atomic
def draft_health_model(
    *,
    tier: Tier | None,
    minimum_coverage: str,
    components: Sequence[Mapping[str, Any]],
    caps: Sequence[Mapping[str, Any]],
    note: str = "",
) -> HealthModel:
    """Write the next version of a tier's model (None: every tier) as a draft.

    ``components`` have group, key, label, weight and curve, ``caps`` key, label, threshold and ceiling. Locks the
    tier's models in the order of their keys. Raises ValidationError for values out of range.
    """
    list(HealthModel.objects.filter(tier=tier).order_by("pk").select_for_update())
    newest = HealthModel.objects.filter(tier=tier).aggregate(newest=Max("version"))["newest"] or 0
    model = HealthModel(version=newest + 1, tier=tier, minimum_coverage=minimum_coverage, note=note)
    model.full_clean()
    model.save()
    parts: list[HealthComponent | HealthCap] = [
        *(HealthComponent(model=model, **each) for each in components),
        *(HealthCap(model=model, **each) for each in caps),
    ]
    for part in parts:
        part.full_clean()
        part.save()
    return model


@transaction.atomic
def publish_health_model(*, model: HealthModel) -> HealthModel:
    """Have a model score from the next night on; the one it replaces is retired and can be published again.

    Locks the tier's models in the order of their keys. Raises ValidationError where it has no components.
    """
    list(HealthModel.objects.filter(tier=model.tier).order_by("pk").select_for_update())
    held = HealthModel.objects.get(pk=model.pk)
    if held.state == State.PUBLISHED:
        return held
    if not held.components.exists():
        raise ValidationError("A model without components can't score anything.")
    HealthModel.objects.filter(tier=held.tier, state=State.PUBLISHED).update(state=State.RETIRED)
    held.state = State.PUBLISHED
    held.published_at = timezone.now()
    held.save(update_fields=["state", "published_at"])
    return held


@transaction.atomic
def retire_health_model(*, model: HealthModel) -> None:
    """Let a tier's own model score no more; its accounts get the model of every tier.

    Raises ValidationError for the model of every tier, without which nothing would be scored.
    """
    if model.tier is None:
        raise ValidationError("The model for every tier can only be replaced, not taken away.")
    HealthModel.objects.filter(pk=model.pk, state=State.PUBLISHED).update(state=State.RETIRED)
