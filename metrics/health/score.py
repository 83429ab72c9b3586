"""Score the health of accounts, set-based, with everything a score was made of beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from django.db import transaction

from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.models import HealthCap, HealthComponent, HealthModel, HealthScore
from metrics.statements import load

REVENUE = "finance.arr"


def model_keys() -> set[str]:
    """Return the metrics that the published models read, and the revenue that makes a customer."""
    published = HealthModel.State.PUBLISHED
    parts = HealthComponent.objects.filter(model__state=published).values_list("key", flat=True)
    caps = HealthCap.objects.filter(model__state=published).values_list("key", flat=True)
    return {REVENUE, *parts, *caps}


@transaction.atomic
def store_scores(as_of: date, first: int, last: int) -> int:
    """Replace the scores of the customers among a slice of accounts; return how many were written.

    An account is scored by the model of the tier it is in on that day, or by the model for every tier.
    """
    HealthScore.objects.filter(as_of=as_of, account_id__gte=first, account_id__lte=last).delete()
    models = list(HealthModel.objects.filter(state=HealthModel.State.PUBLISHED).order_by("pk"))
    tiers = [model.tier_id for model in models if model.tier_id is not None]
    return sum(_store_model(model, tiers, as_of, first, last) for model in models)


def _store_model(model: HealthModel, tiers: Sequence[int], as_of: date, first: int, last: int) -> int:
    parts = list(model.components.order_by("pk"))
    caps = list(model.caps.order_by("pk"))
    components = [
        {
            "position": place,
            "key": part.key,
            "label": part.label,
            "group": part.group,
            "weight": str(part.weight),
            "curve": part.curve,
        }
        for place, part in enumerate(parts)
    ]
    ceilings = [
        {"key": cap.key, "label": cap.label, "threshold": str(cap.threshold), "ceiling": str(cap.ceiling)}
        for cap in caps
    ]
    return load(
        "metrics",
        "health",
        model=model.pk,
        tier=model.tier_id,
        other_tiers=list(tiers) if model.tier_id is None else [],
        components=json.dumps(components),
        caps=json.dumps(ceilings),
        keys=sorted({part.key for part in parts} | {cap.key for cap in caps}),
        minimum_coverage=model.minimum_coverage,
        amber_from=AMBER_FROM,
        green_from=GREEN_FROM,
        as_of=as_of,
        first=first,
        last=last,
    ).execute()
