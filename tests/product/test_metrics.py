"""Use by day and the numbers made of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from product.models import UsageDayToRecompute, UsageEvent, UsageFeatureDay, UsageUserDay
from product.services import roll_up_usage
from tests.metrics.facts import LAST, TODAY, ago, at, make_account, make_use, make_use_at, measure, roll_up

pytestmark = pytest.mark.django_db


def test_events_are_rolled_up_by_day_user_and_feature() -> None:
    account = make_account()
    make_use(account, ago(2), 3, user="ann", feature="export")
    make_use(account, ago(2), 2, user="ben", feature="export")
    make_use(account, ago(1), 1, user="ann", feature="import")
    assert roll_up("product.usage_days") == 5
    users = set(UsageUserDay.objects.values_list("day", "user", "events"))
    assert users == {(ago(2), "ann", 3), (ago(2), "ben", 2), (ago(1), "ann", 1)}
    features = set(UsageFeatureDay.objects.values_list("day", "feature", "events"))
    assert features == {(ago(2), "export", 5), (ago(1), "import", 1)}
    assert not UsageDayToRecompute.objects.exists()


def test_late_events_replace_their_day_and_no_other() -> None:
    account, other = make_account(), make_account()
    for each in (account, other):
        make_use(each, ago(40), 2)
        make_use(each, ago(1), 2)
    roll_up("product.usage_days")
    UsageUserDay.objects.filter(account=other).update(events=99)  # would be mended if it were touched
    make_use(account, ago(40), 5)
    assert roll_up("product.usage_days") == 2
    assert dict(UsageUserDay.objects.filter(account=account).values_list("day", "events")) == {
        ago(40): 7,
        ago(1): 2,
    }
    assert set(UsageUserDay.objects.filter(account=other).values_list("events", flat=True)) == {99}


def test_withdrawn_events_leave_their_day() -> None:
    account = make_account()
    make_use(account, ago(1), 2)
    roll_up("product.usage_days")
    UsageEvent.objects.update(deleted_at=at(TODAY))
    UsageDayToRecompute.objects.create(account=account, day=ago(1))
    roll_up("product.usage_days")
    assert not UsageUserDay.objects.exists()
    assert not UsageFeatureDay.objects.exists()


def test_only_marks_of_the_slice_are_taken() -> None:
    account, other = make_account(), make_account()
    make_use(account, ago(1))
    make_use(other, ago(1))
    roll_up_usage(first=other.pk, last=LAST)
    assert set(UsageUserDay.objects.values_list("account_id", flat=True)) == {other.pk}
    assert UsageDayToRecompute.objects.get().account_id == account.pk


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin", "Pacific/Auckland"])
def test_days_are_utc_days_whatever_the_zone_and_its_clock_change(zone: str) -> None:
    account = make_account()
    change = date(2026, 3, 29)  # clocks change in Berlin
    for hour, minute in ((0, 0), (1, 30), (23, 59)):
        make_use_at(account, datetime(2026, 3, 29, hour, minute, tzinfo=UTC))
    make_use_at(account, datetime(2026, 3, 30, 0, 0, tzinfo=UTC))
    with timezone.override(ZoneInfo(zone)):
        roll_up("product.usage_days", date(2026, 3, 31))
        assert dict(UsageUserDay.objects.values_list("day", "events")) == {
            change: 3,
            change + timedelta(days=1): 1,
        }
        assert measure("product.usage_events_30d", change) == {account.pk: 3}


def test_a_leap_day_is_a_day() -> None:
    account = make_account()
    make_use(account, date(2024, 2, 29), 4)
    roll_up("product.usage_days")
    assert measure("product.usage_events_30d", date(2024, 2, 28)) == {}
    assert measure("product.usage_events_30d", date(2024, 3, 29)) == {account.pk: 4}
    assert measure("product.usage_events_30d", date(2024, 3, 30)) == {account.pk: 0}
    assert measure("product.days_since_last_use", date(2024, 3, 1)) == {account.pk: 1}


def test_accounts_that_never_used_the_product_have_no_number() -> None:
    make_account()
    for key in (
        "usage_events_30d",
        "usage_trend",
        "active_users_30d",
        "features_used_30d",
        "days_since_last_use",
    ):
        assert measure(f"product.{key}") == {}


def test_distinct_users_and_features_are_counted_once_over_30_days() -> None:
    account = make_account()
    for days in (0, 1, 29):
        make_use(account, ago(days), 2, user="ann", feature="a")
    make_use(account, ago(3), user="ben", feature="b")
    make_use(account, ago(30), user="old", feature="old")
    make_use(account, ago(3), user="", feature="")
    roll_up("product.usage_days")
    assert measure("product.active_users_30d") == {account.pk: 2}
    assert measure("product.features_used_30d") == {account.pk: 2}
    assert measure("product.usage_events_30d") == {account.pk: 8}


def test_the_trend_compares_with_the_account_s_own_norm() -> None:
    steady, fallen = make_account(), make_account()
    for days in range(400):
        make_use(steady, ago(days), user="u")
        if days >= 30 or days % 2:
            make_use(fallen, ago(days), user="u")
    roll_up("product.usage_days")
    trend = measure("product.usage_trend")
    assert trend == {steady.pk: 1, fallen.pk: pytest.approx(0.5)}


def test_a_new_customer_is_measured_against_the_days_since_its_first_use() -> None:
    account = make_account()
    for days in range(75):
        make_use(account, ago(days))
    roll_up("product.usage_days")
    assert measure("product.usage_trend") == {account.pk: 1}
    assert measure("product.usage_trend", ago(20)) == {}, "55 days of use are too few for a norm"


def test_a_norm_of_nothing_gives_no_trend() -> None:
    account = make_account()
    make_use(account, ago(300))
    make_use(account, ago(3))
    roll_up("product.usage_days")
    assert measure("product.usage_trend") == {}
