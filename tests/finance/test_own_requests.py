"""Nobody approves what they asked for, whatever of finance it is, and nobody does it in their place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from finance.billing.arranging import expected_of, propose_arrangement
from finance.billing.terms import BillingTerms
from finance.contracts.amendments import propose_amendment, save_amendment
from metrics.engine.plan import today
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.registry import approval_kinds
from people.approvals.services import decide_step, delegate
from people.approvals.services.deciding import NotYoursError
from people.models import User
from tests.finance.amending import changes_of, draft, in_days, propose, sell
from tests.finance.clauses import ask_for
from tests.metrics.facts import make_account
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db


def a_deviation(by: User) -> None:
    ask_for(make_account("growth"), "net-60-milestones", by=by)


def an_amendment(by: User) -> None:
    propose(sell(), by)


def an_arrangement(by: User) -> None:
    account = make_account("standard")
    terms = BillingTerms(schedule="monthly", payment_days=45)
    made = propose_arrangement(
        account=account, terms=terms, starts_on=today(), by=by, expected=expected_of(account)
    )
    assert made.request is not None


ASKED: dict[str, Callable[[User], None]] = {
    "finance.deviation": a_deviation,
    "finance.amendment": an_amendment,
    "finance.billing": an_arrangement,
}


def test_every_kind_that_finance_asks_for_is_tried() -> None:
    assert {kind.key for kind in approval_kinds if kind.key.startswith("finance.")} == ASKED.keys()


@pytest.mark.parametrize("kind", ASKED)
def test_nobody_decides_their_own_nor_has_it_decided_for_them(kind: str) -> None:
    asker, colleague, friend = make_user("finance"), make_user("finance"), make_user("marketing")
    ASKED[kind](asker)
    request = ApprovalRequest.objects.get(kind=kind)
    for giver, taker in ((colleague, asker), (asker, friend)):
        delegate(giver=giver, taker=taker, starts_on=timezone.localdate(), ends_on=timezone.localdate())
    while (step := waiting(request)).function != "finance":
        decide_step(request=request, by=make_user(step.function), is_approved=True)
    for person in (asker, friend):
        assert "decide" not in page_of(client_of(person), request)
        for is_approved in (True, False):
            with pytest.raises(NotYoursError):
                decide_step(request=request, by=person, is_approved=is_approved)
        sent = client_of(person).post(
            reverse("people:approval_decide", args=[request.pk]),
            {"do": "approve", "step": waiting(request).pk, "comment": ""},
        )
        assert sent.status_code in {302, 403, 404, 409, 422}
    assert waiting(request).function == "finance"
    decide_step(request=request, by=colleague, is_approved=True)
    step = request.steps.get(function="finance", round=request.round)
    assert (step.state, step.decided_by) == ("approved", colleague)


def test_whoever_wrote_it_decides_it_as_little_as_whoever_proposes_it() -> None:
    author, editor, proposer, colleague = (make_user("finance") for _ in range(4))
    friend = make_user("marketing")
    contract = sell()
    amendment = draft(contract, author)
    changes = changes_of(contract, {"lines": [{"do": "change", "amount": "1600"}]})
    save_amendment(
        amendment=amendment, changes=changes, effective_on=in_days(12), note="They asked", by=editor
    )
    request = propose_amendment(amendment=amendment, by=proposer)
    for giver, taker in ((author, friend), (colleague, editor)):
        delegate(giver=giver, taker=taker, starts_on=timezone.localdate(), ends_on=timezone.localdate())
    while (step := waiting(request)).function != "finance":
        decide_step(request=request, by=make_user(step.function), is_approved=True)
    for person in (author, editor, proposer, friend):
        assert "decide" not in page_of(client_of(person), request)
        with pytest.raises(NotYoursError):
            decide_step(request=request, by=person, is_approved=True)
    seen = client_of(author).get(request.get_absolute_url()).content.decode()
    assert f"Not by {proposer}, who asked, nor by {author} and {editor}, who wrote it" in seen
    assert "You wrote what this asks for, so somebody else must decide." in seen
    decide_step(request=request, by=colleague, is_approved=True)
    assert request.steps.get(function="finance", round=request.round).decided_by == colleague


def waiting(request: ApprovalRequest) -> ApprovalStep:
    return request.steps.get(state="waiting")


def page_of(client: Client, request: ApprovalRequest) -> str:
    """Return the address that the page's form sends a decision to, nothing where it offers none."""
    page = client.get(request.get_absolute_url())
    address = reverse("people:approval_decide", args=[request.pk])
    return address if page.status_code == 200 and address in page.content.decode() else ""
