"""Answers to the question whether they would recommend us, as surveys send them."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import TimelineEvent
from engagement.models import Engagement, NpsResponse
from tests.sync.conftest import Api, make_api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    """A survey that knows an account and a contact."""
    api = make_api("salesforce")
    api.bulk("accounts", [{"external_id": "A", "name": "A"}])
    api.bulk("contacts", [{"external_id": "c", "account": "A", "name": "Ann", "email": "ann@a.example"}])
    return api


def answer(key: str, score: int | None, **fields: Any) -> dict[str, Any]:
    return {"external_id": key, "account": "A", "score": score, "asked_at": "2026-11-03T09:00:00Z", **fields}


def test_a_detractor_is_told_on_the_day_of_the_answer(api: Api) -> None:
    later = "2026-11-07T08:00:00Z"
    api.bulk("nps-responses", [answer("n1", 6, responded_at=later), answer("n2", 7), answer("n3", None)])
    line = TimelineEvent.objects.get(kind="engagement.detractor")
    assert (line.title, line.happened_at.day, line.category) == (
        "Would not recommend us: 6 of 10",
        7,
        "engagement",
    )
    api.bulk("nps-responses", [answer("n1", 9)])
    assert not TimelineEvent.objects.filter(kind="engagement.detractor").exists()


def test_the_respondent_is_a_contact_or_an_address(api: Api) -> None:
    by_address = answer("n2", 0, respondent_email=" Ann@A.example ")
    assert api.statuses("nps-responses", [answer("n1", 10, respondent="c"), by_address]) == ["created"] * 2
    assert NpsResponse.objects.get(score=0).respondent_email == "ann@a.example"
    assert api.get("nps-responses/salesforce/n1/")["respondent"]["external_id"] == "c"
    assert api.statuses("nps-responses", [answer("n3", 5, respondent="nobody")]) == ["pending"]


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"score": 11}, "score", "out_of_range"),
        ({"score": -1}, "score", "out_of_range"),
        ({"score": 7.5}, "score", "wrong_type"),
        ({"responded_at": "2026-11-01T00:00:00Z"}, "responded_at", "before_asked"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    api: Api, fields: dict[str, Any], field: str, code: str
) -> None:
    refused = api.bulk("nps-responses", [answer("n", 5) | fields])["results"][0]
    assert [(error["field"], error["code"]) for error in refused["errors"]] == [(field, code)]


def test_a_business_review_is_an_engagement_of_its_own_kind(api: Api) -> None:
    review = {"external_id": "e", "account": "A", "kind": "business_review"}
    api.bulk("engagements", [review | {"occurred_at": "2026-11-03T09:00:00Z"}])
    assert str(Engagement.objects.get()) == "Business review"
    assert TimelineEvent.objects.get().title == "Business review"


def test_only_who_reads_engagement_reads_answers(api: Api) -> None:
    api.bulk("nps-responses", [answer("n", 3)])
    assert make_api("csv", "marketing").get("nps-responses/salesforce/n/")["score"] == 3
    assert make_api("csv", "legal").call("get", "nps-responses/").status_code == 403
