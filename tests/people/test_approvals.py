"""Requests for approval: who decides, in which order, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.reading import to_decide, visible_to
from people.approvals.registry import StepPlan
from people.approvals.seats import Roll, seats_of
from people.approvals.services import (
    AlreadyRequestedError,
    Asked,
    ClosedError,
    NotYoursError,
    RefusedError,
    comment_on_request,
    decide_step,
    delegate,
    end_delegation,
    request_approval,
    request_approvals,
    resubmit_request,
    return_request,
    supersede_request,
    withdraw_request,
)
from people.models import User
from sync.models import OutboxEvent
from tests.people.approving import Discount, ask, declared
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Iterator[Discount]:
    with declared() as owner:
        yield owner


def inbox(user: User) -> set[int]:
    """Whose turn it is, as the inbox reads it; the page's list of approvers must say the same."""
    found = {request.pk for request in to_decide(user, seats_of(user))}
    roll = Roll.read()
    told = {
        step.request_id
        for step in ApprovalStep.objects.waiting().select_related("request", "user")
        if user.pk in {each.user.pk for each in roll.approvers(step, step.request.kind)}
    }
    assert found == told
    return found


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.refresh_from_db()


def test_the_owner_hears_of_an_approval_once(owner: Discount) -> None:
    seller, controller = make_user("sales"), make_user("finance")
    request = ask(seller)
    assert inbox(controller) == {request.pk}
    assert inbox(seller) == set()
    decided = decide_step(request=request, by=controller, is_approved=True, comment="Fine.")
    assert decided.state == "approved"
    assert owner.outcomes == [("approved", request.subject_id)]
    assert inbox(controller) == set()
    with pytest.raises(ClosedError, match=f"{controller} approved this request"):
        decide_step(request=request, by=make_user("finance"), is_approved=False)
    assert owner.outcomes == [("approved", request.subject_id)]


def test_steps_come_one_after_the_other_and_a_rejection_ends_them() -> None:
    lawyer, controller, seller = make_user("legal"), make_user("finance"), make_user("sales")
    steps = (StepPlan(function="legal", hours=8), StepPlan(function="finance", hours=24, label="Terms"))
    with declared(*steps) as owner:
        first, second = ask(seller), ask(seller)
        assert inbox(controller) == set()
        with pytest.raises(NotYoursError):
            decide_step(request=first, by=controller, is_approved=True)
        begun = decide_step(request=first, by=lawyer, is_approved=True)
        assert begun.state == "open"
        assert begun.due_at is not None
        assert abs(begun.due_at - timezone.now() - timedelta(hours=24)) < timedelta(minutes=1)
        assert inbox(controller) == {first.pk}
        decide_step(request=first, by=controller, is_approved=True)
        decide_step(request=second, by=lawyer, is_approved=False, comment="Not with this clause.")
        assert owner.outcomes == [("approved", first.subject_id), ("rejected", second.subject_id)]
        assert [step.state for step in second.steps.all()] == ["rejected", "ended"]


def test_nobody_decides_what_they_wrote_though_another_asks() -> None:
    author, colleague, friend, seller = (make_user(name) for name in ("finance", "finance", "legal", "sales"))
    today = timezone.localdate()
    with declared(authors=lambda request: [author.pk, author.pk]):
        request = ask(seller)
        assert request.steps.get().authors == [author.pk]
        assert inbox(author) == set()
        assert inbox(colleague) == {request.pk}
        with pytest.raises(NotYoursError, match="You wrote what this asks for"):
            decide_step(request=request, by=author, is_approved=True)
        delegate(giver=colleague, taker=author, starts_on=today, ends_on=today)
        delegate(giver=author, taker=friend, starts_on=today, ends_on=today)
        for person in (author, friend):
            assert inbox(person) == set()
            with pytest.raises(NotYoursError):
                decide_step(request=request, by=person, is_approved=True)
        for decided in ({"decided_by": author}, {"decided_by": friend, "decided_for": author}):
            with pytest.raises(IntegrityError, match="not_by_author"), transaction.atomic():
                request.steps.update(state="approved", decided_at=timezone.now(), **decided)
        assert visible_to(author, seats_of(author)).filter(pk=request.pk).exists()
        assert decide_step(request=request, by=colleague, is_approved=True).state == "approved"


