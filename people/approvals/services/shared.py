"""What the writes of approvals share: locking a request, its clock, and ending it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from common.formatting import format_datetime
from people.access import Access, access_of
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.registry import DECIDED, ApprovalKind, StepPlan, approval_kinds, tell_watchers
from people.models import User
from people.notices.services import notify, withdraw_notices

TOPIC = "approvals"
# A reminder goes out when this much of a step's time is over.
REMIND_AFTER = 0.75
TEXT_AT_MOST = 500
State = ApprovalRequest.State


class RefusedError(Exception):
    """It can't be done; the text tells a person why and what to do."""


class ClosedError(RefusedError):
    """The request, or the step that was looked at, has been decided or taken back meanwhile."""


def lock_request(request: ApprovalRequest) -> ApprovalRequest:
    """Lock the row and return it as it is now. Raises ClosedError where nothing can come of it any more."""
    held = ApprovalRequest.objects.select_for_update().get(pk=request.pk)
    if not held.is_live:
        raise ClosedError(how_it_ended(held))
    return held


def how_it_ended(request: ApprovalRequest) -> str:
    """Say what became of a request that is no longer live, and by whom."""
    ends = request.closed_at
    when = f" on {format_datetime(ends)}" if ends else ""
    last = request.steps.filter(state__in=ApprovalStep.DECIDED).select_related("decided_by").last()
    if request.state in (State.APPROVED, State.REJECTED) and last is not None:
        return f"{last.decided_by} {request.get_state_display().lower()} this request{when}."
    return f"This request was {request.get_state_display().lower()}{when}. {request.closing_note}".strip()


def kind_of(request: ApprovalRequest) -> ApprovalKind:
    """Return the request's kind. Raises RefusedError where no app declares it any more."""
    kind = approval_kinds.get(request.kind)
    if kind is None:
        raise RefusedError(
            f"Nothing in this installation knows what “{request.kind}” is about, so it can only be withdrawn."
        )
    return kind


def plan_steps(request: ApprovalRequest, kind: ApprovalKind, now: datetime) -> list[ApprovalStep]:
    """Return the steps of a request's round, unsaved, the first one's clock running; sets the request's due time.

    Raises ValueError where the kind plans none.
    """
    plans: Sequence[StepPlan] = kind.steps(request)
    authors = sorted(set(kind.authors(request)))
    if not plans:
        raise ValueError(f"{request.kind} plans no step, so nobody could ever decide.")
    steps = [
        ApprovalStep(
            request=request,
            round=request.round,
            position=place,
            label=plan.label,
            function=plan.function,
            user=plan.user,
            requested_by=request.requested_by,
            authors=authors,
            hours=plan.hours,
        )
        for place, plan in enumerate(plans, 1)
    ]
    begin_step(request, steps[0], now)
    return steps


def begin_step(request: ApprovalRequest, step: ApprovalStep, now: datetime) -> None:
    """Give a step its turn, unsaved: its clock starts and becomes that of the request."""
    whole = timedelta(hours=step.hours)
    step.state = ApprovalStep.State.WAITING
    step.began_at = now
    step.remind_at = now + whole * REMIND_AFTER
    step.due_at = now + whole
    request.due_at = step.due_at


def end_request(
    request: ApprovalRequest, state: str, now: datetime, *, note: str = "", by: User | None
) -> None:
    """Close a locked request, save it, and tell who waits for it."""
    request.state = state
    request.closed_at = now
    request.closing_note = note[:TEXT_AT_MOST]
    request.due_at = None
    request.save(update_fields=["state", "closed_at", "closing_note", "due_at"])
    pending = request.steps.filter(state__in=(ApprovalStep.State.AHEAD, ApprovalStep.State.WAITING))
    withdraw_notices(about=[about_step(step) for step in pending])
    pending.update(state=ApprovalStep.State.ENDED)
    if request.requested_by and (by is None or by.pk != request.requested_by_id):
        tell_requester(request, event=state, words=request.get_state_display().lower())
    tell_watchers(DECIDED, [request])


class Titles:
    """Titles for mails: where a person's function may not read what a title tells of, the kind's name."""

    def __init__(self) -> None:
        self._accesses: dict[str, Access] = {}

    def of(self, request: ApprovalRequest, user: User) -> str:
        """Return the title for one reader; one query a function."""
        kind = approval_kinds.get(request.kind)
        if kind is None or kind.category is None:
            return request.title
        if user.function not in self._accesses:
            self._accesses[user.function] = access_of(user.function)
        return request.title if self._accesses[user.function].allows(kind.category) else kind.label


def tell_requester(request: ApprovalRequest, *, event: str, words: str) -> None:
    """Let who asked know by e-mail what happened."""
    if request.requested_by is not None:
        notify(
            to=[request.requested_by],
            topic=TOPIC,
            about=f"approvals.request:{request.pk}.{request.round}",
            event=event,
            text=f"Your request was {words}: {Titles().of(request, request.requested_by)}",
            url=request.get_absolute_url(),
        )


def about_step(step: ApprovalStep) -> str:
    """Return what notices about a step are filed under."""
    return f"approvals.step:{step.pk}"
