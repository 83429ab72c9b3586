"""Which categories of data count as fed and as fresh in the check of the rollout."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from metrics.models import CriterionFinding
from metrics.readiness.services import store_findings
from people.models import Category
from sync.freshness.services import expect_freshness
from sync.models import Batch
from sync.services import ensure_source
from tests.metrics.facts import TODAY

pytestmark = pytest.mark.django_db


def arrive(resource: str, source: str, *, hours: float = 0.1) -> Any:
    found = ensure_source(slug=source)
    batch = Batch.objects.create(source=found, resource=resource)
    Batch.objects.filter(pk=batch.pk).update(received_at=timezone.now() - timedelta(hours=hours))
    return found


def findings() -> tuple[CriterionFinding, CriterionFinding]:
    store_findings(as_of=TODAY, is_newest=True)
    fed, fresh = (CriterionFinding.objects.get(key=f"metrics.data_{word}") for word in ("fed", "fresh"))
    return fed, fresh


def test_a_category_is_fed_once_sent_and_fresh_only_where_no_feed_of_it_is_late() -> None:
    usage = arrive("usage-events", "segment")
    expect_freshness(source=usage, category="product_usage", warn_minutes=60, error_minutes=120)
    fed, fresh = findings()
    assert (fed.part, fed.whole, fed.value) == (1, 8, Decimal("0.125"))
    assert Category.PRODUCT_USAGE.label not in fed.told
    assert (fresh.part, fresh.state) == (1, "unmet")
    other = arrive("usage-events", "amplitude", hours=3)
    expect_freshness(source=other, category="product_usage", warn_minutes=60, error_minutes=120)
    fed, fresh = findings()
    assert (fed.part, fresh.part) == (1, 0), "one of its two feeds is late"
    assert str(Category.PRODUCT_USAGE.label) in fresh.told


def test_what_nobody_judges_is_not_fresh_but_for_what_comes_as_it_is_updated() -> None:
    arrive("tickets", "zendesk")
    fed, fresh = findings()
    assert (fed.part, fresh.part) == (1, 0)
    assert str(Category.SUPPORT_HISTORY.label) in fresh.told
    arrive("contracts", "clm", hours=24 * 90)
    fed, fresh = findings()
    assert (fed.part, fresh.part) == (2, 1)
    assert str(Category.CONTRACTS.label) not in fresh.told
