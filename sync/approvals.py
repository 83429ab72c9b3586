"""Tell other systems of approvals: what is asked and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from people.approvals.models import ApprovalRequest
from people.approvals.registry import approval_kinds, watch_approvals
from people.models import Level
from sync.events import EventKind, Told, emit_many, event_kinds

event_kinds.register(
    EventKind(
        key="approval.requested",
        label="Approval requested",
        members="request_id, kind, subject_id, title, url, round, due_at",
    )
)
event_kinds.register(
    EventKind(
        key="approval.decided",
        label="Approval decided, returned or taken back",
        members="request_id, kind, subject_id, title, url, round, outcome (approved, rejected, returned, "
        "withdrawn or superseded)",
    )
)


@watch_approvals
def tell_of_approvals(event: str, requests: Sequence[ApprovalRequest]) -> None:
    """Write an event of each request into the outbox, in the transaction of the change."""
    emit_many(
        event=event,
        told=[Told(request.account_id, _data(event, request), _guards(request)) for request in requests],
    )


def _data(event: str, request: ApprovalRequest) -> dict[str, Any]:
    data: dict[str, Any] = {
        "request_id": request.pk,
        "kind": request.kind,
        "subject_id": request.subject_id,
        "title": request.title,
        "url": request.get_absolute_url(),
        "round": request.round,
    }
    if event == "approval.requested":
        return data | {"due_at": request.due_at.isoformat() if request.due_at else None}
    return data | {"outcome": request.state}


def _guards(request: ApprovalRequest) -> dict[str, str]:
    kind = approval_kinds.get(request.kind)
    return {"title": f"{kind.category}:{Level.FULL}"} if kind and kind.category else {}
