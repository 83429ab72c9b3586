"""What finance and legal are asked to allow."""

from __future__ import annotations

from finance.billing import approvals as _billing  # noqa: F401 - declares its kind
from finance.clauses.querysets import DEVIATION
from finance.clauses.services.deviations import decide_deviation
from finance.contracts.amendments import KIND as AMENDMENT
from finance.contracts.judging import steps_for
from finance.contracts.taking_effect import accept_amendment, reject_amendment, return_to_draft
from finance.models import Amendment, ContractVersion, Deviation
from people.approvals.models import ApprovalRequest
from people.approvals.registry import ApprovalKind, StepPlan, approval_kinds
from people.models import Category

State = Deviation.State


def _steps(request: ApprovalRequest) -> list[StepPlan]:
    deviation = Deviation.objects.get(pk=request.subject_id)
    return [
        StepPlan(function=step["function"], hours=step["hours"], label=step.get("label", ""))
        for step in deviation.approval
    ]


def _authors(request: ApprovalRequest) -> list[int]:
    return [Deviation.objects.get(pk=request.subject_id).asked_by_id]


def _on_approved(request: ApprovalRequest) -> None:
    decide_deviation(request=request, state=State.GRANTED)


def _on_rejected(request: ApprovalRequest) -> None:
    decide_deviation(request=request, state=State.REJECTED)


def _on_ended(request: ApprovalRequest) -> None:
    withdrawn = request.state == ApprovalRequest.State.WITHDRAWN
    decide_deviation(request=request, state=State.WITHDRAWN if withdrawn else State.EXPIRED)


approval_kinds.register(
    ApprovalKind(
        key=DEVIATION,
        label="Clause outside the guardrail",
        steps=_steps,
        authors=_authors,
        on_approved=_on_approved,
        on_rejected=_on_rejected,
        on_ended=_on_ended,
        category=Category.CONTRACTS,
    )
)


def _steps_of_amendment(request: ApprovalRequest) -> list[StepPlan]:
    found = ContractVersion.objects.select_related("amendment", "based_on", "contract__account")
    return list(steps_for(found.get(pk=request.subject_id)))


def _authors_of_amendment(request: ApprovalRequest) -> list[int]:
    held = Amendment.objects.select_related("version").get(pk=request.subject_id)
    return [*held.writers, *([held.version.author_id] if held.version.author_id else [])]


approval_kinds.register(
    ApprovalKind(
        key=AMENDMENT,
        label="Amendment of a contract",
        steps=_steps_of_amendment,
        authors=_authors_of_amendment,
        on_approved=accept_amendment,
        on_rejected=reject_amendment,
        on_ended=return_to_draft,
        category=Category.CONTRACTS,
    )
)