def test_where_the_one_named_wrote_it_the_others_decide_and_where_nobody_is_left_revops_does() -> None:
    author, revops = make_user("finance"), make_user("revops")
    named = StepPlan(function="finance", user=author, hours=8)
    with declared(named, authors=lambda request: [author.pk]):
        request = ask(make_user("sales"))
        assert inbox(author) == set()
        assert inbox(revops) == {request.pk}
        colleague = make_user("finance")
        assert inbox(colleague) == {request.pk}
        assert inbox(revops) == set()
        page = client_of(colleague).get(request.get_absolute_url()).content.decode()
        assert f"{author} wrote this, so the others of the function decide." in page
        again = return_request(request=request, by=colleague, comment="Too much")
        authors = [author.pk, colleague.pk]
    with declared(named, authors=lambda request: authors):
        resubmit_request(request=again, by=request.requested_by, reason="Less")
        assert inbox(colleague) == set()
        assert inbox(revops) == {request.pk}


def test_nobody_decides_what_they_asked_for(owner: Discount) -> None:
    controller, colleague, friend = make_user("finance"), make_user("finance"), make_user("legal")
    today = timezone.localdate()
    request = ask(controller)
    assert inbox(controller) == set()
    assert inbox(colleague) == {request.pk}
    with pytest.raises(NotYoursError, match="asked for this yourself"):
        decide_step(request=request, by=controller, is_approved=True)
    # Neither by having it delegated to oneself, nor by delegating one's own part to somebody.
    delegate(giver=colleague, taker=controller, starts_on=today, ends_on=today)
    assert inbox(controller) == set()
    with pytest.raises(NotYoursError):
        decide_step(request=request, by=controller, is_approved=True)
    delegate(giver=controller, taker=friend, starts_on=today, ends_on=today)
    assert inbox(friend) == set()
    with pytest.raises(NotYoursError):
        decide_step(request=request, by=friend, is_approved=True)
    step = request.steps.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovalStep.objects.filter(pk=step.pk).update(
            state="approved", decided_by=controller, decided_at=timezone.now()
        )


def test_a_person_named_who_asks_leaves_it_to_the_others() -> None:
    boss, deputy = make_user("finance"), make_user("finance")
    with declared(StepPlan(user=boss, hours=4)):
        mine, others = ask(boss), ask(make_user("sales"))
        assert inbox(boss) == {others.pk}
        assert inbox(deputy) == {mine.pk}


def test_the_function_takes_over_from_who_was_deactivated_and_revops_from_a_function() -> None:
    boss, deputy, revops = make_user("finance"), make_user("finance"), make_user("revops")
    with declared(StepPlan(user=boss, hours=4)) as owner:
        request = ask(make_user("sales"))
        assert (inbox(boss), inbox(deputy), inbox(revops)) == ({request.pk}, set(), set())
        deactivate(boss)
        assert (inbox(boss), inbox(deputy), inbox(revops)) == (set(), {request.pk}, set())
        with pytest.raises(NotYoursError):
            decide_step(request=request, by=boss, is_approved=True)
        deactivate(deputy)
        assert (inbox(deputy), inbox(revops)) == (set(), {request.pk})
        decide_step(request=request, by=revops, is_approved=True)
        assert owner.outcomes == [("approved", request.subject_id)]


def test_a_delegate_decides_in_the_time_and_for_the_kinds_given(owner: Discount) -> None:
    controller, lawyer = make_user("finance"), make_user("legal")
    today = timezone.localdate()
    request = ask(make_user("sales"))
    other = delegate(
        giver=controller, taker=lawyer, starts_on=today + timedelta(days=2), ends_on=today + timedelta(days=3)
    )
    assert inbox(lawyer) == set()
    other.starts_on = today
    other.kinds = ["test.other"]
    other.save()
    assert inbox(lawyer) == set()
    other.kinds = ["test.discount"]
    other.save()
    assert inbox(lawyer) == {request.pk}
    decide_step(request=request, by=lawyer, is_approved=True)
    step = request.steps.get()
    assert (step.decided_by, step.decided_for) == (lawyer, controller)
    late = ask(make_user("sales"))
    end_delegation(delegation=other, by=controller)
    assert inbox(lawyer) == set()
    with pytest.raises(NotYoursError):
        decide_step(request=late, by=lawyer, is_approved=True)


