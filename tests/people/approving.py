"""A kind of approval for tests, and requests of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from people.approvals.models import ApprovalRequest
from people.approvals.registry import ApprovalKind, StepPlan, approval_kinds, nobody
from people.approvals.services import request_approval

_numbers = count(1)


class Discount:
    """What a discount's owner does once it is decided."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, int]] = []

    def approved(self, request: ApprovalRequest) -> None:
        self.outcomes.append(("approved", request.subject_id))

    def rejected(self, request: ApprovalRequest) -> None:
        self.outcomes.append(("rejected", request.subject_id))

    def ended(self, request: ApprovalRequest) -> None:
        self.outcomes.append(("ended", request.subject_id))


@contextmanager
def declared(*steps: StepPlan, **options: Any) -> Iterator[Discount]:
    """Declare the kind ``test.discount`` with these steps, by default one of finance within 48 hours."""
    owner = Discount()
    planned = steps or (StepPlan(function="finance", hours=48),)
    kind = ApprovalKind(
        **{
            "key": "test.discount",
            "label": "Discount",
            "steps": lambda request: planned,
            "authors": nobody,
            "on_approved": owner.approved,
            "on_rejected": owner.rejected,
            "on_ended": owner.ended,
            **options,
        }
    )
    approval_kinds.register(kind)
    try:
        yield owner
    finally:
        del approval_kinds._items[kind.key]


def ask(requested_by: Any = None, **fields: Any) -> ApprovalRequest:
    """Ask for a discount."""
    number = next(_numbers)
    return request_approval(
        **{
            "kind": "test.discount",
            "subject_id": number,
            "title": f"Discount {number}",
            "requested_by": requested_by,
            "reason": "They would leave otherwise.",
            **fields,
        }
    )
