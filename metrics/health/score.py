"""Score the health of accounts, set-based, with everything a score was made of beside it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Min, QuerySet

from accounts.conditions.expression import ConditionError, parse_condition
from accounts.conditions.query import matching, numbers_read
from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.models import HealthComponent, HealthLimit, HealthModel, HealthScore
from metrics.registry import all_items
from metrics.statements import Statement, compose, joined, load
from sync.models import ProvisionalNumber

REVENUE = "finance.arr"
PARTS = ("components", "limits")
# What a stale input counts in the confidence of a score; one that is missing counts nothing.
STALE_COUNTS = Decimal("0.5")
NO_LIMITS = Statement(
    "SELECT NULL::bigint AS account_id, NULL::integer AS position, NULL::text AS kind, NULL::text AS label, "
    "NULL::numeric AS points WHERE false"
)


def model_keys() -> set[str]:
    """Return the metrics that the published models read, and the revenue that makes a customer.

    A condition that speaks of something that is gone adds nothing here; it fails the step, which says so.
    """
    published = HealthModel.objects.published()
    found = {REVENUE, *HealthComponent.objects.filter(model__in=published).values_list("key", flat=True)}
    stored = [
        *HealthLimit.objects.filter(model__in=published).values_list("condition", flat=True),
        *published.exclude(condition=None).values_list("condition", flat=True),
    ]
    for data in stored:
        with suppress(ConditionError):
            found |= numbers_read(parse_condition(data)) & set(all_items())
    return found


@transaction.atomic
def store_scores(as_of: date, first: int, last: int) -> int:
    """Replace the scores of the customers among a slice of accounts; return how many were written.

    An account is scored by the model of the first segment that it is in on that day, else of its tier then, else by the
    model for every account; each as it was in force when the day ended, so that a repeated day gives the same.
    """
    HealthScore.objects.filter(as_of=as_of, account_id__gte=first, account_id__lte=last).delete()
    models = models_on(as_of)
    stale = stale_keys(as_of)
    return sum(
        load(
            "metrics",
            "health",
            as_of=as_of,
            model=model.pk,
            scored=scored_by(
                model,
                as_of,
                first,
                last,
                members=members_of(model, models, as_of, first, last),
                stale=stale,
            ),
        ).execute()
        for model in models
    )


def models_on(as_of: date) -> list[HealthModel]:
    """Return the models that were in force when a day ended, with their parts; four queries at most.

    What is published, or retired, counts from that day on, so it never changes a day before. Days from before the
    installation are scored by what it came with: what was published, or retired, by nobody.
    """
    end = datetime.combine(as_of + timedelta(days=1), time(), UTC)
    models = HealthModel.objects.exclude(state=HealthModel.State.DRAFT)
    installed = models.filter(tier=None, segment="").aggregate(first=Min("published_at"))["first"]
    if installed is None or installed < end:
        found = models.in_force_before(end)
    else:
        found = models.came_with_it(installed + timedelta(days=1))
    of_series = {series_of(model): model for model in found.order_by("-version").prefetch_related(*PARTS)}
    return sorted(of_series.values(), key=lambda model: model.pk)


def scored_by(
    model: HealthModel, as_of: date, first: int, last: int, *, members: Statement, stale: Collection[str] = ()
) -> Statement:
    """Return what a model gives ``members`` (``account_id``) of a slice by the numbers stored for a day.

    Rows are ``(account_id, score, exact, band, coverage, confidence, limit, figures, points, stale)``, as
    ``HealthScore`` keeps them. ``stale`` are the keys of numbers that rest on stale data. Raises ConditionError where a
    limit speaks of something that is gone.
    """
    parts = list(model.components.all())
    components = [
        {
            "position": part.position,
            "key": part.key,
            "weight": str(part.weight),
            "curve": part.curve,
            "is_stale": part.key in stale,
        }
        for part in parts
    ]
    return load(
        "metrics",
        "health_scored",
        components=json.dumps(components),
        keys=sorted(part.key for part in parts),
        members=members,
        limits=_limits(model.limits.all(), as_of, first, last),
        stale_counts=STALE_COUNTS,
        minimum_coverage=model.minimum_coverage,
        amber_from=AMBER_FROM,
        green_from=GREEN_FROM,
        as_of=as_of,
        first=first,
        last=last,
    )


def members_of(
    model: HealthModel, models: Sequence[HealthModel], as_of: date, first: int, last: int
) -> Statement:
    """Return the customers (``account_id``) of a slice whom ``model`` scores on a day, among the ``models`` in force.

    A model that isn't in force yet stands where the published one of its series does.
    """

    def within(one: HealthModel) -> Statement:
        return compose("account.id IN ({matched})", matched=_matched(one.condition, as_of, first, last))

    others = [other for other in models if series_of(other) != series_of(model)]
    segments = sorted((other for other in others if other.segment), key=_turn)
    if model.segment:
        scope = [within(model)]
        segments = [other for other in segments if _turn(other) < _turn(model)]
    elif model.tier_id is not None:
        scope = [compose("tenure.tier_id = {tier}", tier=model.tier_id)]
    else:
        tiers = [other.tier_id for other in others if other.tier_id is not None]
        scope = [
            compose("(tenure.tier_id IS NULL OR tenure.tier_id <> ALL ({tiers}::bigint[]))", tiers=tiers)
        ]
    scope += [compose("NOT {within}", within=within(other)) for other in segments]
    return load(
        "metrics", "health_members", as_of=as_of, first=first, last=last, scope=joined(" AND ", scope)
    )


def series_of(model: HealthModel) -> tuple[int | None, str]:
    """Return what tells the versions of one model from those of another: the tier, or the segment's name."""
    return model.tier_id, model.segment


def stale_keys(as_of: date) -> set[str]:
    """Return the numbers of a day that rest on stale data; one query."""
    return set(ProvisionalNumber.objects.filter(as_of=as_of).values_list("key", flat=True))


def _turn(model: HealthModel) -> tuple[int, str]:
    return model.rank, model.segment


def _matched(data: object, as_of: date, first: int, last: int) -> QuerySet[Any, Any]:
    matched = matching(parse_condition(data), as_of=as_of, numbers_on=as_of)
    return matched.filter(pk__gte=first, pk__lte=last).order_by().values("id")


def _limits(limits: Iterable[HealthLimit], as_of: date, first: int, last: int) -> Statement:
    statements = [
        load(
            "metrics",
            "health_limit",
            matched=_matched(limit.condition, as_of, first, last),
            position=limit.position,
            kind=limit.kind,
            label=limit.label,
            points=limit.points,
        )
        for limit in limits
    ]
    return joined("\nUNION ALL\n", statements) if statements else NO_LIMITS
