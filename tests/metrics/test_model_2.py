"""The health model that comes with the product: what it is made of, whom it replaces, and what it does without data."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from importlib import import_module
from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.core.cache import cache

from accounts.models import Account
from metrics.health.parts import parts_of
from metrics.health.recipe import MODEL_2
from metrics.health.score import store_scores
from metrics.health.services import create_health_draft, discard_health_draft, publish_health_model
from metrics.models import HealthModel, HealthScore, MetricValue
from metrics.registry import metrics
from sync.freshness.marks import provisional_numbers
from sync.freshness.rollup import roll_up_feeds
from sync.freshness.services import expect_freshness
from sync.models import Batch
from sync.services import ensure_source
from tests.metrics.conftest import FROZEN
from tests.metrics.facts import (
    LAST,
    TODAY,
    ago,
    at,
    make_account,
    make_contact,
    make_line,
    make_ticket,
    make_touch,
    make_use,
    refresh,
)
from tests.metrics.test_health import put_all
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
publish_model_2 = import_module("metrics.migrations.0015_health_model_2").publish_model_2
USAGE = {part.key for part in MODEL_2 if part.group == "usage"}


def versions() -> list[tuple[int, str]]:
    every = HealthModel.objects.filter(tier=None, segment="").order_by("version")
    return list(every.values_list("version", "state"))


def run_migration() -> None:
    publish_model_2(apps, None)


def make_customer() -> Account:
    """Create a customer with use, tickets, touches and a contract: what every installation has."""
    account = make_account()
    make_line(account, ago(300), terms={"end_on": ago(-200)})
    make_ticket(account, ago(10), ago(9))
    make_touch(account, ago(5), make_contact(account))
    return account


def score_of(account: Account) -> HealthScore:
    return HealthScore.objects.with_parts().get(account=account, as_of=TODAY)


def test_it_is_in_force_and_made_of_declared_components() -> None:
    assert versions() == [(1, "retired"), (2, "published")]
    model = HealthModel.objects.published().get()
    parts = list(model.components.all())
    assert len(parts) == len(MODEL_2) >= 14
    assert sum(part.weight for part in parts) == 100
    for part in parts:
        component = metrics[part.key].component
        assert component is not None, part.key
        assert part.group == component.group, part.key
    old = HealthModel.objects.get(version=1)
    held = [(limit.label, limit.condition, limit.points) for limit in old.limits.all()]
    assert [(limit.label, limit.condition, limit.points) for limit in model.limits.all()] == held != []


def test_usage_alone_is_enough_to_make_a_score_impossible_and_nothing_else_is() -> None:
    weights: dict[str, float] = {}
    for part in MODEL_2:
        weights[part.group] = weights.get(part.group, 0) + part.weight
    assert weights["usage"] > 40
    assert all(weight < 40 for group, weight in weights.items() if group != "usage")


@pytest.mark.usefixtures("model_1")
def test_it_takes_the_place_of_model_1_and_stored_scores_stay() -> None:
    account = make_account()
    put_all(account, ago(1))
    store_scores(ago(1), 0, LAST)
    before = list(HealthScore.objects.values())
    run_migration()
    assert versions() == [(1, "retired"), (2, "published")]
    assert HealthModel.objects.published().get().components.count() == len(MODEL_2)
    assert list(HealthScore.objects.values()) == before
    put_all(account)
    store_scores(TODAY, 0, LAST)
    assert [score.model.version for score in HealthScore.objects.of(account.pk)] == [1, 2]
    run_migration()
    assert versions() == [(1, "retired"), (2, "published")]


@pytest.mark.usefixtures("model_1")
def test_whoever_began_a_version_of_their_own_keeps_what_is_in_force() -> None:
    draft = create_health_draft(by=make_user("revops"))
    run_migration()
    assert versions() == [(1, "published"), (2, "draft")]
    discard_health_draft(model=draft, by=None)
    publish_health_model(model=create_health_draft(by=None))
    run_migration()
    assert versions() == [(1, "retired"), (2, "published")]
    assert HealthModel.objects.published().get().components.count() == 8


@pytest.mark.usefixtures("model_1")
def test_a_first_model_that_a_person_published_stays() -> None:
    with pgtrigger.ignore(*FROZEN):
        HealthModel.objects.update(published_by=make_user("revops"))
    run_migration()
    assert versions() == [(1, "published")]


def test_without_any_usage_there_is_no_score_rather_than_a_low_one() -> None:
    silent, used = make_customer(), make_customer()
    for days in range(0, 150, 3):
        make_use(used, ago(days), 4)
    refresh()
    found, other = score_of(silent), score_of(used)
    assert (found.score, found.exact, found.band) == (None, None, "unknown")
    assert found.coverage < Decimal("0.6")
    assert {
        part.key for part in parts_of(found) if part.group == "usage" and part.points is not None
    } == set()
    assert other.score is not None, "use, tickets, touches and terms are enough"
    assert other.coverage >= Decimal("0.6")
    page = client_as("revops").get(f"/metrics/explain/metrics.health_score/?account={silent.pk}")
    told = unescape(page.content.decode())
    assert "Insufficient data" in told
    assert "a number needs" in told


@pytest.fixture
def stopped() -> Any:
    """Let the source of usage have been silent for so many days when TODAY ended, and that of tickets not."""

    def stop(days: float) -> None:
        Batch.objects.all().delete()
        end = at(TODAY, 0) + timedelta(days=1)
        for slug, resource, category, came in (
            ("segment", "usage-events", "product_usage", end - timedelta(days=days)),
            ("zendesk", "tickets", "support_history", end - timedelta(minutes=5)),
        ):
            source = ensure_source(slug=slug)
            _arrive(Batch.objects.create(source=source, resource=resource), came)
            expect_freshness(source=source, category=category, warn_minutes=15, error_minutes=60)
        roll_up_feeds()
        cache.clear()

    return stop


def _arrive(batch: Batch, came: datetime) -> None:
    Batch.objects.filter(pk=batch.pk).update(received_at=came)


def test_a_source_that_stopped_three_days_ago_lowers_the_confidence_and_not_the_score(stopped: Any) -> None:
    account = make_customer()
    for days in range(0, 150, 3):
        make_use(account, ago(days), 4)
    refresh()
    sure = score_of(account)
    assert (sure.confidence, sure.stale) == (sure.coverage, [])
    stopped(3)
    refresh()
    found = score_of(account)
    stale = {part.key for part in parts_of(found) if part.is_stale}
    assert stale == {part.key for part in parts_of(found) if part.points is not None} & USAGE != set()
    assert found.confidence < found.coverage
    assert (found.score, found.coverage, found.band) == (sure.score, sure.coverage, sure.band)
    marks = provisional_numbers(TODAY)
    assert "was 3 days old" in marks["metrics.health_score"]
    assert "product.usage_trend" in marks
    assert "support.urgent_open_tickets" not in marks


def test_a_component_holds_for_as_long_as_it_says_and_the_score_with_it(stopped: Any) -> None:
    account = make_customer()
    make_use(account, ago(2))
    stopped(1.5)
    refresh()
    marks = provisional_numbers(TODAY)
    # Days since last use are wrong after a day, the trend over thirty after two.
    assert "product.days_since_last_use" in marks
    assert "product.usage_trend" not in marks
    assert "metrics.health_score" in marks, "one of its components is doubted"
    assert "product.usage_events_30d" in marks, "no component, so it doesn't hold at all"
    stopped(0.9)
    refresh()
    marks = provisional_numbers(TODAY)
    assert "product.usage_events_30d" in marks
    assert "product.days_since_last_use" not in marks
    assert "metrics.health_score" not in marks
    assert score_of(account).stale == []
    assert MetricValue.objects.filter(key="product.days_since_last_use").exists()
