"""Assignment: what the rules say becomes tenures, each account in exactly one tier, and a rerun changes nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Account, Standing, TierTenure, TimelineEvent
from metrics.engine.plan import today
from sync.models import OutboxEvent
from tests.metrics.facts import make_account, make_line, refresh
from tests.tiers.facts import (
    at_least,
    began,
    make_worth,
    plain_rules,
    publish,
    set_worth,
    tenures,
    tier_of,
)
from tests.users import make_user
from tiers.assignment.assign import apply_rule_set, assign_accounts, assign_tiers
from tiers.assignment.due import accounts_due
from tiers.content import EVERYONE, Content, Points, Rule, Threshold
from tiers.models import PendingMove, RuleSet
from tiers.services import retire_rule_set, seen_of
from tiers.tasks import keep_tiers

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


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
    assert RuleSet.objects.get().applied_at is not None


def test_a_move_up_counts_at_once_and_is_told_with_its_cause() -> None:
    account = make_worth(30_000)
    publish()
    apply_rule_set()
    assert not TimelineEvent.objects.exists(), "a first tier is no change"
    began(account, today() - 200 * DAY)
    set_worth(account, 100_000)
    assert apply_rule_set() == 2
    assert tenures(account) == [
        ("growth", today() - 200 * DAY, today(), "rule"),
        ("strategic", today(), None, "rule"),
    ]
    newest = TierTenure.objects.latest("during")
    assert (newest.reason, newest.rule_set_id) == ("rule “Large” of version 1", RuleSet.objects.get().pk)
    assert newest.rule is not None
    assert newest.rule.name == "Large"
    line = TimelineEvent.objects.get()
    assert line.title == "Tier moved from Growth to Strategic: rule “Large” of version 1"
    event = OutboxEvent.objects.get(kind="tier.changed")
    assert event.data == {
        "as_of": str(today()),
        "before": "growth",
        "after": "strategic",
        "cause": "rule",
        "reason": "rule “Large” of version 1",
    }


def test_whoever_is_in_stays_by_the_threshold_to_stay_and_whoever_is_out_needs_the_one_to_enter() -> None:
    inside, outside = make_worth(100_000), make_worth(50_000)
    publish(plain_rules(demotion_grace_days=0, minimum_dwell_days=0))
    apply_rule_set()
    for account in (inside, outside):
        began(account, today() - DAY)
        set_worth(account, 95_000)
    apply_rule_set()
    assert (tier_of(inside), tier_of(outside)) == ("strategic", "growth")
    set_worth(inside, 89_999)
    apply_rule_set()
    assert tier_of(inside) == "growth"


def test_the_threshold_to_stay_counts_for_tiers_below_the_one_held() -> None:
    account = make_worth(100_000)
    publish(plain_rules(demotion_grace_days=0, minimum_dwell_days=0))
    apply_rule_set()
    began(account, today() - DAY)
    set_worth(account, 18_500)
    apply_rule_set()
    assert tier_of(account) == "growth", "it falls no deeper than a growth account at its worth would"


def test_a_move_down_waits_for_its_grace_and_goes_once_it_lasted() -> None:
    account = make_worth(100_000)
    rule_set = publish()
    apply_rule_set()
    start = today() - 200 * DAY
    began(account, start)
    set_worth(account, 50_000)
    first = today() - 40 * DAY
    for back in range(41):
        assign_tiers(rule_set=rule_set, on=first + back * DAY)
        if back == 0:
            move = PendingMove.objects.get()
            assert (move.since, move.until, move.why) == (first, first + 30 * DAY, "grace")
            assert (move.from_tier.slug, move.to_tier.slug) == ("strategic", "growth")
        if back < 30:
            assert tenures(account)[-1][0] == "strategic"
    assert tenures(account)[-1] == ("growth", first + 30 * DAY, None, "rule")
    assert not PendingMove.objects.exists()


def test_a_wait_ends_without_a_trace_when_the_rules_no_longer_ask() -> None:
    account = make_worth(100_000)
    publish()
    apply_rule_set()
    began(account, today() - 200 * DAY)
    set_worth(account, 50_000)
    apply_rule_set()
    assert PendingMove.objects.exists()
    set_worth(account, 91_000)
    assert apply_rule_set() == 0
    assert not PendingMove.objects.exists()


def test_a_move_down_waits_for_the_dwell_where_that_is_longer() -> None:
    account = make_worth(100_000)
    publish()
    apply_rule_set()
    began(account, today() - 20 * DAY)
    set_worth(account, 50_000)
    apply_rule_set()
    move = PendingMove.objects.get()
    assert (move.until, move.why) == (today() + 70 * DAY, "dwell")


def test_a_return_after_a_move_down_waits_for_the_dwell_and_another_move_up_does_not() -> None:
    down, up = make_worth(100_000), make_worth(1_000)
    rule_set = publish(plain_rules(demotion_grace_days=0))
    apply_rule_set()
    for account in (down, up):
        began(account, today() - 400 * DAY)
    set_worth(down, 50_000)
    set_worth(up, 50_000)
    assign_tiers(rule_set=rule_set, on=today() - 10 * DAY)
    set_worth(down, 100_000)
    set_worth(up, 100_000)
    assign_tiers(rule_set=rule_set, on=today())
    assert (tier_of(down), tier_of(up)) == ("growth", "strategic")
    assert PendingMove.objects.get().until == today() + 80 * DAY


def test_a_move_taken_back_on_its_day_leaves_no_trace() -> None:
    account = make_worth(30_000)
    publish()
    apply_rule_set()
    began(account, today() - 10 * DAY)
    set_worth(account, 100_000)
    apply_rule_set()
    set_worth(account, 30_000)
    apply_rule_set()
    assert tenures(account) == [("growth", today() - 10 * DAY, None, "rule")]
    assert not TimelineEvent.objects.exists()
    told = [(one.data["before"], one.data["after"]) for one in OutboxEvent.objects.order_by("pk")]
    assert told == [("growth", "strategic"), ("strategic", "growth")]


def test_points_add_up_and_the_highest_tier_that_they_reach_counts() -> None:
    content = Content(
        kind="score",
        points=(
            Points(name="Revenue", points=Decimal(60), condition=at_least(50_000)),
            Points(name="Size", points=Decimal(40), condition=at_least(1_000, field="accounts.employees")),
            Points(
                name="Small", points=Decimal(-30), condition={"not": at_least(10, field="accounts.employees")}
            ),
        ),
        thresholds=(
            Threshold(tier="strategic", enter=Decimal(100), stay=Decimal(90)),
            Threshold(tier="growth", enter=Decimal(40), stay=Decimal(30)),
            Threshold(tier="standard"),
        ),
    )
    accounts = [
        make_worth(60_000, employees=2_000),
        make_worth(60_000, employees=50),
        make_worth(60_000, employees=5),
        make_worth(None, employees=2_000),
        make_worth(None),
    ]
    publish(content)
    assert apply_rule_set() == 5
    assert [tier_of(one) for one in accounts] == ["strategic", "growth", "standard", "growth", "standard"]
    reasons = TierTenure.objects.order_by("account_id").values_list("reason", flat=True)
    assert list(reasons)[:3] == [
        "100 points by version 1",
        "60 points by version 1",
        "30 points by version 1",
    ]
    began(accounts[1], today() - 400 * DAY)
    set_worth(accounts[1], 1)
    Account.objects.filter(pk=accounts[1].pk).update(employees=1_500)
    apply_rule_set()
    assert tier_of(accounts[1]) == "growth"
    assert not PendingMove.objects.exists(), "40 points are enough to stay and to enter"


def test_a_new_account_gets_its_tier_with_the_next_tick_and_a_deleted_one_is_left_alone() -> None:
    publish()
    keep_tiers()
    gone = make_account(deleted_at=datetime.now(UTC))
    fresh = make_worth(25_000)
    crm = make_account("strategic")
    assert accounts_due(today()) == [fresh.pk, crm.pk]
    keep_tiers()
    assert (tier_of(fresh), tier_of(crm)) == ("growth", "standard"), "the CRM's word no longer counts"
    assert tenures(fresh) == [("growth", today(), None, "rule")]
    assert tenures(gone) == []
    assert accounts_due(today()) == []


def test_a_deleted_account_keeps_its_history_and_waits_for_nothing() -> None:
    account = make_worth(100_000)
    publish()
    apply_rule_set()
    began(account, today() - 200 * DAY)
    set_worth(account, 1)
    apply_rule_set()
    assert PendingMove.objects.exists()
    Account.objects.filter(pk=account.pk).update(deleted_at=datetime.now(UTC))
    assert apply_rule_set() == 0
    assert not PendingMove.objects.exists()
    assert tenures(account) == [("strategic", today() - 200 * DAY, None, "rule")]


def test_the_night_decides_on_its_numbers_from_the_next_day_on_and_a_rerun_changes_nothing() -> None:
    account = make_account("standard")
    make_line(account, today() - 400 * DAY, amount=150_000)
    refresh(today() - 2 * DAY)
    assert tenures(account) == [("standard", None, None, "import")]
    publish()
    run = refresh(today() - DAY)
    assert run.state == "done"
    assert tenures(account) == [("standard", None, today(), "import"), ("strategic", today(), None, "rule")]
    assert tier_of(account) == "strategic"
    before = list(TierTenure.objects.order_by("pk").values())
    refresh(today() - DAY)
    assert list(TierTenure.objects.order_by("pk").values()) == before
    refresh(today() - 30 * DAY)
    assert list(TierTenure.objects.order_by("pk").values()) == before, "an earlier day rewrites nothing"


def test_without_a_version_in_force_the_crm_counts_again() -> None:
    account = make_account("strategic")
    rule_set = publish()
    apply_rule_set()
    assert tier_of(account) == "standard"
    began(account, today() - DAY)
    retire_rule_set(rule_set=rule_set, by=make_user("revops"), expected=seen_of(rule_set))
    refresh(today())
    assert tenures(account)[-1] == ("strategic", today(), None, "import")
    assert assign_accounts([account.pk]) == 0


def test_a_condition_on_a_field_that_is_gone_moves_nobody_and_says_why() -> None:
    account = make_worth(100_000, custom={"region": "EMEA"})
    region = {"field": "custom.region", "op": "eq", "value": "EMEA"}
    publish(
        Content(
            rules=(
                Rule(name="Here", tier="strategic", condition=region),
                Rule(name="Rest", tier="standard", condition=EVERYONE),
            )
        )
    )
    apply_rule_set()
    assert tier_of(account) == "strategic"
    Account.objects.update(custom={})
    run = refresh(today())
    failed = run.steps.failed().filter(key="tiers.assignment").first()
    assert failed is not None
    assert "Here" in failed.error
    assert tier_of(account) == "strategic"


@pytest.mark.django_db(transaction=True)
def test_workers_that_assign_at_once_end_with_the_same_tenures() -> None:
    accounts = [make_worth(arr) for arr in (10, 30_000, 150_000)]
    publish()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            apply_rule_set()
            keep_tiers()
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures
    assert [len(tenures(one)) for one in accounts] == [1, 1, 1]
    assert [tier_of(one) for one in accounts] == ["standard", "growth", "strategic"]
