"""Rules in force that have come to speak of something gone: what goes on all the same, and how they are mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from accounts.models import Account, Tier
from metrics.engine.plan import today
from metrics.engine.waves import order_in_waves
from metrics.registry import all_items
from people.approvals.models import ApprovalRequest
from people.approvals.services import decide_step
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.models import User
from tests.metrics.facts import make_account
from tests.tiers.facts import at_least, began, make_worth, publish, set_worth, tenures, tier_of
from tests.users import client_of, make_user
from tiers.assignment.assign import apply_rule_set
from tiers.assignment.due import accounts_due
from tiers.assignment.night import numbers_asked
from tiers.content import EVERYONE, Content, Rule, RuleSetError, read_content
from tiers.models import RuleSet, TierOverride
from tiers.services import create_draft, end_override, override_tier, publish_rule_set, save_draft, seen_of
from tiers.tasks import keep_tiers

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SEGMENT = {"field": "custom.segment", "op": "eq", "value": "key"}
REGION = {"field": "custom.region", "op": "eq", "value": "north"}


@pytest.fixture
def revops() -> User:
    return make_user("revops")


def put_in_force(by: User, **terms: Any) -> RuleSet:
    """Publish rules over two own fields and ARR."""
    rules = (
        Rule(name="Key", tier="strategic", condition=SEGMENT),
        Rule(name="North", tier="enterprise", condition=REGION),
        Rule(name="Large", tier="growth", condition=at_least(20_000)),
        Rule(name="Everyone else", tier="standard", condition=EVERYONE),
    )
    make_account(custom={"segment": "other", "region": "south"})
    return publish(Content(rules=rules, **terms), by)


def take_fields_away() -> None:
    Account.objects.update(custom={})


def test_an_override_counts_and_ends_though_no_rule_can_be_asked(revops: User) -> None:
    account, other = make_worth(30_000), make_worth(10_000)
    put_in_force(revops)
    apply_rule_set()
    take_fields_away()
    given = {"tier": "strategic", "how": "override", "ends_on": str(today() + 20 * DAY), "reason": "Board"}
    assert client_of(revops).post(reverse("tiers:decide", args=[account.pk]), given).status_code == 302
    assert (tier_of(account), tier_of(other)) == ("strategic", "standard")
    end_override(override=TierOverride.objects.get(), by=revops, reason="Left")
    assert tier_of(account) == "strategic", "where it goes only the rules can say"
    Account.objects.filter(pk=other.pk).update(custom={"segment": "x", "region": "y"})
    keep_tiers()
    assert tier_of(account) == "growth"
    assert accounts_due(today()) == []


def test_new_accounts_wait_and_hold_up_neither_overrides_nor_approvals(revops: User) -> None:
    falling, held = make_worth(30_000), make_worth(10_000)
    put_in_force(revops, demotions_need_approval=True, demotion_grace_days=0, minimum_dwell_days=0)
    apply_rule_set()
    began(falling, today() - 200 * DAY)
    set_worth(falling, 1_000)
    apply_rule_set()
    take_fields_away()
    override_tier(
        account=held,
        tier=Tier.objects.get(slug="strategic"),
        reason="Board",
        by=revops,
        starts_on=today() + DAY,
        ends_on=today() + 9 * DAY,
    )
    TierOverride.objects.update(starts_on=today())
    new = make_account()
    keep_tiers()
    assert tier_of(held) == "strategic"
    assert tenures(new) == []
    request = ApprovalRequest.objects.get()
    decide_step(request=request, by=make_user("customer_success"), is_approved=True)
    assert tier_of(falling) == "growth", "the move is made when the rules can be asked again"


def test_a_publication_that_was_cut_short_does_not_hold_up_the_rest(revops: User) -> None:
    put_in_force(revops)
    take_fields_away()
    account = make_account()
    override_tier(
        account=account,
        tier=Tier.objects.get(slug="growth"),
        reason="Board",
        by=revops,
        ends_on=today() + DAY,
    )
    keep_tiers()
    assert RuleSet.objects.get().applied_at is None
    assert tier_of(account) == "growth"


def test_a_draft_is_begun_from_them_and_mended_one_rule_after_the_other(revops: User) -> None:
    put_in_force(revops)
    take_fields_away()
    draft = create_draft(by=revops)
    for place in (0, 1):
        content = read_content(draft)
        rules = list(content.rules)
        rules[place] = Rule(name=f"Size {place}", tier=rules[place].tier, condition=at_least(90_000 - place))
        with pytest.raises(RuleSetError) as refused, transaction.atomic():
            publish_rule_set(rule_set=draft, by=revops, expected=seen_of(draft))
        assert "custom." in str(refused.value)
        changed = Content(rules=tuple(rules))
        draft = save_draft(rule_set=draft, by=revops, content=changed, expected=draft.digest)
    publish_rule_set(rule_set=draft, by=revops, expected=seen_of(draft))


def test_a_draft_takes_no_new_condition_on_what_is_gone(revops: User) -> None:
    draft = create_draft(by=revops)
    rules = (Rule(name="Key", tier="strategic", condition=SEGMENT), *read_content(draft).rules)
    with pytest.raises(RuleSetError):
        save_draft(rule_set=draft, by=revops, content=Content(rules=rules), expected=draft.digest)


def test_the_page_begins_such_a_draft_and_names_what_is_wrong(revops: User) -> None:
    put_in_force(revops)
    take_fields_away()
    client = client_of(revops)
    page = client.post(reverse("tiers:draft_new"), follow=True)
    assert page.redirect_chain, page.status_code
    assert RuleSet.objects.filter(state="draft").count() == 1
    assert "custom.segment" in page.content.decode()
    assert "custom.region" in page.content.decode()


def test_a_file_mends_them(revops: User) -> None:
    put_in_force(revops)
    text = export_yaml(["tiers"])
    take_fields_away()
    mended = read_yaml(
        text.replace("custom.segment", "accounts.industry").replace("custom.region", "accounts.name")
    )
    assert any("Key" in sentence for sentence in plan_import(mended)[0].changes)
    apply_import(mended, by=revops, is_published=True)
    assert RuleSet.objects.published().get().version == 2
    assert plan_import(mended)[0].changes == []


def test_a_night_without_health_decides_nothing_by_its_band() -> None:
    band = {"field": "metrics.health_band", "op": "eq", "value": "green"}
    publish(
        Content(
            rules=(
                Rule(name="Healthy", tier="growth", condition=band),
                Rule(name="Everyone else", tier="standard", condition=EVERYONE),
            )
        )
    )
    assert numbers_asked(today()) == {"metrics.health_score"}


def test_lists_that_rules_may_ask_about_are_brought_up_before_tiers() -> None:
    waves = order_in_waves(all_items())
    assert waves["engagement.target_lists"] < waves["tiers.assignment"]


def test_an_override_can_not_begin_in_the_past(revops: User) -> None:
    account = make_account()
    with pytest.raises(ValidationError):
        override_tier(
            account=account,
            tier=Tier.objects.get(slug="growth"),
            reason="Board",
            by=revops,
            starts_on=today() - DAY,
            ends_on=today() + DAY,
        )
