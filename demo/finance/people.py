"""Who acts at the sample company, and who of them may decide about what another asked."""

from __future__ import annotations

from demo.team import DOMAIN
from people.approvals.models import ApprovalRequest
from people.approvals.services import decide_step, return_request
from people.models import User

FINANCE, BILLING = f"finance@{DOMAIN}", f"simon.fairley@{DOMAIN}"
LEGAL, SUCCESS = f"legal@{DOMAIN}", f"customer-success@{DOMAIN}"
APPROVE, REJECT, RETURN = "a", "r", "b"


def person(email: str) -> User:
    """Return one of the sample company's people."""
    return User.objects.get(email=email)


def decide(request: ApprovalRequest | None, fate: str, comment: str) -> None:
    """Decide a request step by step, each by somebody of its function: one letter of ``fate`` for each step."""
    for letter in fate:
        if request is None or (approver := approver_of(request)) is None:
            return
        if letter == RETURN:
            request = return_request(request=request, by=approver, comment=comment)
        else:
            told = comment if letter == REJECT else ""
            request = decide_step(request=request, by=approver, is_approved=letter == APPROVE, comment=told)


def approver_of(request: ApprovalRequest) -> User | None:
    """Return who may decide the step whose turn it is, None where nobody may or it is over."""
    step = request.steps.filter(state="waiting").first() if request.is_open else None
    people = User.objects.filter(function=step.function if step else "", is_active=True).order_by("pk")
    return next((user for user in people if step is not None and not step.is_own_of(user.pk)), None)
