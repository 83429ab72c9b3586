"""Where moves down need approval they are asked for when their wait is over, and made or dropped as decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Account, TierTenure
from metrics.engine.plan import today
from people.approvals.models import ApprovalRequest
from people.approvals.services import RefusedError, decide_step
from tests.metrics.facts import make_line
from tests.tiers.facts import began, make_worth, plain_rules, publish, set_worth, tier_of
from tests.users import client_as, make_user
from tiers.approvals import ask_for_approvals
from tiers.assignment.assign import apply_rule_set
from tiers.models import PendingMove
from tiers.tasks import keep_tiers

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def fallen() -> Account:
    """Return an account that the rules ask down, and whose approval has been asked for."""
    account = make_worth(100_000, name="Acme")
    publish(plain_rules(demotions_need_approval=True, demotion_grace_days=0))
    apply_rule_set()
    began(account, today() - 200 * DAY)
    set_worth(account, 50_000)
    keep_tiers()
    apply_rule_set()
    keep_tiers()
    return account


def test_it_waits_until_approved_and_then_moves_with_who_decided() -> None:
    account = fallen()
    assert (tier_of(account), PendingMove.objects.get().why) == ("strategic", "approval")
    request = ApprovalRequest.objects.get()
    assert request.title == "Move Acme from Strategic down to Growth"
    assert ask_for_approvals() == 0, "once is enough"
    by = make_user("customer_success")
    decide_step(request=request, by=by, is_approved=True)
    assert tier_of(account) == "growth"
    newest = TierTenure.objects.latest("during")
    assert (newest.cause, newest.by) == ("rule", by)
    assert not PendingMove.objects.exists()


def test_refused_it_stays_and_is_not_asked_again_until_the_rules_ask_for_something_else() -> None:
    account = fallen()
    decide_step(
        request=ApprovalRequest.objects.get(),
        by=make_user("customer_success"),
        is_approved=False,
        comment="No",
    )
    apply_rule_set()
    keep_tiers()
    move = PendingMove.objects.get()
    assert (tier_of(account), move.why, move.decision) == ("strategic", "refused", "refused")
    assert ApprovalRequest.objects.count() == 1
    set_worth(account, 1)
    apply_rule_set()
    keep_tiers()
    assert PendingMove.objects.get().why == "approval"
    assert ApprovalRequest.objects.filter(state="open").get().data["to"] == "standard"


def test_a_request_that_the_rules_overtook_is_taken_back() -> None:
    account = fallen()
    request = ApprovalRequest.objects.get()
    set_worth(account, 100_000)
    apply_rule_set()
    with pytest.raises(RefusedError, match="no longer ask"):
        decide_step(request=request, by=make_user("customer_success"), is_approved=True)
    keep_tiers()
    request.refresh_from_db()
    assert request.state == "superseded"
    assert tier_of(account) == "strategic"


def test_a_move_that_waits_anew_is_not_approved_by_a_request_of_before() -> None:
    fallen()
    request = ApprovalRequest.objects.get()
    PendingMove.objects.update(why="grace", until=today() + 20 * DAY)
    with pytest.raises(RefusedError):
        decide_step(request=request, by=make_user("customer_success"), is_approved=True)
    assert PendingMove.objects.get().decision == ""
    ask_for_approvals()
    request.refresh_from_db()
    assert request.state == "superseded"


def test_looking_at_many_requests_costs_no_query_each(django_assert_max_num_queries: Any) -> None:
    accounts = [make_worth(100_000) for _ in range(12)]
    publish(plain_rules(demotions_need_approval=True, demotion_grace_days=0))
    apply_rule_set()
    for account in accounts:
        began(account, today() - 200 * DAY)
        set_worth(account, 50_000)
    apply_rule_set()
    assert ask_for_approvals() == 12
    with django_assert_max_num_queries(4):
        assert ask_for_approvals() == 0


def test_a_request_tells_what_the_account_would_lose_but_not_what_its_contract_gives() -> None:
    account = fallen()
    request = ApprovalRequest.objects.get()
    facts = {fact["label"]: (fact["before"], fact["after"]) for fact in request.data["facts"]}
    assert facts["Tier"] == ("Strategic", "Growth")
    assert facts["First response"] == ("30 min", "8 h")
    assert "Payment terms" in facts
    page = client_as("customer_success").get(request.get_absolute_url()).content.decode()
    assert "30 min" in page
    request.delete()
    make_line(account, today() - 90 * DAY, terms={"payment_terms_days": 75, "number": "C-9"})
    assert ask_for_approvals() == 1
    labels = [fact["label"] for fact in ApprovalRequest.objects.get().data["facts"]]
    assert "Payment terms" not in labels
    assert "First response" in labels
