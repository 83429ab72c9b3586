"""The pages about numbers: what is behind one, the catalogue, and the refresh as it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from accounts.models import Account
from common.formatting import format_number
from metrics import tasks
from metrics.engine.plan import plan_refresh, today
from metrics.engine.steps import run_next_step
from metrics.health.parts import parts_of, taken_apart
from metrics.models import HealthComponent, HealthModel, HealthScore, MetricValue, RefreshRun, RefreshStep
from metrics.registry import metrics, segment_definitions
from sync.models import Batch, Source
from tests.metrics.facts import (
    TODAY,
    ago,
    make_account,
    make_contact,
    make_line,
    make_ticket,
    make_touch,
    make_use,
    refresh,
)
from tests.users import client_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(model_1: None) -> Account:
    """A customer with a score on two days."""
    account = make_account("growth", name="Northwind", industry="Retail")
    make_line(account, ago(500), amount=12_000)
    make_ticket(account, ago(40), ago(39))
    make_ticket(account, ago(2), priority="urgent")
    make_touch(account, ago(5), make_contact(account))
    for days in range(200):
        make_use(account, ago(days), user=f"u{days % 3}", feature=f"f{days % 4}")
    refresh(ago(30))
    refresh()
    return account


def text(client: Client, url: str, status: int = 200, **extra: Any) -> str:
    response = client.get(url, **extra)
    assert response.status_code == status
    return response.content.decode()


def test_a_number_of_an_account_is_explained(account: Account) -> None:
    source = Source.objects.create(slug="billing", name="Billing system")
    Batch.objects.create(
        source=source, resource="contracts", received_at=datetime(2026, 11, 19, 8, tzinfo=UTC)
    )
    page = text(client_as("finance"), f"/metrics/explain/finance.arr/?account={account.pk}")
    assert "Northwind" in page
    assert "$12,000" in page
    assert "Twelve times the unrounded MRR of the day." in page
    assert f"/metrics/explain/finance.mrr/?account={account.pk}" in page
    assert "Billing system" in page
    assert "20 Nov 2026" in page
    assert "ARR is unchanged since 21 Oct 2026" in page


def test_the_side_sheet_gets_the_same_without_the_frame(account: Account) -> None:
    client = client_as("finance")
    url = f"/metrics/explain/finance.arr/?account={account.pk}"
    partial = client.get(url, headers={"HX-Request": "true"})
    assert b"<html" not in partial.content
    assert b"$12,000" in partial.content
    assert "HX-Request" in partial["Vary"]


def test_a_closed_number_is_redacted_with_the_reason_and_never_shown(account: Account) -> None:
    for url in (
        f"/metrics/explain/finance.arr/?account={account.pk}",
        "/metrics/explain/finance.nrr/?dimension=tier&member=growth",
        "/metrics/explain/finance.arr_end/",
    ):
        page = text(client_as("support"), url)
        assert "Support does not read revenue" in page
        assert "12,000" not in page
        assert "100.0%" not in page


def test_health_shows_its_parts_and_redacts_those_of_closed_categories(account: Account) -> None:
    url = f"/metrics/explain/metrics.health_score/?account={account.pk}"
    success = text(client_as("customer_success"), url)
    for words in ("Usage trend", "Urgent tickets open", "Coverage", "Version 1", "What changed since"):
        assert words in success
    assert "Redacted parts" not in success
    support = text(client_as("support"), url)
    assert "Redacted parts" in support
    assert "does not read product usage" in support


def test_the_name_of_a_limit_is_kept_from_those_who_may_not_know_its_reason(account: Account) -> None:
    HealthScore.objects.filter(as_of=TODAY).update(limit="Three urgent tickets open", score=74, exact=74)
    url = f"/metrics/explain/metrics.health_score/?account={account.pk}"
    assert "Three urgent tickets open" in text(client_as("customer_success"), url)
    closed = text(client_as("marketing"), url)
    assert "Three urgent tickets open" not in closed
    assert "A limit" in closed


def test_a_segment_shows_its_fraction_and_its_siblings(account: Account) -> None:
    page = text(client_as("leadership"), "/metrics/explain/finance.nrr/?dimension=tier&member=growth")
    assert "100.0%" in page
    assert "$12,000 ÷ $12,000" in page.replace("</span>", "").replace('<span class="abe-num">', "")
    assert "Growth" in page
    assert "By industry" in page


def test_a_missing_number_says_why(account: Account) -> None:
    target = make_account(lifecycle="target")
    page = text(client_as("finance"), f"/metrics/explain/finance.nrr/?account={target.pk}")
    assert "The definition gives no value" in page
    RefreshStep.objects.filter(key="finance.nrr").update(state="failed", error="secret detail")
    page = text(client_as("finance"), f"/metrics/explain/finance.nrr/?account={target.pk}")
    assert "failed for this number" in page
    assert "secret detail" not in page


def test_an_earlier_day_shows_what_was_known_then(account: Account) -> None:
    MetricValue.objects.filter(key="finance.arr", as_of=ago(30)).update(value=777)
    page = text(client_as("finance"), f"/metrics/explain/finance.arr/?account={account.pk}&as_of={ago(3)}")
    assert "$777" in page
    assert "$12,000" not in page


def test_before_the_first_refresh_pages_say_what_follows() -> None:
    account = make_account()
    for url in (f"/metrics/explain/finance.arr/?account={account.pk}", "/metrics/explain/finance.nrr/"):
        assert "No refresh has finished yet" in text(client_as("finance"), url)
    assert "No refresh has run yet" in text(client_as("revops"), "/metrics/runs/")


@pytest.mark.parametrize(
    "url",
    [
        "/metrics/explain/no.such/",
        "/metrics/explain/finance.arr/?account=0",
        "/metrics/explain/finance.arr/?account=x",
        "/metrics/explain/finance.arr/?account=-1",
        "/metrics/explain/finance.arr/?account=99999999999999999999999",
        "/metrics/explain/finance.arr/?account=%00",
        "/metrics/explain/finance.arr/?account=%D9%A3",
        "/metrics/explain/finance.arr/?dimension=tier",
        "/metrics/explain/finance.nrr/?dimension=colour",
        "/metrics/explain/finance.arr_end/?account=1",
        "/metrics/runs/?run=999999",
        "/metrics/runs/?run=99999999999999999999999",
        "/metrics/runs/?run=x",
        "/metrics/runs/999999/",
        "/metrics/runs/99999999999999999999999/",
        "/metrics/runs/alerts/99999999999999999999999/",
        "/metrics/runs/backfill/99999999999999999999999/",
    ],
)
def test_what_does_not_exist_is_not_found(url: str) -> None:
    text(client_as("revops"), url, 404)


@pytest.mark.parametrize(
    "query",
    ["as_of=2999-01-01", "as_of=x", "as_of=0001-01-01", "dimension=tier&member=%00nul", "dimension=tier"],
)
def test_odd_questions_get_an_answer(query: str, account: Account) -> None:
    text(client_as("revops"), f"/metrics/explain/finance.nrr/?{query}")


def test_every_declared_number_can_be_opened(account: Account) -> None:
    client = client_as("revops")
    for key in metrics:
        text(client, f"/metrics/explain/{key.key}/?account={account.pk}")
        text(client, f"/metrics/explain/{key.key}/")
    for definition in segment_definitions:
        for dimension, member in (("all", ""), ("tier", "growth"), ("industry", "Retail")):
            text(client, f"/metrics/explain/{definition.key}/?dimension={dimension}&member={member}")


def test_the_catalogue_lists_every_number_once() -> None:
    page = text(client_as("marketing"), "/metrics/")
    for definition in {*metrics, *segment_definitions}:
        assert page.count(f'href="/metrics/explain/{definition.key}/"') == 1
    assert "Redacted" in page


def test_opening_a_number_costs_few_queries(account: Account, django_assert_max_num_queries: Any) -> None:
    client = client_as("customer_success")
    url = f"/metrics/explain/metrics.health_score/?account={account.pk}"
    text(client, url)
    with django_assert_max_num_queries(13):
        text(client, url)


def test_the_operations_page_shows_a_running_refresh_and_asks_again() -> None:
    make_line(make_account(), ago(100))
    plan_refresh(as_of=TODAY)
    run_next_step()
    page = text(client_as("revops"), "/metrics/runs/")
    assert 'hx-trigger="every 2s"' in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert "1 of " in page
    run = RefreshRun.objects.get()
    steps = text(client_as("revops"), f"/metrics/runs/{run.pk}/")
    assert 'hx-trigger="every 2s"' in steps
    assert 'data-label="Wave">1<' in steps


def test_a_finished_refresh_stops_asking_and_shows_failures_to_revops_only(account: Account) -> None:
    RefreshStep.objects.filter(key="finance.nrr", run__as_of=TODAY).update(
        state="failed", error="division by zero"
    )
    RefreshRun.objects.filter(as_of=TODAY).update(state="failed")
    assert "every 2s" not in text(client_as("revops"), "/metrics/runs/")
    run = RefreshRun.objects.get(as_of=TODAY)
    for url in (f"/metrics/runs/{run.pk}/", f"/metrics/runs/{run.pk}/?item=finance.nrr"):
        page = text(client_as("revops"), url)
        assert "every 2s" not in page
        assert "It divides by a number that is 0" in page
        closed = text(client_as("finance"), url)
        assert "It divides by" not in closed
        assert "RevOps sees why" in closed
    assert "Done with failures" in text(client_as("finance"), f"/metrics/runs/{run.pk}/")
    assert client_as("finance").get(f"/metrics/runs/?run={run.pk}")["Location"] == f"/metrics/runs/{run.pk}/"


def test_the_partial_of_the_operations_page_is_no_page() -> None:
    refresh()
    response = client_as("revops").get("/metrics/runs/", headers={"HX-Request": "true"})
    assert b"<html" not in response.content
    assert b'id="refresh-runs"' in response.content


def test_revops_can_refresh_now_and_others_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.run_steps, "delay", lambda: sent.append(1))
    assert "Refresh now" not in text(client_as("sales"), "/metrics/runs/")
    assert client_as("sales").post("/metrics/runs/now/").status_code == 403
    assert not RefreshRun.objects.exists()
    revops = client_as("revops")
    assert revops.get("/metrics/runs/now/").status_code == 405
    response = revops.post("/metrics/runs/now/", follow=True)
    assert "Refreshing the numbers of" in response.content.decode()
    assert RefreshRun.objects.get().as_of == today()
    assert sent


def test_workers_out_of_reach_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.run_steps, "delay", unreachable)
    response = client_as("revops").post("/metrics/runs/now/", follow=True)
    assert "they begin as soon as they are back" in response.content.decode().replace("&#x27;", "'")


def test_a_number_of_segments_opens_with_the_whole(account: Account) -> None:
    page = client_as("finance").get("/metrics/explain/finance.nrr/")
    told = page.context["told"]
    assert (told.subject, told.value) == ("All accounts", 1)
    assert "$12,000 ÷ $12,000" in page.content.decode().replace('<span class="abe-num">', "").replace(
        "</span>", ""
    )


def test_what_a_score_lacks_adds_up_to_what_is_missing_to_100(account: Account) -> None:
    score = HealthScore.objects.with_parts().get(as_of=TODAY)
    lost = {part.label: part.lost for part in parts_of(score) if part.lost is not None}
    assert score.exact is not None
    assert score.score is not None
    assert abs(sum(lost.values()) - (100 - score.exact)) < Decimal("0.001")
    label, most = max(lost.items(), key=lambda pair: pair[1])
    shown = text(client_as("revops"), f"/metrics/explain/metrics.health_score/?account={account.pk}")
    missing = format_number(100 - score.score, 0)
    assert f"{label} costs {format_number(most, 0)} of the {missing} points missing to 100" in shown


def test_a_component_without_points_costs_its_whole_weight() -> None:
    model = HealthModel(version=1)
    components = [
        HealthComponent(model=model, position=place, key=key, weight=Decimal(weight))
        for place, (key, weight) in enumerate((("a", 30), ("b", 10), ("c", 60)), start=1)
    ]
    parts = taken_apart(components, [Decimal(1), Decimal(1), None], [Decimal(0), Decimal(100), None])
    assert {part.key: part.lost for part in parts} == {"a": 75, "b": 0, "c": None}
