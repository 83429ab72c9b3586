"""Two people, or two workers, at one contract at once: real transactions, of which one wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connections

from common.versions.errors import VersionChangedError
from finance.contracts.amendments import (
    draft_amendment,
    mark_of,
    propose_amendment,
    save_amendment,
    withdraw_amendment,
)
from finance.contracts.taking_effect import hold_overtaken, take_due_effects
from finance.models import Amendment, Contract, ContractLine, ContractVersion
from people.approvals.models import ApprovalRequest
from people.approvals.services import RefusedError, decide_step
from people.models import User
from tests.finance.amending import (
    approve,
    billing,
    contract_record,
    draft,
    in_days,
    in_force,
    line_record,
    propose,
    quiet,
    sell,
    send,
)
from tests.users import make_user

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 3


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each work in a thread of its own at the same moment; return what each gave or raised."""
    barrier = threading.Barrier(len(works))
    found: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            barrier.wait(30)
            found[place] = work()
        except Exception as error:  # noqa: BLE001 - what was raised is what is asked about
            found[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(isinstance(each, OperationalError) for each in found), found
    return found


@pytest.fixture
def sold() -> Contract:
    """A contract without an end, which may change on any day."""
    return sell(end_on=None)


def all_but_last(request: ApprovalRequest) -> User:
    """Have everybody agree but the last, and return who is to."""
    while request.steps.filter(state="ahead").exists():
        step = request.steps.get(state="waiting")
        decide_step(request=request, by=make_user(step.function), is_approved=True)
    return make_user(request.steps.get(state="waiting").function)


def decide(request: ApprovalRequest, by: User) -> Callable[[], Any]:
    return lambda: decide_step(request=ApprovalRequest.objects.get(pk=request.pk), by=by, is_approved=True)


def test_of_two_amendments_approved_at_once_one_takes_effect(sold: Contract) -> None:
    first = propose(sold, make_user("finance"), days=0)
    second = propose(sold, make_user("finance"), {"lines": [{"do": "change", "amount": "1800"}]}, days=0)
    works = [decide(request, all_but_last(request)) for request in (first, second)]
    found = at_once(*works)
    refused = [each for each in found if isinstance(each, RefusedError)]
    assert len(refused) == 1
    assert "has changed since" in str(refused[0])
    assert ContractLine.objects.count() == 2, "one line ended, one began"
    assert sorted(Amendment.objects.values_list("stage", flat=True)) == ["in_effect", "proposed"]
    assert hold_overtaken() == 1
    assert in_force(sold).version == ContractVersion.objects.recorded().first().version  # type: ignore[union-attr]


def test_of_two_who_save_at_once_one_wins(sold: Contract) -> None:
    author, other = make_user("finance"), make_user("finance")
    held = draft(sold, author)
    for number in range(ROUNDS):
        seen = mark_of(Amendment.objects.get())

        def save(by: User, days: int, seen: str = seen) -> Any:
            return save_amendment(
                amendment=Amendment(pk=held.pk),
                changes={"terms": {"notice_days": days}},
                effective_on=in_days(9),
                note="x",
                by=by,
                expected=seen,
            )

        found = at_once(
            lambda number=number: save(author, 100 + number),  # type: ignore[misc]
            lambda number=number: save(other, 200 + number),  # type: ignore[misc]
        )
        assert sum(isinstance(each, VersionChangedError) for each in found) == 1


def test_an_approval_and_a_withdrawal_at_once_end_in_one_of_them(sold: Contract) -> None:
    for number in range(ROUNDS):
        author = make_user("finance")
        request = propose(sold, author, {"terms": {"notice_days": 100 + number}}, days=0)
        held = Amendment.objects.latest("pk")
        found = at_once(
            decide(request, all_but_last(request)),
            lambda held=held, author=author: withdraw_amendment(amendment=held, by=author),  # type: ignore[misc]
        )
        held.refresh_from_db()
        request.refresh_from_db()
        assert sum(isinstance(each, Exception) for each in found) == 1
        assert (held.stage, request.state) in {("in_effect", "approved"), ("withdrawn", "withdrawn")}


def test_workers_put_an_amendment_in_effect_once(sold: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    approve(propose(sold, make_user("finance"), days=1))
    monkeypatch.setattr("finance.contracts.taking_effect.today", lambda: in_days(1))
    assert sorted(at_once(take_due_effects, take_due_effects, take_due_effects)) == [0, 0, 1]
    assert ContractLine.objects.count() == 2


def test_what_billing_sends_meanwhile_is_neither_lost_nor_overwritten(
    sold: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(propose(sold, make_user("finance"), days=1))
    monkeypatch.setattr("finance.contracts.taking_effect.today", lambda: in_days(1))
    api = billing()
    record = contract_record(end_on=None, notice_days=75)
    found = at_once(
        take_due_effects,
        lambda: send(api, "contracts", record),
        lambda: send(api, "contract-lines", line_record(quantity=101)),
        quiet,
    )
    assert not [each for each in found if isinstance(each, Exception)]
    quiet()
    hold_overtaken()
    sold.refresh_from_db()
    assert sold.notice_days == 75
    stage = Amendment.objects.get().stage
    assert (stage, ContractLine.objects.count()) in {("in_effect", 2), ("held", 1)}
    statement = in_force(sold).statement
    assert statement["notice_days"] == 75
    assert len(statement["lines"]) == ContractLine.objects.count()


def test_two_who_begin_at_once_each_have_a_draft_of_their_own(sold: Contract) -> None:
    people = [make_user("finance"), make_user("legal")]
    found = at_once(*(lambda by=by: draft_amendment(contract=sold, by=by) for by in people))  # type: ignore[misc]
    assert sorted(each.version.version for each in found) == [2, 3]


def test_two_who_propose_at_once_ask_once(sold: Contract) -> None:
    author = make_user("finance")
    held = draft(sold, author)
    found = at_once(*([lambda: propose_amendment(amendment=Amendment(pk=held.pk), by=author)] * 2))
    assert sum(isinstance(each, VersionChangedError) for each in found) == 1
    assert ApprovalRequest.objects.count() == 1
