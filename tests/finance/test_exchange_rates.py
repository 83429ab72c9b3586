"""One rate a currency and day, whoever sends it: a second one is refused and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from finance.models import ExchangeRate
from tests.metrics.facts import ago, make_rate
from tests.sync.conftest import Api, make_api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return make_api("stripe")


@pytest.fixture
def api_for() -> Callable[..., Api]:
    return make_api


def rate(
    external_id: str, currency: str = "EUR", on: str = "2026-01-01", value: str = "1.1"
) -> dict[str, Any]:
    return {"external_id": external_id, "currency": currency, "on": on, "rate": value}


def send(api: Api, *records: dict[str, Any]) -> list[str]:
    return api.statuses("exchange-rates", list(records))


def held() -> set[tuple[str, str, str]]:
    found = ExchangeRate.objects.filter(deleted_at=None)
    return {(row.currency, row.on.isoformat(), str(row.rate.normalize())) for row in found}


def test_a_second_rate_of_a_day_is_refused_by_field(api: Api) -> None:
    assert send(api, rate("a")) == ["created"]
    answer = api.bulk(
        "exchange-rates", [rate("b", value="1.2"), rate("c", "GBP"), rate("d", on="2026-01-02")]
    )
    assert [result["status"] for result in answer["results"]] == ["rejected", "created", "created"]
    assert [(error["field"], error["code"]) for error in answer["results"][0]["errors"]] == [("on", "taken")]
    assert ("EUR", "2026-01-01", "1.1") in held()


def test_of_two_in_one_batch_the_first_stays(api: Api) -> None:
    assert send(api, rate("a"), rate("b", value="1.2")) == ["created", "rejected"]
    assert held() == {("EUR", "2026-01-01", "1.1")}


def test_another_source_is_refused_as_well(api: Api, api_for: Callable[..., Api]) -> None:
    assert send(api, rate("a")) == ["created"]
    assert send(api_for("netsuite"), rate("a", value="1.2")) == ["rejected"]


def test_a_rate_may_be_changed_moved_and_replaced(api: Api) -> None:
    assert send(api, rate("a"), rate("b", on="2026-01-02")) == ["created", "created"]
    assert send(api, rate("a", value="1.3")) == ["updated"]
    assert send(api, rate("a", on="2026-01-02")) == ["rejected"]
    assert send(api, rate("b", on="2026-01-03")) == ["updated"]
    assert send(api, rate("a", on="2026-01-02")) == ["updated"]
    assert api.call("delete", "exchange-rates/stripe/a/").status_code == 200
    assert send(api, rate("c", on="2026-01-02", value="9")) == ["created"]
    assert send(api, {**rate("a", on="2026-01-02"), "source_updated_at": "2099-01-01T00:00:00Z"}) == [
        "rejected"
    ]
    assert held() == {("EUR", "2026-01-03", "1.1"), ("EUR", "2026-01-02", "9")}


def test_rates_that_change_places_are_refused_and_nothing_breaks(api: Api) -> None:
    assert send(api, rate("a"), rate("b", on="2026-01-02", value="2")) == ["created", "created"]
    assert send(api, rate("a", on="2026-01-02"), rate("b", value="2")) == ["rejected", "rejected"]


def test_the_database_holds_it_too() -> None:
    make_rate("EUR", ago(1), "1.1")
    with pytest.raises(IntegrityError):
        make_rate("EUR", ago(1), "1.2")
