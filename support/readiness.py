"""What proves that support serves by tier."""

from decimal import Decimal

from django.urls import reverse

from metrics.readiness.registry import Criterion, Phase, criteria
from metrics.readiness.stored import of_segment
from people.models import Category, Level

for criterion in (
    Criterion(
        key="support.csat_reached",
        phase=Phase.OPERATIONS,
        label="CSAT",
        formula="Ratings of 4 or 5 of the last 90 days, divided by all of them.",
        category=Category.SUPPORT_HISTORY,
        level=Level.FULL,
        target=Decimal("0.95"),
        measure=of_segment("support.csat", "Nobody rated in the last 90 days."),
        evidence=lambda: reverse("metrics:explain", args=["support.csat"]),
        action="Look at what those who rated low had asked.",
        order=20,
    ),
    Criterion(
        key="support.clocks_kept",
        phase=Phase.OPERATIONS,
        label="First responses within the target of the tier",
        formula="First responses of the last 90 days within what was promised, by the hours that count, divided by all "
        "that were met or missed.",
        category=Category.SUPPORT_HISTORY,
        level=Level.FULL,
        target=Decimal("0.95"),
        measure=of_segment(
            "support.first_response_attainment", "No first response was met or missed in 90 days."
        ),
        evidence=lambda: reverse("support:attainment"),
        action="Look at what was missed, and at who it was routed to.",
        order=10,
    ),
):
    criteria.register(criterion)