def test_a_delegation_is_not_passed_on_and_ends_with_its_giver(owner: Discount) -> None:
    controller, lawyer, marketer = make_user("finance"), make_user("legal"), make_user("marketing")
    make_user("finance")
    today = timezone.localdate()
    ask(make_user("sales"))
    delegate(giver=controller, taker=lawyer, starts_on=today, ends_on=today)
    delegate(giver=lawyer, taker=marketer, starts_on=today, ends_on=today)
    assert inbox(lawyer)
    assert not inbox(marketer)
    deactivate(controller)
    assert not inbox(lawyer)


def test_delegations_that_make_no_sense_are_refused_at_the_field(owner: Discount) -> None:
    controller, lawyer = make_user("finance"), make_user("legal")
    today = timezone.localdate()
    gone = make_user("legal")
    deactivate(gone)
    for field, wrong in {
        "taker": {"taker": controller},
        "ends_on": {"ends_on": today - timedelta(days=1)},
        "kinds": {"kinds": ["test.unknown"]},
    }.items():
        with pytest.raises(ValidationError) as refused:
            delegate(**{"giver": controller, "taker": lawyer, "starts_on": today, "ends_on": today, **wrong})
        assert list(refused.value.error_dict) == [field]
    with pytest.raises(ValidationError):
        delegate(giver=controller, taker=gone, starts_on=today, ends_on=today)
    kept = delegate(giver=controller, taker=lawyer, starts_on=today, ends_on=today)
    with pytest.raises(RefusedError):
        end_delegation(delegation=kept, by=make_user("sales"))


def test_one_subject_is_asked_once_at_a_time(owner: Discount) -> None:
    seller, controller = make_user("sales"), make_user("finance")
    first = ask(seller, subject_id=7_001)
    with pytest.raises(AlreadyRequestedError) as refused:
        ask(seller, subject_id=7_001)
    assert refused.value.request == first
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovalRequest.objects.create(kind="test.discount", subject_id=7_001, title="Again")
    decide_step(request=first, by=controller, is_approved=False, comment="No.")
    assert ask(seller, subject_id=7_001).pk != first.pk


def test_many_are_asked_in_as_many_statements_as_one(owner: Discount) -> None:
    with CaptureQueriesContext(connection) as single:
        ask(subject_id=8_003)
    many = [Asked(subject_id=8_000 + number, title=f"Number {number}") for number in range(50)]
    OutboxEvent.objects.all().delete()
    with CaptureQueriesContext(connection) as all_of_them:
        made = request_approvals(kind="test.discount", asked=many)
    assert len(all_of_them) <= len(single)
    assert {request.subject_id for request in made} == {each.subject_id for each in many} - {8_003}
    assert ApprovalStep.objects.waiting().count() == 50
    assert OutboxEvent.objects.filter(kind="approval.requested").count() == 49


def test_an_unknown_kind_and_a_kind_without_steps_are_the_callers_error() -> None:
    with pytest.raises(KeyError):
        request_approval(kind="test.unknown", subject_id=1, title="What")
    with declared(steps=lambda request: []), pytest.raises(ValueError, match="nobody could ever decide"):
        ask()


def test_what_was_withdrawn_or_superseded_cannot_be_decided(owner: Discount) -> None:
    seller, controller = make_user("sales"), make_user("finance")
    taken, replaced = ask(seller), ask(seller)
    with pytest.raises(RefusedError, match="Only who asked"):
        withdraw_request(request=taken, by=controller)
    withdraw_request(request=taken, by=seller, note="They signed.")
    assert supersede_request(request=replaced, note="The contract was changed.") is not None
    assert supersede_request(request=replaced, note="Again.") is None
    for request, word in ((taken, "withdrawn"), (replaced, "superseded")):
        with pytest.raises(ClosedError, match=word):
            decide_step(request=request, by=controller, is_approved=True)
        with pytest.raises(ClosedError):
            comment_on_request(request=request, by=controller, text="Late.")
    assert owner.outcomes == [("ended", taken.subject_id), ("ended", replaced.subject_id)]
    assert inbox(controller) == set()


