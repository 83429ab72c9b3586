"""The library of components: what each is, how fresh, what its values count for accounts, and who uses it."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Tier
from metrics.health.content import content_of
from metrics.health.score import store_scores
from metrics.health.services import create_health_draft, publish_health_model
from metrics.models import HealthModel, RefreshRun
from metrics.registry import metrics
from sync.models import Batch
from sync.services import ensure_source
from tests.metrics.facts import LAST, TODAY, make_account
from tests.metrics.test_health import put_all
from tests.users import client_as

pytestmark = pytest.mark.django_db
URL = "/metrics/components/"


@pytest.fixture
def scored() -> None:
    """Three customers with every number, of whom one hasn't used the product for a month."""
    for days in (1, 4, 45):
        put_all(make_account(), product__days_since_last_use=days)
    store_scores(TODAY, 0, LAST)
    RefreshRun.objects.create(
        as_of=TODAY, cause="test", planned_at=timezone.now(), finished_at=timezone.now(), state="done"
    )


def text_of(client: Client, query: str = "") -> str:
    response = client.get(URL + query)
    assert response.status_code == 200
    return unescape(response.content.decode()).replace("\xa0", " ")


def card(told: str, label: str) -> str:
    """Return the panel of one component, without the marks around its words."""
    start = told.index(f'id="panel-{label.replace(".", "")}"')
    end = told.find('id="panel-', start + 1)
    shown = told[start : end if end > 0 else None]
    return shown + re.sub(r"<[^>]+>", "", shown)


def arrive(resource: str, source: str, came: datetime) -> None:
    batch = Batch.objects.create(source=ensure_source(slug=source), resource=resource)
    Batch.objects.filter(pk=batch.pk).update(received_at=came)


@pytest.mark.usefixtures("scored")
def test_every_component_is_shown_with_definition_curve_and_reason() -> None:
    told = text_of(client_as("revops"))
    for metric in metrics:
        if metric.component is None:
            continue
        shown = card(told, metric.key)
        assert metric.formula in shown
        assert metric.component.why in shown
        assert f"/metrics/explain/{metric.key}/" in shown
        assert 'class="abe-curve"' in shown
    last_use = card(told, "product.days_since_last_use")
    assert "67% of 3 accounts get 75 points or more, 33% fewer than 50" in last_use
    assert "30 days or more" in last_use
    assert "Less is better" in last_use
    assert "1 days without new data" not in last_use


@pytest.mark.usefixtures("scored")
def test_it_says_which_models_use_a_component_and_with_what_weight() -> None:
    model = HealthModel.objects.published().get()
    content = content_of(model)
    tier = Tier.objects.get(slug="strategic")
    publish_health_model(model=create_health_draft(by=None, tier=tier, content=content))
    told = text_of(client_as("revops"))
    trend = card(told, "product.usage_trend")
    assert "Health of every account, version 2: 21% of the weight" in trend
    assert "Health of Strategic, version 1: 21% of the weight" in trend
    assert "No model in force" in card(told, "finance.broken_promises")


@pytest.mark.usefixtures("scored")
def test_it_says_when_data_last_came_and_from_where() -> None:
    arrive("usage-events", "segment", timezone.now() - timedelta(days=3))
    arrive("tickets", "zendesk", timezone.now() - timedelta(days=400))
    told = text_of(client_as("revops"))
    assert "Segment, 3 days ago" in card(told, "product.usage_trend")
    assert "endesk" not in card(told, "product.usage_trend")
    assert "Nothing has arrived yet" in card(told, "engagement.nps")


@pytest.mark.usefixtures("scored")
def test_who_may_not_read_a_category_sees_the_component_and_why_nothing_more() -> None:
    arrive("usage-events", "segment", timezone.now() - timedelta(days=3))
    told = text_of(client_as("finance"))
    trend = card(told, "product.usage_trend")
    assert metrics["product.usage_trend"].formula in trend
    assert "Finance does not read product usage" in trend
    assert 'class="abe-curve-line"' in trend
    assert "<rect" not in trend
    assert "accounts get" not in trend
    assert "egment" not in trend
    # Seats are theirs to read; how old the usage beside them is, isn't.
    assert "accounts get" in card(told, "product.seat_use")
    assert "egment" not in card(told, "product.seat_use")
    assert "<rect" in card(told, "finance.days_beyond_terms")
    rows = list(csv.DictReader(io.StringIO(exported(client_as("finance"), "values"))))
    assert {metrics[row["Key"]].category for row in rows} == {"financial_health", "contracts"}


def exported(client: Client, table: str, query: str = "") -> str:
    response: Any = client.get(f"{URL}?table={table}&export=csv{query}")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode("utf-8-sig")


@pytest.mark.usefixtures("scored")
def test_files_hold_the_components_and_their_values() -> None:
    client = client_as("revops")
    rows = list(csv.DictReader(io.StringIO(exported(client, "components"))))
    assert len(rows) == sum(metric.component is not None for metric in metrics)
    held = {row["Key"]: row for row in rows}
    assert held["product.usage_trend"]["Holds for days"] == "2"
    values = list(csv.DictReader(io.StringIO(exported(client, "values", "&q=days+since+last+use"))))
    assert sum(int(row["Accounts"]) for row in values) == 3
    assert values[-1]["From"].startswith("30")
    assert values[-1]["Accounts"] == "1"


@pytest.mark.usefixtures("scored")
def test_search_and_group_narrow_and_nothing_found_says_what_to_do() -> None:
    client = client_as("revops")
    told = text_of(client, "?group=support&q=CSAT")
    assert told.count('class="abe-curve"') == 1
    assert 'id="panel-supportcsat"' in told
    assert "No component speaks of that" in text_of(client, "?q=zebra")
    assert text_of(client, "?group=nonsense").count('class="abe-curve"') > 16


def test_before_the_first_refresh_curves_stand_alone() -> None:
    told = text_of(client_as("revops"))
    assert "No refresh has finished yet" in told
    assert told.count('class="abe-curve"') > 16
    assert '<rect class="is-' not in told


@pytest.mark.usefixtures("scored")
def test_queries_are_few_and_don_t_grow_with_the_components() -> None:
    client = client_as("revops")
    client.get(URL)

    def cost(query: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(URL + query)
        return len(caught)

    assert cost("") <= cost("?q=CSAT") + 1 <= 20
