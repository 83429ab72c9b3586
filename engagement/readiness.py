"""What proves the phase of the revenue teams, and the reviews with the ten largest accounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import Count, Q
from django.urls import reverse

from accounts.models import TargetList
from engagement.scoring.models import ScoreKind, ScoreModel
from metrics.readiness.registry import Criterion, Figure, Phase, counted, criteria, of_whole
from metrics.readiness.stored import customers_without, of_customers, of_segment
from people.models import Category, Level

REVIEWED_WITHIN = 90  # days
REVIEWED = {"field": "engagement.days_since_business_review", "op": "lte", "value": REVIEWED_WITHIN}
ROLES = 2
TEN = 10


def _explained(key: str) -> str:
    return reverse("metrics:explain", args=[key])


def _signed(day: date) -> Figure:
    """Count target lists that both sides signed and whose signatures hold."""
    signed = TargetList.objects.live().annotate(
        sides=Count("signatures__side", filter=Q(signatures__ended_at=None), distinct=True)
    )
    return counted(signed.filter(sides=2).count())


def _scored(day: date) -> Figure:
    kinds = ScoreModel.objects.published().values("kind").distinct().count()
    return of_whole(kinds, len(ScoreKind.values), "")


for criterion in (
    Criterion(
        key="engagement.lists_signed",
        phase=Phase.REVENUE_TEAMS,
        label="Target lists that sales and marketing signed",
        formula="Lists under which both signatures stand, of the list as it is.",
        category=Category.ACCOUNT_PROFILE,
        level=Level.FULL,
        unit="lists",
        measure=_signed,
        evidence=lambda: reverse("accounts:target_lists"),
        action="Propose a list, and let sales and marketing sign it.",
        is_today_only=True,
        order=10,
    ),
    Criterion(
        key="engagement.lists_aligned",
        phase=Phase.REVENUE_TEAMS,
        label="Sales–marketing alignment",
        formula="Over all lists that both signed: accounts that both want, divided by accounts that either wants.",
        category=Category.ACCOUNT_PROFILE,
        level=Level.FULL,
        measure=of_segment("engagement.alignment", "No list is signed by both."),
        evidence=lambda: _explained("engagement.alignment"),
        action="Settle the accounts that only one side signed for.",
        order=20,
    ),
    Criterion(
        key="engagement.playbooks_followed",
        phase=Phase.REVENUE_TEAMS,
        label="Playbook adherence",
        formula="Required steps done on time, divided by required steps that were due.",
        target=Decimal("0.8"),
        waits_for="Playbooks with their steps come with the part about pods. Signals and tasks are there; adherence "
        "isn't counted yet.",
        order=30,
    ),
    Criterion(
        key="engagement.scores_in_force",
        phase=Phase.REVENUE_TEAMS,
        label="Scores in force: fit, engagement, intent",
        formula="Kinds of scores with a published point model, divided by all three.",
        category=Category.ENGAGEMENT,
        level=Level.FULL,
        measure=_scored,
        evidence=lambda: reverse("engagement:scores"),
        action="Publish a point model for each.",
        is_today_only=True,
        order=40,
    ),
    Criterion(
        key="engagement.committees_engaged",
        phase=Phase.REVENUE_TEAMS,
        label="Strategic and enterprise customers with two roles of the committee engaged",
        formula=f"Of the strategic and enterprise accounts with ARR, those with {ROLES} or more distinct committee "
        "roles among the contacts engaged lately.",
        category=Category.ENGAGEMENT,
        level=Level.FULL,
        target=Decimal("0.8"),
        measure=of_customers(
            "engagement.committee_roles", Q(value__gte=ROLES), tiers=("strategic", "enterprise")
        ),
        evidence=customers_without(
            {"field": "engagement.committee_roles", "op": "gte", "value": ROLES},
            tiers=("strategic", "enterprise"),
        ),
        action="Plan touches with the roles that nobody has spoken to.",
        order=50,
    ),
    Criterion(
        key="engagement.strategic_reviews",
        phase=Phase.REVENUE_TEAMS,
        label="Strategic customers with a business review this quarter",
        formula=f"Of the strategic accounts with ARR, those whose last business review is {REVIEWED_WITHIN} days old "
        "or less.",
        category=Category.ENGAGEMENT,
        level=Level.FULL,
        target=Decimal(1),
        measure=of_customers(
            "engagement.days_since_business_review", Q(value__lte=REVIEWED_WITHIN), tiers=("strategic",)
        ),
        evidence=customers_without(REVIEWED, tiers=("strategic",)),
        action="Put a review on the calendar of each that had none.",
        order=60,
    ),
    Criterion(
        key="engagement.top_reviews",
        phase=Phase.PRODUCT,
        label="Reviews with the ten largest accounts",
        formula=f"Of the {TEN} accounts with the most ARR, those whose last business review is {REVIEWED_WITHIN} days "
        "old or less. Whether product took part isn't recorded.",
        category=Category.ENGAGEMENT,
        level=Level.FULL,
        measure=of_customers(
            "engagement.days_since_business_review", Q(value__lte=REVIEWED_WITHIN), most=TEN
        ),
        evidence=customers_without(REVIEWED),
        action="Review the roadmap with each of them once a quarter.",
        order=30,
    ),
):
    criteria.register(criterion)