def test_a_returned_request_begins_anew_when_it_is_asked_again(owner: Discount) -> None:
    seller, controller = make_user("sales"), make_user("finance")
    request = ask(seller)
    with pytest.raises(RefusedError, match="Say what is missing"):
        return_request(request=request, by=controller, comment=" ")
    assert return_request(request=request, by=controller, comment="Which term?").state == "returned"
    assert inbox(controller) == set()
    with pytest.raises(ClosedError, match=f"{controller} returned this step"):
        decide_step(request=request, by=controller, is_approved=True, step=request.steps.first())
    with pytest.raises(RefusedError, match="Only who asked"):
        resubmit_request(request=request, by=controller, reason="Two years.")
    again = resubmit_request(request=request, by=seller, reason="Two years.")
    assert (again.round, again.state, again.reason) == (2, "open", "Two years.")
    assert [(step.round, step.state) for step in again.steps.all()] == [(1, "returned"), (2, "waiting")]
    decide_step(request=again, by=controller, is_approved=True)
    assert owner.outcomes == [("approved", request.subject_id)]


def test_what_the_product_asks_cannot_be_returned(owner: Discount) -> None:
    with pytest.raises(RefusedError, match="nobody to return it to"):
        return_request(request=ask(), by=make_user("finance"), comment="Why?")


def test_what_follows_and_the_decision_are_one(owner: Discount) -> None:
    def refuse(request: ApprovalRequest) -> None:
        raise RefusedError("The account is gone.")

    controller = make_user("finance")
    request = ask(make_user("sales"))
    OutboxEvent.objects.all().delete()
    with declared_as(refuse), pytest.raises(RefusedError, match="account is gone"), transaction.atomic():
        decide_step(request=request, by=controller, is_approved=True)
    request.refresh_from_db()
    assert request.state == "open"
    assert inbox(controller) == {request.pk}
    assert not OutboxEvent.objects.exists()


def declared_as(on_approved: object) -> object:
    """Let the kind do something else for a while."""
    patch = pytest.MonkeyPatch()
    from people.approvals.registry import approval_kinds

    held = approval_kinds["test.discount"]

    class Patched:
        def __enter__(self) -> None:
            patch.setitem(
                approval_kinds._items,
                "test.discount",
                type(held)(**{**held.__dict__, "on_approved": on_approved}),
            )

        def __exit__(self, *args: object) -> None:
            patch.undo()

    return Patched()


def test_a_decision_on_an_earlier_step_does_not_count_for_the_next() -> None:
    first, second = make_user("finance"), make_user("finance")
    with declared(StepPlan(function="finance", hours=8), StepPlan(function="finance", hours=8)) as owner:
        request = ask(make_user("sales"))
        seen = request.steps.first()
        decide_step(request=request, by=first, is_approved=True, step=seen)
        with pytest.raises(ClosedError, match=f"{first} approved this step before you"):
            decide_step(request=request, by=second, is_approved=True, step=seen)
        assert owner.outcomes == []


def test_only_those_concerned_see_a_request(owner: Discount) -> None:
    seller, controller = make_user("sales"), make_user("finance")
    request = ask(seller)

    def sees(user: User) -> bool:
        return visible_to(user, seats_of(user)).filter(pk=request.pk).exists()

    assert [sees(user) for user in (seller, controller, make_user("revops"), make_user("leadership"))] == [
        True
    ] * 4
    other = make_user("sales")
    assert not sees(other)
    today = timezone.localdate()
    delegate(giver=controller, taker=other, starts_on=today, ends_on=today)
    assert sees(other)


def test_other_systems_hear_of_requests_and_decisions_in_order(owner: Discount) -> None:
    controller, seller = make_user("finance"), make_user("sales")
    request = ask(seller, account_id=42)
    decide_step(request=request, by=controller, is_approved=True)
    told = list(OutboxEvent.objects.order_by("pk"))
    assert [event.kind for event in told] == ["approval.requested", "approval.decided"]
    assert {event.account_id for event in told} == {42}
    assert told[1].data["outcome"] == "approved"
    assert told[1].data["subject_id"] == request.subject_id
