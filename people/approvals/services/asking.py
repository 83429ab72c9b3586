"""Ask for approval, ask again, take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.registry import REQUESTED, ApprovalKind, approval_kinds, tell_watchers
from people.approvals.services.shared import (
    RefusedError,
    State,
    end_request,
    kind_of,
    lock_request,
    plan_steps,
)
from people.functions import Function
from people.models import User

TITLE_AT_MOST = 255


class AlreadyRequestedError(RefusedError):
    """The subject has a live request of this kind, ``request``."""

    def __init__(self, request: ApprovalRequest) -> None:
        super().__init__(f"This was asked already and waits for a decision: {request.title}")
        self.request = request


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One thing to ask for; see ``request_approval``."""

    subject_id: int
    title: str
    url: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    account_id: int | None = None


@transaction.atomic
def request_approval(
    *,
    kind: str,
    subject_id: int,
    title: str,
    url: str = "",
    requested_by: User | None = None,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    account_id: int | None = None,
) -> ApprovalRequest:
    """Ask for approval; the first step's clock starts at once, and its approvers are told by the workers.

    ``requested_by`` None is the product itself; ``data`` is JSON of the kind's own. Raises KeyError for a kind
    that no app declares, AlreadyRequestedError where the subject has a live request of this kind.
    """
    asked = Asked(
        subject_id=subject_id, title=title, url=url, reason=reason, data=data or {}, account_id=account_id
    )
    made = request_approvals(kind=kind, asked=[asked], requested_by=requested_by)
    if not made:
        held = ApprovalRequest.objects.live().filter(kind=kind, subject_id=subject_id).first()
        if held is None:  # decided between the two looks
            made = request_approvals(kind=kind, asked=[asked], requested_by=requested_by)
        else:
            raise AlreadyRequestedError(held)
    return made[0]


@transaction.atomic
def request_approvals(
    *, kind: str, asked: Sequence[Asked], requested_by: User | None = None
) -> list[ApprovalRequest]:
    """Ask for many approvals of one kind in a few statements; return those that are new.

    Subjects with a live request of this kind are passed over, whoever else asks at the same time.
    """
    declared = approval_kinds[kind]
    now = timezone.now()
    wanted = {each.subject_id: each for each in asked}
    live = ApprovalRequest.objects.live().filter(kind=kind, subject_id__in=wanted)
    for subject_id in live.values_list("subject_id", flat=True):
        del wanted[subject_id]
    requests = [_unsaved(declared, each, requested_by) for each in wanted.values()]
    planned = {request.subject_id: plan_steps(request, declared, now) for request in requests}
    # Another transaction may have asked for one meanwhile: it keeps its own, ours is left out by the constraint.
    ApprovalRequest.objects.bulk_create(requests, ignore_conflicts=True)
    made = _made(kind, requests)
    for request in made:
        for step in planned[request.subject_id]:
            step.request = request
    ApprovalStep.objects.bulk_create([step for request in made for step in planned[request.subject_id]])
    if made:
        tell_watchers(REQUESTED, made)
    return made


def _unsaved(kind: ApprovalKind, asked: Asked, requested_by: User | None) -> ApprovalRequest:
    return ApprovalRequest(
        kind=kind.key,
        subject_id=asked.subject_id,
        account_id=asked.account_id,
        title=asked.title[:TITLE_AT_MOST],
        url=asked.url,
        reason=asked.reason,
        data=dict(asked.data),
        requested_by=requested_by,
        requested_at=timezone.now(),
    )


def _made(kind: str, requests: Sequence[ApprovalRequest]) -> list[ApprovalRequest]:
    """Return those of ``requests`` that this transaction wrote, with their keys: others' have steps already."""
    subjects = [request.subject_id for request in requests]
    rows = ApprovalRequest.objects.live().filter(kind=kind, subject_id__in=subjects, steps=None)
    return list(rows.select_related("requested_by").order_by("pk"))


@transaction.atomic
def resubmit_request(
    *,
    request: ApprovalRequest,
    by: User,
    reason: str,
    title: str = "",
    data: Mapping[str, Any] | None = None,
) -> ApprovalRequest:
    """Ask again after a return: a new round of steps begins. Only who asked may.

    Raises RefusedError where it wasn't returned or isn't theirs.
    """
    held = lock_request(request)
    if held.state != State.RETURNED:
        raise RefusedError("This request waits for a decision; it wasn't returned.")
    if held.requested_by_id != by.pk:
        raise RefusedError("Only who asked can ask again.")
    now = timezone.now()
    held.round += 1
    held.state = State.OPEN
    held.reason = reason
    held.title = title[:TITLE_AT_MOST] or held.title
    held.data = held.data if data is None else dict(data)
    steps = plan_steps(held, kind_of(held), now)
    held.save()
    ApprovalStep.objects.bulk_create(steps)
    tell_watchers(REQUESTED, [held])
    return held


@transaction.atomic
def withdraw_request(*, request: ApprovalRequest, by: User, note: str = "") -> ApprovalRequest:
    """Take a request back. Only who asked may, and RevOps where nothing can come of it any more.

    Raises RefusedError with the reason, ClosedError where it is decided already.
    """
    held = lock_request(request)
    kind = approval_kinds.get(held.kind)
    if not may_withdraw(held, by):
        raise RefusedError("Only who asked can withdraw a request.")
    _end(held, State.WITHDRAWN, note=note, by=by, kind=kind)
    return held


def may_withdraw(request: ApprovalRequest, user: User) -> bool:
    """Return whether a person may take a live request back."""
    kind = approval_kinds.get(request.kind)
    if kind is None:  # nothing can come of it any more
        return request.requested_by_id == user.pk or user.function == Function.REVOPS
    return kind.can_withdraw and request.requested_by_id == user.pk


@transaction.atomic
def supersede_request(*, request: ApprovalRequest, note: str) -> ApprovalRequest | None:
    """End a live request because its subject moved on; for the kind's own code.

    Returns None, changing nothing, where it was ended already. ``note`` tells people why.
    """
    held = ApprovalRequest.objects.select_for_update().get(pk=request.pk)
    if not held.is_live:
        return None
    _end(held, State.SUPERSEDED, note=note, by=None, kind=approval_kinds.get(held.kind))
    return held


def _end(
    request: ApprovalRequest, state: str, *, note: str, by: User | None, kind: ApprovalKind | None
) -> None:
    end_request(request, state, timezone.now(), note=note, by=by)
    if kind is not None:
        kind.on_ended(request)
