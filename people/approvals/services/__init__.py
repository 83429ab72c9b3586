"""Writes of approvals: ask, decide, take back, delegate.

Whoever changes a request locks its row first, then its steps; nothing else is locked before them here.
"""

from people.approvals.services.asking import (
    AlreadyRequestedError,
    Asked,
    request_approval,
    request_approvals,
    resubmit_request,
    supersede_request,
    withdraw_request,
)
from people.approvals.services.deciding import (
    NotYoursError,
    comment_on_request,
    decide_step,
    return_request,
)
from people.approvals.services.delegating import delegate, end_delegation
from people.approvals.services.shared import ClosedError, RefusedError

__all__ = [
    "AlreadyRequestedError",
    "Asked",
    "ClosedError",
    "NotYoursError",
    "RefusedError",
    "comment_on_request",
    "decide_step",
    "delegate",
    "end_delegation",
    "request_approval",
    "request_approvals",
    "resubmit_request",
    "return_request",
    "supersede_request",
    "withdraw_request",
]
