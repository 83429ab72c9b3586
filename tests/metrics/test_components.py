"""What health may be made of: the numbers that apps declare as components, each with a curve and its reason."""

from __future__ import annotations

from metrics.models import HealthGroup
from metrics.registry import Component, Metric, metrics
from people.models import Category, Level

# What health must be able to be made of, whatever else there is.
WANTED = {
    "product.usage_trend",
    "product.seat_use",
    "product.adoption",
    "product.usage_depth",
    "product.days_since_last_use",
    "support.tickets_per_100_seats",
    "support.reopen_rate",
    "support.csat",
    "support.escalations_90d",
    "finance.days_beyond_terms",
    "finance.disputed_share",
    "engagement.committee_coverage",
    "engagement.days_since_sponsor_touch",
    "engagement.nps",
    "engagement.days_since_business_review",
    "finance.days_until_decision",
}


def components() -> dict[str, tuple[Metric, Component]]:
    """Return each component with its number, by key."""
    return {metric.key: (metric, metric.component) for metric in metrics if metric.component is not None}


def test_all_that_health_needs_is_declared() -> None:
    assert set(components()) >= WANTED
    assert {component.group for _, component in components().values()} == set(HealthGroup.values)


def test_each_curve_has_a_reason_and_goes_the_way_that_is_good_news() -> None:
    for key, (metric, component) in components().items():
        points = [points for _, points in component.curve]
        assert len(component.why) >= 40, key
        assert max(points) == 100, key
        assert metric.direction is not None, key
        assert (points[-1] > points[0]) == (metric.direction == "up"), key


def test_what_changes_by_the_hour_holds_no_longer_than_two_days_and_surveys_for_weeks() -> None:
    held = {key: component.fresh_days for key, (_, component) in components().items()}
    assert all(days <= 2 for key, days in held.items() if key.startswith("product."))
    assert held["support.urgent_open_tickets"] == 0
    assert held["engagement.nps"] > held["support.csat"] > held["support.escalations_90d"]


def test_what_tells_the_seats_beside_another_number_is_closed_to_who_may_not_know_them() -> None:
    seats = metrics["finance.seats"]
    for metric in metrics:
        if "finance.seats" in metric.inputs:
            assert (metric.category, metric.level) == (seats.category, seats.level), metric.key
    assert (seats.category, seats.level) == (Category.CONTRACTS, Level.TOTALS)
