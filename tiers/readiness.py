"""What proves the foundation: tier rules in force."""

from django.urls import reverse

from metrics.readiness.registry import Criterion, Phase, counted, criteria
from people.models import Category
from tiers.models import RuleSet

criteria.register(
    Criterion(
        key="tiers.rules_in_force",
        phase=Phase.FOUNDATION,
        label="Tier rules in force",
        formula="Published versions of the tier rules: one, once they are in force.",
        category=Category.ACCOUNT_PROFILE,
        unit="versions",
        measure=lambda _: counted(RuleSet.objects.published().count()),
        evidence=lambda: reverse("tiers:rule_sets"),
        action="Write tier rules, look at their preview, and publish them.",
        is_today_only=True,
        is_gate=True,
        order=35,
    )
)
