"""Deviations: granted at once within the guardrail, else decided by others, and never twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from finance.clauses.querysets import DEVIATION
from finance.clauses.services.deviations import (
    AskedAlreadyError,
    Wanted,
    ask_again,
    expire_deviations,
    withdraw_deviation,
)
from finance.models import Deviation
from people.approvals.models import ApprovalRequest
from people.approvals.services import ClosedError, NotYoursError, decide_step, return_request
from people.models import User
from tests.finance.clauses import ask_for, publish_next
from tests.finance.test_ledger_at_once import in_threads
from tests.metrics.facts import ago, make_account, make_line
from tests.users import make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()


def request_of(deviation: Deviation) -> ApprovalRequest:
    return ApprovalRequest.objects.get(kind=DEVIATION, subject_id=deviation.pk)


def decide(deviation: Deviation, by: User | str, *, is_approved: bool = True) -> str:
    by = make_user(by) if isinstance(by, str) else by
    decide_step(request=request_of(deviation), by=by, is_approved=is_approved)
    deviation.refresh_from_db()
    return deviation.state


def test_within_the_guardrail_it_is_granted_at_once_with_author_and_rule() -> None:
    by = make_user("sales")
    held = ask_for(make_account("strategic"), by=by)
    held.refresh_from_db()
    assert (held.state, held.kind, held.by_rule, held.asked_by, held.tier) == (
        "granted",
        "fallback",
        True,
        by,
        "strategic",
    )
    assert "pre-approved for Strategic in version 1 of Payment schedule" in held.sentence
    assert held.version.version == 1
    assert held.expires_on == TODAY + timedelta(days=180)
    assert not ApprovalRequest.objects.exists()


def test_outside_it_waits_for_those_whom_the_family_names_one_after_the_other() -> None:
    held = ask_for(make_account("growth"), "two-years", of="liability-cap")
    assert (held.state, held.kind, held.by_rule, held.decided_at) == ("waiting", "outside", False, None)
    steps = request_of(held).steps.values_list("function", "hours")
    assert list(steps) == [("legal", 72), ("finance", 48)]
    with pytest.raises(NotYoursError):
        decide(held, "finance")
    assert decide(held, "legal") == "waiting"
    assert decide(held, "finance") == "granted"
    assert held.decided_at is not None


def test_a_decider_sees_what_would_be_otherwise() -> None:
    facts = request_of(ask_for(make_account("growth"))).data["facts"]
    assert facts[0] == {"label": "Days to pay", "before": "30 days", "after": "60 days"}
    assert facts[1] == {
        "label": "Further ways to pay",
        "before": "not said",
        "after": "milestone, multi-year",
    }
    assert [fact["label"] for fact in facts[2:]] == ["Wording", "Guardrail"]


def test_nobody_approves_what_they_asked_for() -> None:
    counsel = make_user("legal")
    held = ask_for(make_account("growth"), "short-notice", of="termination", by=counsel)
    with pytest.raises(NotYoursError):
        decide(held, counsel)
    held.refresh_from_db()
    assert held.state == "waiting"
    assert decide(held, "legal") == "waiting"


def test_a_rejection_ends_it_and_so_does_taking_it_back() -> None:
    account = make_account("growth")
    assert decide(ask_for(account), "finance", is_approved=False) == "rejected"
    by = make_user("sales")
    held = ask_for(account, by=by)
    with pytest.raises(PermissionDenied):
        withdraw_deviation(deviation=held, by=make_user("legal"))
    assert withdraw_deviation(deviation=held, by=by).state == "withdrawn"
    assert request_of(held).state == "withdrawn"
    with pytest.raises(ValidationError):
        withdraw_deviation(deviation=held, by=by)


def test_what_was_granted_is_taken_back_by_who_asked_and_by_legal() -> None:
    for by in (None, make_user("legal"), make_user("revops")):
        held = ask_for(make_account("strategic"))
        with pytest.raises(PermissionDenied):
            withdraw_deviation(deviation=held, by=make_user("finance"))
        assert withdraw_deviation(deviation=held, by=by or held.asked_by).state == "withdrawn"


def test_a_returned_one_is_asked_again_as_changed_or_granted_where_it_is_within_by_then() -> None:
    by = make_user("sales")
    for text, state, rounds in (("net-45", "granted", 1), ("net-60-milestones", "waiting", 2)):
        account = make_account("enterprise")
        held = ask_for(account, by=by)
        with pytest.raises(ValidationError, match="wasn’t returned"):
            ask_again(deviation=held, wanted=Wanted(text=text), reason="Less", by=by)
        return_request(request=request_of(held), by=make_user("finance"), comment="Ask for less.")
        assert Deviation.objects.with_approval().get(pk=held.pk).standing == "returned"
        with pytest.raises(ValidationError, match="Only who asked"):
            ask_again(deviation=held, wanted=Wanted(text=text), reason="Less", by=make_user("sales"))
        ask_again(deviation=held, wanted=Wanted(text=text), reason="Less", by=by)
        held.refresh_from_db()
        request = request_of(held)
        assert (held.state, held.reason, request.round) == (state, "Less", rounds)
        assert request.is_live is (state == "waiting")


def test_time_ends_what_waits_and_what_was_granted() -> None:
    waiting, granted = ask_for(make_account("growth")), ask_for(make_account("strategic"))
    kept = ask_for(make_account("strategic"), expires_on=TODAY + timedelta(days=300))
    assert expire_deviations(today=TODAY + timedelta(days=179)) == 0
    assert expire_deviations(today=TODAY + timedelta(days=180)) == 2
    states = [Deviation.objects.get(pk=each.pk).state for each in (waiting, granted, kept)]
    assert states == ["expired", "expired", "granted"]
    assert request_of(waiting).state == "superseded"
    assert expire_deviations(today=TODAY + timedelta(days=180)) == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"expires_on": TODAY}, "expires_on"),
        ({"expires_on": TODAY + timedelta(days=366)}, "expires_on"),
        ({"text": "net-30"}, "text"),
        ({"text": "gone"}, "text"),
        ({"text": ""}, "wording"),
        ({"terms": {"payment_days": "soon"}}, "terms.payment_days"),
        ({"terms": {"uptime": 1}}, "terms.uptime"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(given: dict[str, Any], field: str) -> None:
    account = make_account("strategic")
    with pytest.raises(ValidationError) as refused:
        ask_for(account, **given)
    assert list(refused.value.message_dict) == [field]
    assert not Deviation.objects.exists()


def test_who_reads_no_contracts_asks_for_none() -> None:
    with pytest.raises(PermissionDenied):
        ask_for(make_account("strategic"), by=make_user("support"))


def test_a_contract_of_another_account_is_refused() -> None:
    contract = make_line(make_account(), ago(10)).contract
    with pytest.raises(ValidationError) as refused:
        ask_for(make_account("strategic"), contract=contract)
    assert "contract" in refused.value.message_dict


def test_one_at_a_time_for_an_account_contract_and_family() -> None:
    account = make_account("strategic")
    first = ask_for(account)
    with pytest.raises(AskedAlreadyError, match="was granted to"):
        ask_for(account)
    assert ask_for(account, contract=make_line(account, ago(9)).contract).pk
    assert ask_for(account, "two-years", of="liability-cap").pk
    withdraw_deviation(deviation=first, by=first.asked_by)
    assert ask_for(account).pk


def test_later_versions_leave_what_was_granted_and_judge_what_comes() -> None:
    held = ask_for(make_account("strategic"))
    publish_next("payment-schedule", net_60_milestones={"tiers": []})
    held.refresh_from_db()
    assert (held.state, held.version.version) == ("granted", 1)
    assert ask_for(make_account("strategic")).state == "waiting"


def test_the_database_refuses_a_grant_by_rule_outside_the_guardrail() -> None:
    held = ask_for(make_account("growth"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Deviation.objects.filter(pk=held.pk).update(state="granted", by_rule=True, decided_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_wins_and_the_other_is_told() -> None:
    account, people = make_account("strategic"), [make_user("sales"), make_user("sales")]

    def ask(by: User) -> str:
        try:
            return ask_for(account, by=by).state
        except AskedAlreadyError as error:
            return error.message

    told = in_threads(*(lambda by=by: ask(by) for by in people))
    assert sorted(each == "granted" for each in told) == [False, True]
    assert any("was granted to" in each for each in told)
    assert Deviation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_an_approval_and_a_withdrawal_at_once_one_wins() -> None:
    by, counsel = make_user("sales"), make_user("finance")
    held = ask_for(make_account("growth"), by=by)

    def outcome(work: Any) -> str:
        try:
            work()
        except (ClosedError, ValidationError) as error:
            return str(error)
        return "done"

    told = in_threads(
        lambda: outcome(lambda: decide_step(request=request_of(held), by=counsel, is_approved=True)),
        lambda: outcome(lambda: withdraw_deviation(deviation=held, by=by)),
    )
    held.refresh_from_db()
    # Whoever asked may take back what was just granted: then both were done, one after the other.
    assert "done" in told
    assert held.state in ("granted", "withdrawn")
    assert request_of(held).state in ("approved", "withdrawn")
