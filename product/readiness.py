"""What proves the phase of product and engineering."""

from decimal import Decimal

from metrics.readiness.registry import Criterion, Phase, criteria
from metrics.readiness.stored import customers_without, of_customers
from people.models import Category, Level

for criterion in (
    Criterion(
        key="product.adoption_measured",
        phase=Phase.PRODUCT,
        label="Customers whose adoption is measured",
        formula="Of the accounts with ARR, those for which entitled features and their use are known.",
        category=Category.PRODUCT_USAGE,
        level=Level.FULL,
        target=Decimal("0.8"),
        measure=of_customers("product.adoption"),
        evidence=customers_without({"field": "product.adoption", "op": "is_set"}),
        action="Send entitled features and usage events for every customer.",
        order=10,
    ),
    Criterion(
        key="product.roadmap_weighted",
        phase=Phase.PRODUCT,
        label="Feature requests weighted by the accounts behind them",
        formula="Open requests with a priority made of tier, ARR at stake, renewal, importance, generality and effort.",
        waits_for="Feature requests come with the part about the roadmap.",
        order=20,
    ),
    Criterion(
        key="product.reserve_kept",
        phase=Phase.PRODUCT,
        label="Engineering capacity reserved for strategic needs",
        formula="Capacity reserved, as a share of all: 10 to 20%.",
        target=Decimal("0.1"),
        waits_for="The ledger of engineering capacity comes with the part about the roadmap.",
        order=40,
    ),
    Criterion(
        key="product.release_notes",
        phase=Phase.PRODUCT,
        label="Release notes composed for each account",
        formula="Releases of the quarter whose notes went out account by account.",
        waits_for="Release notes come with the part about the roadmap.",
        order=50,
    ),
):
    criteria.register(criterion)
