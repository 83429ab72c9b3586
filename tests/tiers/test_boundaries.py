"""Who is near a boundary between tiers, kept at night for the first screen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.conditions.expression import leaves, parse_condition
from accounts.conditions.shifting import eased
from accounts.models import Account
from metrics.engine.plan import today
from tests.metrics.facts import make_account, make_line, refresh
from tests.tiers.facts import at_least, make_worth, plain_rules, publish, set_worth
from tests.tiers.test_preview import preview
from tests.users import make_user
from tiers.assignment.assign import apply_rule_set
from tiers.assignment.boundaries import keep_all_boundaries
from tiers.content import EVERYONE, Content, Points, Rule, Threshold
from tiers.models import NearBoundary
from tiers.services import create_draft

pytestmark = pytest.mark.django_db


def near(accounts: Iterable[Account]) -> list[tuple[str, bool] | None]:
    """Return where each account could come, and whether it meets the rule now."""
    found = {
        row.account_id: (row.tier.slug, row.is_met) for row in NearBoundary.objects.select_related("tier")
    }
    return [found.get(account.pk) for account in accounts]


def test_accounts_within_a_tenth_are_kept_with_where_they_could_come() -> None:
    worth = [make_worth(arr) for arr in (None, 17_999, 18_001, 22_500, 89_999, 90_001, 99_001, 200_000)]
    publish()
    assert keep_all_boundaries() == 3
    assert near(worth) == [
        None, None, ("growth", False), None, None, ("strategic", False), ("strategic", False), None,
    ]  # fmt: skip
    row = NearBoundary.objects.get(account=worth[5])
    assert row.numbers == {"0": {"finance.arr": 90_001}}
    assert keep_all_boundaries() == 3


def test_whoever_is_in_is_measured_by_the_threshold_to_stay() -> None:
    inside, deep = make_worth(105_000), make_worth(100_001)
    publish()
    apply_rule_set()
    keep_all_boundaries()
    assert near([inside, deep]) == [None, None], "90,000 is what counts for them"
    set_worth(deep, 91_000)
    keep_all_boundaries()
    assert near([inside, deep]) == [None, ("growth", True)]


def test_a_number_near_its_threshold_counts_only_where_a_tier_hangs_on_it() -> None:
    both = {"all": [at_least(100_000), at_least(1_000, field="accounts.employees")]}
    content = Content(
        rules=(
            Rule(name="Large", tier="strategic", condition=both),
            Rule(name="Also", tier="growth", condition=at_least(50_000)),
            Rule(name="Again", tier="growth", condition=at_least(40_000)),
            Rule(name="Rest", tier="standard", condition=EVERYONE),
        )
    )
    small = make_worth(99_000, employees=10)
    close = make_worth(99_000, employees=990)
    same_tier = make_worth(49_000)
    publish(content)
    keep_all_boundaries()
    assert near([small, close, same_tier]) == [None, ("strategic", False), None]


def test_whoever_is_near_a_rule_of_the_same_tier_can_be_near_falling_out_of_it_too() -> None:
    content = Content(
        rules=(
            Rule(name="Also", tier="growth", condition=at_least(50_000)),
            Rule(name="Again", tier="growth", condition=at_least(45_000)),
            Rule(name="Rest", tier="standard", condition=EVERYONE),
        )
    )
    account = make_worth(47_000)
    publish(content)
    keep_all_boundaries()
    assert near([account]) == [("standard", True)]
    assert NearBoundary.objects.values_list("rule__name", flat=True).get() == "Again"


def test_points_are_near_a_threshold_too() -> None:
    content = Content(
        kind="score",
        points=(
            Points(name="Revenue", points=Decimal(95), condition=at_least(10_000)),
            Points(name="More", points=Decimal(8), condition=at_least(20_000)),
            Points(name="Most", points=Decimal(60), condition=at_least(50_000)),
        ),
        thresholds=(
            Threshold(tier="growth", enter=Decimal(100), stay=Decimal(90)),
            Threshold(tier="standard"),
        ),
    )
    worth = [make_worth(arr) for arr in (1, 10_000, 20_000, 50_000)]
    publish(content)
    keep_all_boundaries()
    assert near(worth) == [None, ("growth", False), ("standard", True), None]
    apply_rule_set()
    keep_all_boundaries()
    assert near(worth) == [None, ("growth", False), None, None], "103 points are well above 90"


def test_the_refresh_keeps_them() -> None:
    account = make_account()
    make_line(account, today() - timedelta(days=40), amount=19_500)
    publish(plain_rules())
    refresh(today())
    row = NearBoundary.objects.get(account=account)
    assert (row.tier.slug, row.is_met, row.as_of) == ("growth", False, today())


def test_below_a_negation_thresholds_move_the_other_way() -> None:
    data = {"not": {"all": [at_least(100), {"field": "finance.arr", "op": "lt", "value": 1000}]}}
    moved = eased(parse_condition(data), Decimal("0.1"))
    assert [leaf.value for _, leaf in leaves(moved)] == [Decimal(110), Decimal(900)]


def test_a_preview_calls_the_same_points_near_as_the_first_screen() -> None:
    steps = range(4, 101, 4)
    content = Content(
        kind="score",
        points=tuple(
            Points(
                name=f"From {size}", points=Decimal(4), condition=at_least(size, field="accounts.employees")
            )
            for size in steps
        ),
        thresholds=(
            Threshold(tier="strategic", enter=Decimal(80), stay=Decimal(50)),
            Threshold(tier="growth", enter=Decimal(30), stay=Decimal(20)),
            Threshold(tier="standard"),
        ),
    )
    held = [make_account(employees=100) for _ in steps]
    for size in steps:
        make_account(employees=size)
    publish(content)
    apply_rule_set()
    for account, size in zip(held, steps, strict=True):
        Account.objects.filter(pk=account.pk).update(employees=size)
    keep_all_boundaries()
    run = preview(create_draft(by=make_user("revops", email="other@example.com")))
    shown = dict(run.rows.filter(is_near=True).values_list("account", "account__employees"))
    kept = dict(NearBoundary.objects.values_list("account", "account__employees"))
    assert {52, 76} <= set(kept.values())
    assert 56 not in kept.values()
    assert shown == kept
