"""What time does to requests, and the mails that follow: each once, none lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.utils import timezone

from people.approvals.clock import tick
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.registry import StepPlan
from people.approvals.services import comment_on_request, decide_step, delegate, return_request
from people.models import Category, Notice, User
from people.notices import sending
from people.notices.services import notify
from people.notices.writing import mail_of
from people.tasks import send_notices, tick_approvals
from tests.people.approving import Discount, ask, declared
from tests.users import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Iterator[Discount]:
    with declared(StepPlan(function="finance", hours=8)) as owner:
        yield owner


def sent() -> list[tuple[str, str]]:
    """Send what is due; return (to, subject) of the mails that went out."""
    mail.outbox.clear()
    tick_approvals()
    send_notices()
    return sorted((message.to[0], message.subject) for message in mail.outbox)


def move_clock(request: ApprovalRequest, hours: float) -> None:
    """Let that much of the present step's time go by."""
    by = timedelta(hours=hours)
    step = ApprovalStep.objects.waiting().get(request=request)
    for name in ("began_at", "remind_at", "due_at"):
        setattr(step, name, getattr(step, name) - by)
    step.save()
    ApprovalRequest.objects.filter(pk=request.pk).update(due_at=step.due_at)


def test_approvers_are_told_once_and_of_several_in_one_mail(owner: Discount) -> None:
    controller, colleague = make_user("finance"), make_user("finance")
    first = ask(colleague)
    assert sent() == [(controller.email, f"To decide: {first.title}")]
    assert f"/approvals/{first.pk}/" in mail.outbox[0].body
    assert sent() == []
    ask(make_user("sales")), ask(make_user("sales"))
    assert sent() == sorted((user.email, "2 updates on approvals") for user in (controller, colleague))


def test_a_reminder_and_a_late_mark_come_once_each(owner: Discount) -> None:
    controller, seller = make_user("finance"), make_user("sales")
    request = ask(seller)
    sent()
    move_clock(request, 5)
    assert sent() == []
    move_clock(request, 1.5)
    assert [subject[:3] for _, subject in sent()] == ["Due"]
    assert sent() == []
    move_clock(request, 2)
    told = dict(sent())
    assert told[controller.email].startswith("Late since")
    assert told[seller.email].startswith("Your request was not decided in time")
    assert sent() == []
    step = request.steps.get()
    assert step.late_at is not None
    assert step.reminded_at is not None


def test_who_takes_over_is_told(owner: Discount) -> None:
    controller, revops = make_user("finance"), make_user("revops")
    request = ask(make_user("sales"))
    assert [to for to, _ in sent()] == [controller.email]
    User.objects.filter(pk=controller.pk).update(is_active=False)
    assert sent() == [(revops.email, f"Nobody else can decide this, so RevOps must: {request.title}")]


def test_a_delegate_is_told_from_the_first_day(owner: Discount) -> None:
    controller, lawyer = make_user("finance"), make_user("legal")
    request = ask(make_user("sales"))
    sent()
    day = timezone.localdate()
    given = delegate(
        giver=controller, taker=lawyer, starts_on=day + timedelta(days=3), ends_on=day + timedelta(days=4)
    )
    assert [subject.startswith(f"You decide approvals for {controller}") for _, subject in sent()] == [True]
    given.starts_on = day
    given.save()
    assert sent() == [(lawyer.email, f"To decide for {controller}: {request.title}")]


def test_who_asked_hears_what_became_of_it(owner: Discount) -> None:
    controller, seller = make_user("finance"), make_user("sales")
    request = ask(seller)
    sent()
    comment_on_request(request=request, by=controller, text="Since when?")
    assert sent() == [(seller.email, f"{controller} commented on: {request.title}")]
    return_request(request=request, by=controller, comment="Since when?")
    assert sent() == [(seller.email, f"Your request was returned to you: {request.title}")]
    other = ask(seller)
    decide_step(request=other, by=controller, is_approved=True)
    # The question to the controller was still waiting to be sent, and is taken back.
    assert sent() == [(seller.email, f"Your request was approved: {other.title}")]


def test_a_mail_tells_no_title_to_who_may_not_read_it() -> None:
    options = {"category": Category.CONTRACTS}
    with declared(StepPlan(function="finance", hours=8), StepPlan(function="marketing", hours=8), **options):
        controller, marketer = make_user("finance"), make_user("marketing")
        request = ask(make_user("sales"))
        assert sent() == [(controller.email, f"To decide: {request.title}")]
        decide_step(request=request, by=controller, is_approved=True)
        assert (marketer.email, "To decide: Discount") in sent()


def test_a_failed_mail_is_tried_again_and_given_up_after_days(
    owner: Discount, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("finance")
    ask(make_user("sales"))
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", fail)
        assert sent() == []
    notice = Notice.objects.get()
    assert (notice.tries, notice.claimed_until, notice.given_up_at) == (1, None, None)
    assert "gone away" in notice.error
    assert sent() == []  # not before its time
    Notice.objects.update(due_at=timezone.now())
    assert len(sent()) == 1
    Notice.objects.update(sent_at=None, created_at=timezone.now() - timedelta(days=4))
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", fail)
        send_notices()
    assert Notice.objects.get().given_up_at is not None
    Notice.objects.update(due_at=timezone.now())
    assert sent() == []


def fail(self: object) -> None:
    raise SMTPServerDisconnected("gone away")


def test_what_a_dead_worker_held_goes_out_with_the_same_message_id(owner: Discount) -> None:
    make_user("finance")
    ask(make_user("sales"))
    tick()
    parcel = sending.claim_parcel()
    assert parcel is not None
    assert sending.claim_parcel() is None
    Notice.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    again = sending.claim_parcel()
    assert again is not None
    first, second = (
        mail_of(each.user, each.topic, each.notices).extra_headers["Message-ID"] for each in (parcel, again)
    )
    assert first == second


def test_nothing_is_sent_to_who_was_deactivated_meanwhile(owner: Discount) -> None:
    controller = make_user("finance")
    make_user("finance")
    ask(make_user("sales"))
    tick()
    User.objects.filter(pk=controller.pk).update(is_active=False)
    assert controller.email not in dict(sent())


def test_a_decision_while_a_mail_is_sent_keeps_it_from_being_tried_again(owner: Discount) -> None:
    controller = make_user("finance")
    request = ask(make_user("sales"))
    tick()
    parcel = sending.claim_parcel()
    assert parcel is not None
    decide_step(request=request, by=controller, is_approved=True)
    sending._failed(parcel, "gone away")
    Notice.objects.update(due_at=timezone.now())
    assert controller.email not in dict(sent())


def test_a_notice_is_written_once_however_often_it_is_said() -> None:
    user = make_user("finance")
    for _ in range(2):
        notify(to=[user], topic="approvals", about="test:1", event="said", text="Once", url="/")
    assert Notice.objects.count() == 1
    with pytest.raises(KeyError):
        notify(to=[user], topic="nothing", about="test:1", event="said", text="Once", url="/")


def test_a_subject_is_one_line_whatever_the_title_holds(owner: Discount) -> None:
    make_user("finance")
    ask(make_user("sales"), title="One\r\nBcc: somebody@example.com")
    assert [subject for _, subject in sent()] == ["To decide: One Bcc: somebody@example.com"]


def test_old_notices_are_forgotten() -> None:
    user = make_user("finance")
    notify(to=[user], topic="approvals", about="test:1", event="said", text="Once", url="/")
    Notice.objects.update(sent_at=timezone.now() - timedelta(days=400))
    assert sending.forget_old_notices() == 1
