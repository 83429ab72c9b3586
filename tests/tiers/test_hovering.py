"""An account that hovers around a threshold moves at most once; any other moves no faster than its terms allow."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, Standing, Tier, TierTenure
from tests.tiers.facts import make_worth, plain_rules, publish
from tiers.assignment.assign import assign_tiers
from tiers.content import Content
from tiers.defaults import default_content
from tiers.models import PendingMove, RuleSet

pytestmark = pytest.mark.django_db
START = date(2025, 1, 1)
DAY = timedelta(days=1)
DEFAULTS = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# The thresholds of the default rules that a small account hovers around, and values within a tenth of one.
BAND = st.integers(min_value=-1000, max_value=1000)


def live(rule_set: RuleSet, accounts: list[Account], series: list[list[int]], days: int) -> None:
    """Let each account be worth its next value every ``days`` days, and the rules look at all of them each time."""
    for turn in range(len(series[0])):
        standings = [
            Standing(account=one, arr=values[turn]) for one, values in zip(accounts, series, strict=True)
        ]
        Standing.objects.bulk_update(standings, ["arr"])
        assign_tiers(rule_set=rule_set, on=START + turn * days * DAY)


def begin(content: Content, count: int) -> tuple[RuleSet, list[Account]]:
    TierTenure.objects.all().delete()
    PendingMove.objects.all().delete()
    Standing.objects.all().delete()
    Account.objects.all().delete()
    rule_set = RuleSet.objects.published().first() or publish(content)
    return rule_set, [make_worth(0) for _ in range(count)]


def moves_of(account: Account) -> list[tuple[date, int]]:
    """Return day and direction (1 up, −1 down) of each move."""
    ranks = dict(Tier.objects.values_list("pk", "rank"))
    held = list(TierTenure.objects.filter(account=account).order_by("during"))
    assert all(one.during.upper == two.during.lower for one, two in pairwise(held)), "without a gap"
    return [
        (two.during.lower, 1 if ranks[two.tier_id] < ranks[one.tier_id] else -1)
        for one, two in pairwise(held)
    ]


@given(data=st.data(), threshold=st.sampled_from([20_000, 75_000, 250_000]))
@DEFAULTS
def test_monthly_hovering_moves_at_most_once_in_a_year(data: st.DataObject, threshold: int) -> None:
    rule_set, accounts = begin(default_content(), 12)
    months = st.lists(BAND, min_size=13, max_size=13)
    series = [[threshold + threshold * one // 10_000 for one in data.draw(months)] for _ in accounts]
    live(rule_set, accounts, series, days=30)
    assert max(len(moves_of(account)) for account in accounts) <= 1


def test_daily_hovering_moves_at_most_once_in_a_year() -> None:
    rule_set, accounts = begin(default_content(), 40)
    uniform = random.Random(7).uniform
    # Half of them swing far out at times, but never below the threshold to stay for 30 days on end.
    series = [
        [int(75_000 * uniform(0.9, 1.1) if place % 2 else 75_000 * uniform(0.8, 1.3)) for _ in range(365)]
        for place, _ in enumerate(accounts)
    ]
    live(rule_set, accounts, series, days=1)
    assert max(len(moves_of(account)) for account in accounts) <= 1


@given(data=st.data())
@DEFAULTS
def test_any_account_moves_no_faster_than_the_terms_allow(data: st.DataObject) -> None:
    rule_set, accounts = begin(plain_rules(), 12)
    values = st.lists(
        st.sampled_from([0, 17_999, 18_000, 20_000, 89_999, 90_000, 100_000]), min_size=40, max_size=40
    )
    live(rule_set, accounts, [data.draw(values) for _ in accounts], days=10)
    for account in accounts:
        moves = moves_of(account)
        for (before, was), (after, turned) in pairwise(moves):
            if was < 0 or turned < 0:
                assert after - before >= 90 * DAY
