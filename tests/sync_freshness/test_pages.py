"""The page of sources and its limits: what RevOps sees and sets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from people.functions import Function
from sync.freshness.rollup import roll_up_feeds
from sync.models import Batch, FreshnessRule
from sync.services import ensure_source
from tests.sync.conftest import make_api
from tests.users import client_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def revops():
    return client_as("revops")


def arrive(source="zendesk", resource="tickets", hours=1.0, **counts):
    batch = Batch.objects.create(source=ensure_source(slug=source), resource=resource, **counts)
    Batch.objects.filter(pk=batch.pk).update(received_at=timezone.now() - timedelta(hours=hours))
    return batch


def limits(client, **given):
    url = reverse("sync:expectation", args=["zendesk", "support_history"])
    form = {"warn": 2, "warn_unit": "hours", "error": 3, "error_unit": "hours", "measure": "arrival", **given}
    return client.post(url, form)


def test_a_source_shows_what_came_what_was_refused_and_why(revops):
    make_api("salesforce").bulk("accounts", [{"external_id": "1", "name": "One"}, {"external_id": "bad-one"}])
    make_api("salesforce").bulk("contacts", [{"external_id": "9", "name": "Ada", "account": "404"}])
    page = revops.get(reverse("sync:sources")).content.decode()
    assert "bad-one" in page
    assert "kind=rejected" in page
    assert "/sync/pending/?source=salesforce&amp;resource=contacts" in page
    assert "Rows by day" in page
    assert "No habit yet" in page


def test_limits_begin_with_those_of_the_data_category(revops):
    make_api("zendesk").bulk("accounts", [{"external_id": "1", "name": "One"}])
    page = revops.get(reverse("sync:expectation", args=["zendesk", "account_profile"])).content.decode()
    assert 'name="warn" value="15"' in page
    assert '<option value="minutes" selected>' in page


def test_limits_are_set_judged_by_and_taken_back(revops):
    arrive(hours=2.5)
    url = reverse("sync:expectation", args=["zendesk", "support_history"])
    assert "Not judged" in revops.get(url).content.decode()
    assert limits(revops).status_code == 302
    page = revops.get(reverse("sync:sources")).content.decode()
    assert "Late after 2 hours, stale after 3 hours. Set by RevOps" in page
    assert ">Late<" in page
    assert 'value="2"' in revops.get(url).content.decode()
    limits(revops, warn=1, error=2)
    assert ">Stale<" in revops.get(reverse("sync:sources")).content.decode()
    revops.post(url, {"forget": "1"})
    assert not FreshnessRule.objects.exists()
    kinds = FreshnessRule.pgh_event_model.objects.order_by("pgh_id").values_list("pgh_label", flat=True)
    assert list(kinds) == ["insert", "update", "delete"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"error": 1}, "late"),
        ({"warn": 0}, "enter 1 or more"),
        ({"warn": ""}, "Enter a number for"),
        ({"warn": 9999, "warn_unit": "days"}, "or less."),
        ({"measure": "x"}, "on offer for"),
    ],
)
def test_limits_that_make_no_sense_are_refused_beside_the_field(revops, wrong, told):
    arrive()
    answer = limits(revops, **wrong)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not FreshnessRule.objects.exists()


def test_limits_can_be_set_before_anything_came(revops):
    ensure_source(slug="zendesk")
    limits(revops)
    page = revops.get(reverse("sync:sources")).content.decode()
    assert "Never arrived" in page


def test_unknown_feeds_are_not_found(revops):
    ensure_source(slug="zendesk")
    assert revops.get("/sync/sources/zendesk/nothing/").status_code == 404
    assert revops.get("/sync/sources/nobody/revenue/").status_code == 404


@pytest.mark.parametrize("function", [function for function in Function.values if function != "revops"])
def test_only_revops_comes_in(function):
    ensure_source(slug="zendesk")
    client = client_as(function)
    assert client.get(reverse("sync:sources")).status_code == 403
    assert limits(client).status_code == 403


def test_the_page_costs_the_same_for_many_feeds(revops):
    def cost():
        with CaptureQueriesContext(connection) as captured:
            assert revops.get(reverse("sync:sources")).status_code == 200
        return len(captured)

    arrive()
    few = cost()
    for number in range(6):
        for resource in ("accounts", "tickets", "contract-lines", "usage-events"):
            arrive(f"source-{number}", resource, rejected=1, errors=[{"external_id": "1", "errors": []}])
            arrive(f"source-{number}", resource, hours=100)
    roll_up_feeds()
    assert cost() == few


def test_the_first_screen_of_revops_names_what_is_stale(revops):
    arrive(hours=30)
    limits(revops)
    page = revops.get("/").content.decode()
    assert "Support history: stale" in page
