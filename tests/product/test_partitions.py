"""Months of usage events: made ahead, filled, retired; and what plans open of them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from common.sql import fetch_typed
from product.models import RetiredMonth, UsageDayToRecompute, UsageEvent, UsageFeatureDay, UsageUserDay
from product.partitions import horizon, keep_months, make_month, months
from product.services import roll_up_usage
from tests.metrics.facts import make_account, make_use_at, roll_up
from tests.product.tracking import Tracker, make_accounts, owners, track
from tests.sync.conftest import make_api

pytestmark = pytest.mark.django_db
LAST = 2**62


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Any:
    horizon.forget()
    yield
    horizon.forget()


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def partition_of(external_id: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM product_usageevent WHERE external_id = %s", [external_id]
        )
        return str(cursor.fetchone()[0])


def opened(query: str, *params: Any, analyze: bool = False) -> set[str]:
    """Return the partitions that a plan opens; with ``analyze`` those that it really read."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON{', ANALYZE' if analyze else ''}) {query}", params)
        plan = cursor.fetchone()[0]
    found: set[str] = set()

    def walk(node: dict[str, Any]) -> None:
        name = node.get("Relation Name", "")
        if name.startswith("product_usageevent") and node.get("Actual Loops", 1):
            found.add(name.removeprefix("product_usageevent_"))
        for child in node.get("Plans", ()):
            walk(child)

    walk((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return found


def test_a_new_installation_has_its_months_ahead() -> None:
    now = datetime.now(UTC).date()
    assert now.replace(day=1) in months()
    keep_months(now)
    assert len([month for month in months() if month >= now.replace(day=1)]) == 4
    assert keep_months(now) == {"made": 0, "retired": 0}


def test_events_of_any_time_are_taken() -> None:
    make_accounts("Acme", workspace_ids=["ws_1"])
    times = (
        "1900-01-01T00:00:00Z",
        "2026-11-22T00:00:00Z",
        "2099-06-01T00:00:00+14:00",
        "9998-12-30T23:59:59Z",
    )
    Tracker().batch(*(track(at, timestamp=at) for at in times))
    assert set(owners()) == set(times)


def test_events_that_came_ahead_move_into_the_partition_of_their_month() -> None:
    account = make_account()
    for day in (date(2024, 2, 1), date(2024, 2, 29), date(2024, 3, 1)):
        make_use_at(account, noon(day))
    ids = dict(UsageEvent.objects.values_list("external_id", "pk"))
    assert {partition_of(name) for name in ids} == {"product_usageevent_rest"}
    assert make_month(date(2024, 2, 1))
    assert not make_month(date(2024, 2, 1))
    assert dict(UsageEvent.objects.values_list("external_id", "pk")) == ids
    kept = {event.occurred_at.date(): partition_of(event.external_id) for event in UsageEvent.objects.all()}
    assert kept == {
        date(2024, 2, 1): "product_usageevent_2024_02",
        date(2024, 2, 29): "product_usageevent_2024_02",
        date(2024, 3, 1): "product_usageevent_rest",
    }


def test_months_with_enough_events_get_a_partition_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("product.partitions.WORTH_A_PARTITION", 3)
    account = make_account()
    make_use_at(account, noon(date(2023, 5, 5)), 3)
    make_use_at(account, noon(date(2023, 6, 5)), 2)
    keep_months(date(2026, 11, 22))
    assert date(2023, 5, 1) in months()
    assert date(2023, 6, 1) not in months()


def test_retired_months_lose_their_events_and_keep_their_sums(settings: Any) -> None:
    account = make_account()
    days = (date(2026, 7, 31), date(2026, 8, 1), date(2026, 10, 31), date(2026, 11, 2))
    for day in days:
        make_use_at(account, noon(day), 2)
    make_month(date(2026, 8, 1))
    settings.EVENTS_KEEP_MONTHS = 2
    assert keep_months(date(2026, 11, 22))["retired"] == 2
    assert {event.occurred_at.date() for event in UsageEvent.objects.all()} == set(days[2:])
    assert date(2026, 8, 1) not in months()
    assert dict(RetiredMonth.objects.values_list("month", "events")) == {
        date(2026, 7, 1): 2,
        date(2026, 8, 1): 2,
    }
    roll_up("product.usage_days")
    assert dict(UsageUserDay.objects.values_list("day", "events")) == dict.fromkeys(days, 2)
    for day in days:  # somebody marks all days, as a merge of accounts does
        UsageDayToRecompute.objects.create(account=account, day=day)
    roll_up_usage(first=0, last=LAST)
    assert dict(UsageUserDay.objects.values_list("day", "events")) == dict.fromkeys(days, 2)
    assert dict(UsageFeatureDay.objects.values_list("day", "events")) == dict.fromkeys(days, 2)
    assert not UsageDayToRecompute.objects.exists()


def test_events_of_retired_months_are_refused_in_words(settings: Any) -> None:
    make_accounts("Acme", workspace_ids=["ws_1"])
    settings.EVENTS_KEEP_MONTHS = 2
    recent = datetime.now(UTC) - timedelta(days=31)
    batch = Tracker().batch(track("old"), track("new", timestamp=recent.isoformat()))
    assert (batch.created, batch.rejected) == (1, 1)
    assert batch.errors[0]["errors"][0]["code"] == "retired"
    settings.EVENTS_KEEP_MONTHS = 0
    horizon.forget()
    assert Tracker().batch(track("old")).created == 1


def test_a_repeat_is_looked_for_around_its_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for month in range(1, 11):
        make_month(date(2026, month, 1))
    make_accounts("Acme", workspace_ids=["ws_1"])
    asked: list[tuple[str, list[Any]]] = []

    def listen(query: str, params: list[Any]) -> list[tuple[Any, ...]]:
        asked.append((query, params))
        return fetch_typed(query, params)

    monkeypatch.setattr("sync.pipeline.resolve.fetch_typed", listen)
    times = ("2026-05-10T00:00:00Z", "2026-06-10T00:00:00Z")
    Tracker().batch(*(track(at, timestamp=at) for at in times))
    [(query, params)] = [
        item for item in asked if "product_usageevent" in item[0] and "external_id" in item[0]
    ]
    assert opened(query, *params) == {"2026_04", "2026_05", "2026_06", "2026_07"}


def test_the_roll_up_opens_the_months_of_its_days_only() -> None:
    account = make_account()
    for month in (2, 3, 4, 5):
        make_month(date(2026, month, 1))
        make_use_at(account, noon(date(2026, month, 5)), 3)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE product_usageevent")
        cursor.execute("CREATE TEMP TABLE taken (account_id bigint, day date) ON COMMIT DROP")
        cursor.execute("INSERT INTO taken VALUES (%s, '2026-04-05')", [account.pk])
    found = opened(
        "SELECT used.events FROM taken CROSS JOIN LATERAL (SELECT count(*) AS events FROM product_usageevent AS event "
        "WHERE event.account_id = taken.account_id AND event.deleted_at IS NULL "
        "AND event.occurred_at >= taken.day::timestamp AT TIME ZONE 'UTC' "
        "AND event.occurred_at < (taken.day + 1)::timestamp AT TIME ZONE 'UTC' GROUP BY event.feature) AS used",
        analyze=True,
    )
    assert found == {"2026_04"}


def test_late_repeated_and_corrected_events_bring_exactly_the_right_sums() -> None:
    make_accounts("Acme", workspace_ids=["ws_1"])
    make_month(date(2026, 3, 1))
    make_month(date(2026, 4, 1))
    tracker = Tracker()
    tracker.batch(*(track(f"m{n}") for n in range(3)))
    roll_up_usage(first=0, last=LAST)
    assert sums() == {(date(2026, 3, 5), "u1"): 3}
    tracker.batch(track("m1"), track("late"))
    roll_up_usage(first=0, last=LAST)
    assert sums() == {(date(2026, 3, 5), "u1"): 4}
    api = make_api("segment")
    moved = {
        "external_id": "m1",
        "occurred_at": "2026-04-06T00:00:00Z",
        "source_updated_at": "2026-05-01T00:00:00Z",
    }
    assert api.statuses("usage-events", [moved]) == ["updated"]
    assert partition_of("m1") == "product_usageevent_2026_04"
    roll_up_usage(first=0, last=LAST)
    assert sums() == {(date(2026, 3, 5), "u1"): 3, (date(2026, 4, 6), "u1"): 1}
    renamed = {"external_id": "m2", "user": "u2", "source_updated_at": "2026-05-01T00:00:00Z"}
    same = {"external_id": "m0", "event": "used"}
    assert api.statuses("usage-events", [renamed, same]) == ["updated", "unchanged"]
    roll_up_usage(first=0, last=LAST)
    assert sums() == {(date(2026, 3, 5), "u1"): 2, (date(2026, 3, 5), "u2"): 1, (date(2026, 4, 6), "u1"): 1}
    gone = api.call("delete", "usage-events/segment/m1/")
    assert gone.status_code == 200
    roll_up_usage(first=0, last=LAST)
    assert sums() == {(date(2026, 3, 5), "u1"): 2, (date(2026, 3, 5), "u2"): 1}


def sums() -> dict[tuple[date, str], int]:
    """Return the rolled-up events; those by feature must add up to those by user."""
    by_user = {(row.day, row.user): row.events for row in UsageUserDay.objects.all()}
    assert sum(by_user.values()) == sum(UsageFeatureDay.objects.values_list("events", flat=True))
    return by_user
