"""A number made from stale data is marked wherever it is shown, with the reason, at no query a number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Standing
from metrics.models import MetricValue, RefreshRun
from sync.freshness.marks import provisional_numbers, replace_provisional
from tests.metrics.facts import TODAY, ago, make_account, make_line, refresh
from tests.sync.conftest import make_api
from tests.users import client_as

pytestmark = pytest.mark.django_db
REASON = "Revenue from Stripe was 3 days old, expected within 50 hours."


@pytest.fixture
def account():
    account = make_account("growth")
    make_line(account, ago(500))
    refresh()
    assert Standing.objects.get(account=account).as_of == TODAY
    return account


@pytest.fixture
def doubted(account):
    replace_provisional(as_of=TODAY, reasons={"finance.arr": REASON})
    return account


def page(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_header_the_list_and_the_explanation_say_so(doubted):
    client = client_as("finance")
    header, _ = page(client, doubted.get_absolute_url()).split('class="abe-tabs"', 1)
    assert header.count(REASON) == 2  # for hover and for readers, at one figure
    listed = page(client, reverse("accounts:list") + "?columns=finance.arr,accounts.country")
    assert listed.count("is-provisional") == 1
    assert REASON in listed
    explained = page(client, reverse("metrics:explain", args=["finance.arr"]) + f"?account={doubted.pk}")
    assert "Provisional" in explained
    assert REASON in explained
    other = page(client, reverse("metrics:explain", args=["finance.mrr"]) + f"?account={doubted.pk}")
    assert "Provisional" not in other


def test_nothing_is_marked_where_all_is_fresh(account):
    client = client_as("finance")
    for url in (account.get_absolute_url(), reverse("accounts:list")):
        assert "rovisional" not in page(client, url)


def test_who_may_not_read_the_number_sees_no_mark(doubted):
    client = client_as("product")
    assert REASON not in page(client, doubted.get_absolute_url())
    explained = page(client, reverse("metrics:explain", args=["finance.arr"]) + f"?account={doubted.pk}")
    assert REASON not in explained


def test_another_day_is_not_doubted(doubted):
    RefreshRun.objects.create(as_of=ago(1), state="done")
    MetricValue.objects.create(account=doubted, key="finance.arr", as_of=ago(1), value=5)
    client = client_as("finance")
    assert REASON not in page(client, f"{doubted.get_absolute_url()}?as_of={ago(1)}")


def test_the_apis_say_so_too(doubted):
    api = make_api(scopes=("*:read",))
    body = api.get(f"accounts/{doubted.pk}/360/?lens=finance")
    assert body["provisional"] == [{"key": "finance.arr", "reason": REASON}]
    rows = api.get(f"metrics/?key=finance.arr&key=finance.mrr&account={doubted.pk}")["results"]
    assert {row["key"]: row.get("provisional") for row in rows} == {
        "finance.arr": REASON,
        "finance.mrr": None,
    }


def test_marks_cost_one_query_and_then_none(account):
    replace_provisional(as_of=TODAY, reasons={f"key.{number}": REASON for number in range(50)})
    with CaptureQueriesContext(connection) as first:
        assert len(provisional_numbers(TODAY)) == 50
    with CaptureQueriesContext(connection) as second:
        provisional_numbers(TODAY)
    assert (len(first), len(second)) == (1, 0)
    assert provisional_numbers(TODAY - timedelta(days=1)) == {}
    assert provisional_numbers(None) == {}
