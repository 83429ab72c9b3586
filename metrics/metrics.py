"""What the engine itself makes: health between, and the standing behind everything else."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import DecimalField, F, OuterRef, QuerySet, Subquery

from metrics.concentration import numbers as _concentration  # noqa: F401 - declares the numbers of concentration
from metrics.engine.plan import CHANGE_DAYS
from metrics.engine.standing import store_standing
from metrics.engine.steps import failed_keys
from metrics.health.score import model_keys, store_scores
from metrics.models import HealthScore, RefreshRun
from metrics.nights.figures import store_figures
from metrics.provisional import note_provisional
from metrics.readiness.services import store_findings
from metrics.registry import EVERYTHING, Definition, metric, rollup
from metrics.segments import mean_of_stored, segment_ratio
from metrics.statements import Statement
from people.models import Category, Level

CHANGE_DAYS_AT_MOST = 45


# A model may be a tier's own, so the tiers come first; who keeps them is known by key alone.
TIERS = "tiers.tenures"
# A score says which of its inputs rest on stale data, so these are judged first.
PROVISIONAL = "metrics.provisional"


@rollup(
    "metrics.health",
    label="Health scores with their components",
    depends_on=lambda: sorted({TIERS} | model_keys()),
    after=(PROVISIONAL,),
)
def health(as_of: date, first: int, last: int) -> int:
    """Score customers by the published models."""
    return store_scores(as_of, first, last)


@metric(
    "metrics.health_score",
    label="Health",
    unit="points",
    category=Category.ACCOUNT_PROFILE,
    level=Level.TOTALS,
    formula="The weighted mean of the points of the components present, then the highest floor and the lowest ceiling "
    "that hold; without a number where less of the weight is present than the model asks for.",
    inputs=("metrics.health",),
    depends_on=("metrics.health",),
    direction="up",
    standing="health",
)
def health_score(as_of: date) -> QuerySet[Any, Any]:
    return HealthScore.objects.filter(as_of=as_of, score__isnull=False).values("account_id", value=F("score"))


@metric(
    "metrics.health_change",
    label="Health change",
    unit="points",
    category=Category.ACCOUNT_PROFILE,
    level=Level.TOTALS,
    formula="The score less the score 30 days before, or the nearest earlier one within 45 days.",
    inputs=("metrics.health_score",),
    depends_on=("metrics.health_score",),
    direction="up",
    standing="health_change",
)
def health_change(as_of: date) -> QuerySet[Any, Any]:
    before = HealthScore.objects.filter(
        account_id=OuterRef("account_id"),
        as_of__range=(as_of - timedelta(days=CHANGE_DAYS_AT_MOST), as_of - timedelta(days=CHANGE_DAYS)),
        score__isnull=False,
    ).order_by("-as_of")
    earlier = Subquery(before.values("score")[:1], output_field=DecimalField(max_digits=5, decimal_places=1))
    return (
        HealthScore.objects.filter(as_of=as_of, score__isnull=False)
        .annotate(value=F("score") - earlier)
        .values("account_id", "value")
    )


@segment_ratio(
    Definition(
        key="metrics.health_mean",
        label="Health, mean",
        unit="points",
        category=Category.ACCOUNT_PROFILE,
        level=Level.TOTALS,
        formula="The mean of the scores of all accounts that have one, each account counting alike, in the tier they "
        "have on the day. Accounts with insufficient data are left out.",
        inputs=("metrics.health_score",),
        direction="up",
        parts="points",
        whole="accounts",
    ),
    label="Health, by segment",
    depends_on=("metrics.health_score",),
)
def health_mean(as_of: date) -> Statement:
    return mean_of_stored("metrics.health_score", as_of)


@rollup("metrics.standing", label="Standing of every account", after=(EVERYTHING,))
def standing(as_of: date, first: int, last: int) -> int:
    """Show the newest numbers in lists and headers; an earlier day changes nothing there."""
    return (
        store_standing(as_of, first, last, failed_keys(as_of)) if RefreshRun.objects.is_newest(as_of) else 0
    )


@rollup(PROVISIONAL, label="Numbers that rest on stale data", is_sliced=False)
def provisional(as_of: date, first: int, last: int) -> int:
    """Mark the numbers of the day whose sources had been silent for too long."""
    return note_provisional(as_of)


@rollup("metrics.readiness", label="Criteria of the rollout", after=(EVERYTHING,), is_sliced=False)
def readiness(as_of: date, first: int, last: int) -> int:
    """Hold the rollout's criteria against the numbers of the day, once they are made."""
    return store_findings(as_of=as_of, is_newest=RefreshRun.objects.is_newest(as_of))


@rollup("metrics.night_figures", label="Sums of the night", after=(EVERYTHING,), is_sliced=False)
def night_figures(as_of: date, first: int, last: int) -> int:
    """Sum up each number over all accounts, so that nights can be compared."""
    return store_figures(as_of)
