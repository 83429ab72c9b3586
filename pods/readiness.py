"""What proves the phase of pods."""

from decimal import Decimal

from metrics.readiness.registry import Criterion, Phase, criteria
from metrics.readiness.stored import customers_without, of_customers
from people.models import Category

for criterion in (
    Criterion(
        key="pods.composed",
        phase=Phase.PODS,
        label="Strategic accounts with a full pod",
        formula="Strategic accounts on which every required role is filled, divided by all.",
        waits_for="The composition of pods comes with the part about pods. Account owner and sponsor are known.",
        order=10,
    ),
    Criterion(
        key="pods.rhythm_kept",
        phase=Phase.PODS,
        label="Pods that keep their rhythm",
        formula="Weekly syncs, monthly reviews and quarterly plans that took place, divided by those that were due.",
        waits_for="The rhythm of pods comes with the part about pods.",
        order=20,
    ),
    Criterion(
        key="pods.health_measured",
        phase=Phase.PODS,
        label="Customers with a health score",
        formula="Of the accounts with ARR, those with a score: enough of its inputs are present.",
        category=Category.ACCOUNT_PROFILE,
        target=Decimal("0.9"),
        measure=of_customers("metrics.health_score"),
        evidence=customers_without({"field": "metrics.health_score", "op": "is_set"}),
        action="See which inputs are missing on the accounts without one.",
        order=30,
    ),
    Criterion(
        key="pods.retrospectives",
        phase=Phase.PODS,
        label="Score of pod retrospectives",
        formula="What pods think of their own work, rising.",
        unit="points",
        waits_for="Retrospectives come with the part about pods.",
        order=40,
    ),
):
    criteria.register(criterion)
