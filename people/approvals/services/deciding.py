"""Decide a step, return a request to who asked, comment."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from people.approvals.models import ApprovalComment, ApprovalRequest, ApprovalStep
from people.approvals.registry import DECIDED, tell_watchers
from people.approvals.seats import Approver, Roll
from people.approvals.services.shared import (
    TOPIC,
    ClosedError,
    RefusedError,
    State,
    Titles,
    about_step,
    begin_step,
    end_request,
    kind_of,
    lock_request,
    tell_requester,
)
from people.models import User
from people.notices.services import notify, withdraw_notices


class NotYoursError(RefusedError):
    """The person may not decide this step."""


@transaction.atomic
def decide_step(
    *,
    request: ApprovalRequest,
    by: User,
    is_approved: bool,
    comment: str = "",
    step: ApprovalStep | None = None,
) -> ApprovalRequest:
    """Approve or reject the step whose turn it is; the last approval, or any rejection, ends the request.

    ``step`` is the one that the decider looked at. The kind's callback runs in this transaction. Raises
    ClosedError where that step, or the request, was decided or taken back meanwhile (the text says by whom),
    NotYoursError where the person may not decide it, and what the callback raises.
    """
    held, current, approver = _take_turn(request, by, step)
    kind = kind_of(held)
    now = timezone.now()
    decision = ApprovalStep.State.APPROVED if is_approved else ApprovalStep.State.REJECTED
    _mark(current, decision, approver, by, comment, now)
    if not is_approved:
        end_request(held, State.REJECTED, now, by=by)
        kind.on_rejected(held)
        return held
    following = held.steps.filter(round=held.round, state=ApprovalStep.State.AHEAD).first()
    if following is not None:
        begin_step(held, following, now)
        following.save(update_fields=["state", "began_at", "remind_at", "due_at"])
        held.save(update_fields=["due_at"])
        return held
    end_request(held, State.APPROVED, now, by=by)
    kind.on_approved(held)
    return held


@transaction.atomic
def return_request(
    *, request: ApprovalRequest, by: User, comment: str, step: ApprovalStep | None = None
) -> ApprovalRequest:
    """Give a request back to who asked, with what is missing; they ask again or withdraw it.

    Raises as ``decide_step``, and RefusedError without a comment or where the product itself asked.
    """
    held, current, approver = _take_turn(request, by, step)
    if held.requested_by is None:
        raise RefusedError("The product itself asked, so there is nobody to return it to. Reject it instead.")
    if not comment.strip():
        raise RefusedError("Say what is missing, so that they know what to change.")
    now = timezone.now()
    _mark(current, ApprovalStep.State.RETURNED, approver, by, comment, now)
    held.steps.filter(state=ApprovalStep.State.AHEAD).update(state=ApprovalStep.State.ENDED)
    held.state = State.RETURNED
    held.due_at = None
    held.save(update_fields=["state", "due_at"])
    tell_requester(held, event=State.RETURNED, words="returned to you")
    tell_watchers(DECIDED, [held])
    return held


@transaction.atomic
def comment_on_request(*, request: ApprovalRequest, by: User, text: str) -> ApprovalComment:
    """Say something about a live request; who asked is told, or who decides where it was them who said it.

    Raises RefusedError without a text, ClosedError where it has ended.
    """
    held = lock_request(request)
    if not text.strip():
        raise RefusedError("Write something first.")
    said = ApprovalComment.objects.create(request=held, author=by, text=text.strip())
    told: list[User] = []
    if held.requested_by is not None and held.requested_by_id != by.pk:
        told = [held.requested_by]
    elif current := held.steps.waiting().select_related("user").first():
        told = [each.user for each in Roll.read().approvers(current, held.kind) if each.user.pk != by.pk]
    titles = Titles()
    for user in told:
        notify(
            to=[user],
            topic=TOPIC,
            about=f"approvals.comment:{said.pk}",
            event="commented",
            text=f"{by} commented on: {titles.of(held, user)}",
            url=held.get_absolute_url(),
        )
    return said


def _take_turn(
    request: ApprovalRequest, by: User, step: ApprovalStep | None
) -> tuple[ApprovalRequest, ApprovalStep, Approver]:
    """Lock a request and its present step for a decider."""
    held = lock_request(request)
    if held.state == State.RETURNED:
        raise ClosedError(_who_decided(held, step) or "This request was returned and waits for who asked.")
    current = held.steps.waiting().select_for_update(of=("self",)).select_related("user").get()
    if step is not None and step.pk != current.pk:
        raise ClosedError(_who_decided(held, step) or "Another step has its turn by now. Look at it again.")
    if by.pk == held.requested_by_id:
        raise NotYoursError("You asked for this yourself, so somebody else must decide.")
    if current.is_own_of(by.pk):
        raise NotYoursError("You wrote what this asks for, so somebody else must decide.")
    # The decider as they are now: whoever was deactivated or moved since the page was shown can't decide.
    approver = next(
        (each for each in Roll.read().approvers(current, held.kind) if each.user.pk == by.pk), None
    )
    if approver is None:
        raise NotYoursError("This step isn't yours to decide. The page says whose it is.")
    return held, current, approver


def _mark(step: ApprovalStep, state: str, approver: Approver, by: User, comment: str, now: datetime) -> None:
    step.state = state
    step.decided_at = now
    step.decided_by = by
    step.decided_for = approver.stands_for
    step.comment = comment.strip()
    step.save(update_fields=["state", "decided_at", "decided_by", "decided_for", "comment"])
    withdraw_notices(about=[about_step(step)])


def _who_decided(request: ApprovalRequest, step: ApprovalStep | None) -> str:
    """Tell who was quicker than the person that looked at ``step``."""
    if step is None:
        return ""
    found = ApprovalStep.objects.filter(pk=step.pk, request=request).select_related("decided_by").first()
    if found is None or found.decided_by is None:
        return ""
    return f"{found.decided_by} {found.get_state_display().lower()} this step before you."
