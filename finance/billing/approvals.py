"""Billing arrangements beyond what an account is entitled to: somebody else in finance agrees, or not."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError

from common.versions.errors import VersionChangedError
from finance.billing.arranging import KIND, cycle, put_in_effect
from finance.models import BillingArrangement
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.registry import ApprovalKind, StepPlan, approval_kinds
from people.approvals.services import RefusedError
from people.functions import Function
from people.models import Category

HOURS = 48
GONE = "This arrangement was thrown away meanwhile."


def _steps(request: ApprovalRequest) -> Sequence[StepPlan]:
    return [StepPlan(function=Function.FINANCE, hours=HOURS, label="Somebody else in finance agrees")]


def _authors(request: ApprovalRequest) -> list[int]:
    written = BillingArrangement.objects.filter(pk=request.subject_id, author__isnull=False)
    return list(written.values_list("author_id", flat=True))


def _on_approved(request: ApprovalRequest) -> None:
    version = BillingArrangement.objects.filter(pk=request.subject_id).first()
    if version is None:
        raise RefusedError(GONE)
    last = request.steps.filter(state__in=ApprovalStep.DECIDED).select_related("decided_by").last()
    try:
        put_in_effect(version, by=last.decided_by if last else None)
    except VersionChangedError as error:
        raise RefusedError(error.message) from error
    except ValidationError as error:
        raise RefusedError(" ".join(error.messages)) from error


def _discard(request: ApprovalRequest) -> None:
    version = BillingArrangement.objects.filter(pk=request.subject_id).drafts().first()
    if version is not None:
        cycle.discard(version, by=request.requested_by)


approval_kinds.register(
    ApprovalKind(
        key=KIND,
        label="Billing beyond the tier",
        steps=_steps,
        authors=_authors,
        on_approved=_on_approved,
        on_rejected=_discard,
        on_ended=_discard,
        category=Category.FINANCIAL_HEALTH,
    )
)
