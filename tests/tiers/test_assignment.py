"""Assignment: what the rules say becomes tenures, each account in exactly one tier, and a rerun changes nothing."""

from __future__ import annotations

import pytest

from accounts.models import Account, Standing, TierTenure
from metrics.engine.plan import today
from tests.tiers.facts import make_worth, publish, set_worth, tenures, tier_of
from tiers.assignment.assign import apply_rule_set

pytestmark = pytest.mark.django_db


def test_a_published_set_gives_every_account_exactly_one_tier_and_a_rerun_changes_nothing() -> None:
    worth = [make_worth(arr) for arr in (None, 0, 19_999, 20_000, 99_999, 100_000, 5_000_000)]
    publish()
    assert apply_rule_set() == len(worth)
    assert [tier_of(one) for one in worth] == [
        "standard", "standard", "standard", "growth", "growth", "strategic", "strategic",
    ]  # fmt: skip
    before = list(TierTenure.objects.order_by("pk").values())
    shown = list(Standing.objects.order_by("pk").values())
    assert apply_rule_set() == 0
    assert list(TierTenure.objects.order_by("pk").values()) == before
    assert list(Standing.objects.order_by("pk").values()) == shown
    assert Account.objects.count() == TierTenure.objects.values("account").distinct().count() == len(before)


def test_a_move_up_counts_today_and_says_why() -> None:
    account = make_worth(30_000)
    publish()
    apply_rule_set()
    set_worth(account, 100_000)
    TierTenure.objects.update(during=("2026-01-01", None))
    assert apply_rule_set() == 2
    import datetime

    assert tenures(account) == [
        ("growth", datetime.date(2026, 1, 1), today(), "rule"),
        ("strategic", today(), None, "rule"),
    ]
    newest = TierTenure.objects.latest("during")
    assert newest.reason == "rule “Large” of version 1"
