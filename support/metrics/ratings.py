"""What customers think of the answers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import (
    QuerySet,
)

from metrics.expressions import count_per_account
from metrics.registry import Component, Definition, metric
from metrics.segments import segment_ratio
from metrics.statements import Statement, load
from people.models import Category
from support.metrics.spans import IN_TIER, NORM_DAYS
from support.models import CsatResponse

CSAT = (
    "Ratings of 4 or 5 divided by all ratings given in the 90 days that end with the day; who was asked and didn't "
    "rate is left out. Not defined without a rating."
)


@metric(
    "support.csat",
    label="CSAT",
    unit="ratio",
    category=Category.SUPPORT_HISTORY,
    formula=CSAT,
    inputs=("csat-responses",),
    direction="up",
    component=Component(
        group="support",
        curve=((0.5, 0), (0.75, 40), (0.85, 65), (0.95, 90), (1, 100)),
        fresh_days=14,
        why="The target is 95%; below three of four content the product is a burden. Ratings hold longer than "
        "tickets.",
    ),
)
def csat(as_of: date) -> Statement:
    return load("support", "csat", ratings=_ratings(as_of))


@metric(
    "support.csat_ratings",
    label="Ratings in 90 days",
    unit="ratings",
    category=Category.SUPPORT_HISTORY,
    formula="Ratings given in the 90 days that end with the day: how many CSAT rests on.",
    inputs=("csat-responses",),
)
def csat_ratings(as_of: date) -> Statement:
    rated = CsatResponse.objects.rated_within(as_of, NORM_DAYS)
    return count_per_account(rated, feed=CsatResponse.objects.known_by(as_of))


@segment_ratio(
    Definition(
        key="support.csat",
        label="CSAT",
        unit="ratio",
        category=Category.SUPPORT_HISTORY,
        formula=f"{CSAT} {IN_TIER}",
        inputs=("csat-responses",),
        direction="up",
        parts="ratings",
    ),
    label="CSAT, by segment",
)
def csat_by_segment(as_of: date) -> Statement:
    return load("support", "csat_parts", ratings=_ratings(as_of))


def _ratings(as_of: date) -> QuerySet[Any, Any]:
    return CsatResponse.objects.rated_within(as_of, NORM_DAYS).order_by().values("account_id", "rating")
