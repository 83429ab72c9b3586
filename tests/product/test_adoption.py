"""What customers use of what they may use, and how much of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.metrics.facts import TODAY, ago, make_account, make_entitled, make_line, make_use, measure, roll_up

pytestmark = pytest.mark.django_db


def test_adoption_is_the_share_of_entitled_features_used_within_30_days() -> None:
    account, idle, unknown = make_account(), make_account(), make_account()
    for feature in ("boards", "files", "search", "mobile"):
        make_entitled(account, feature, ago(100))
    make_entitled(account, "boards", ago(50))  # told twice, counts once
    make_entitled(account, "forecasts", ago(100), TODAY)
    make_entitled(account, "alerts", ago(-1))
    make_entitled(idle, "boards", ago(100))
    for used, days in (("boards", 29), ("files", 30), ("forecasts", 1), ("secret", 1)):
        make_use(account, ago(days), feature=used)
    make_use(unknown, ago(1), feature="boards")
    roll_up("product.usage_days")
    assert measure("product.adoption") == {account.pk: Decimal("0.25"), idle.pk: 0}
    assert measure("product.adoption", ago(1))[account.pk] == Decimal("0.6")


def test_without_any_use_known_nobody_has_a_number() -> None:
    make_entitled(make_account(), "boards", ago(100))
    assert measure("product.adoption") == {}


def test_depth_is_what_one_active_user_does() -> None:
    account, machines = make_account(), make_account()
    make_use(account, ago(1), 6, user="u1")
    make_use(account, ago(2), 2, user="u2")
    make_use(account, ago(3), 50, user="")
    make_use(machines, ago(3), 50, user="")
    roll_up("product.usage_days")
    assert measure("product.usage_depth") == {account.pk: 4}


def test_active_users_are_set_against_seats() -> None:
    account, without = make_account(), make_account()
    make_line(account, ago(100), quantity=8, is_per_seat=True)
    for user in ("u1", "u2"):
        make_use(account, ago(1), user=user)
        make_use(without, ago(1), user=user)
    roll_up("product.usage_days")
    measure("product.active_users_30d")
    measure("finance.seats")
    assert measure("product.seat_use") == {account.pk: Decimal("0.25")}
