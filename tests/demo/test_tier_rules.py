"""The sample company's tier rules: both versions hold, the first one makes the history, decisions come once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Account, TierTenure
from demo.tier_rules import decide_beside_the_rules, publish_version_1, version_1, version_2
from metrics.engine.plan import history_days, today
from tests.metrics.facts import make_account, make_line, refresh
from tests.users import make_user
from tiers.content import problems_of
from tiers.models import RuleSet, TierOverride

pytestmark = pytest.mark.django_db


def test_both_versions_can_be_published() -> None:
    assert problems_of(version_1()) == []
    assert problems_of(version_2()) == []


def test_the_first_version_makes_the_history_and_decisions_follow_once() -> None:
    make_user("revops", email="revops@ferrowick.example")
    kinds = (("enterprise", 100_000), ("growth", 30_000), ("standard", 2_000))
    accounts: list[Account] = []
    for slug, arr in kinds:
        accounts.append(make_account(slug))
        make_line(accounts[-1], today() - timedelta(days=900), amount=arr)
    grown = make_account("standard")
    make_line(grown, today() - timedelta(days=900), amount=400_000)
    assert publish_version_1(2)
    assert not publish_version_1(2), "it is published once"
    for day in (*history_days(today(), 2), today()):
        refresh(day)
    first = RuleSet.objects.get()
    held = TierTenure.objects.filter(account=grown).order_by("during")
    assert [(one.tier.slug, one.during.lower) for one in held] == [
        ("standard", None),
        ("strategic", first.starts_on),
    ]
    assert decide_beside_the_rules()
    assert not decide_beside_the_rules()
    assert set(TierOverride.objects.values_list("account_id", flat=True)) == {one.pk for one in accounts}
    assert list(RuleSet.objects.order_by("version").values_list("state", flat=True)) == ["published", "draft"]
