"""Moves down that need somebody's word: asked for when their wait is over, made when approved."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.registry import ApprovalKind, StepPlan, approval_kinds, nobody
from people.approvals.services import Asked, RefusedError, request_approvals, supersede_request
from people.functions import Function
from people.models import Category
from tiers.assignment.apply import lock_tiers
from tiers.assignment.assign import assign_accounts
from tiers.entitlements.registry import ordered_kinds
from tiers.entitlements.resolution import Entitled, entitlements_by
from tiers.entitlements.tables import ValueTable, table_in_force
from tiers.models import PendingMove

DEMOTION = "tiers.demotion"
HOURS = 120
AT_ONCE = 500
GONE = "The rules no longer ask for this move."


def ask_for_approvals() -> int:
    """Ask for each move down whose time has come, and take back what the rules no longer ask for; return how many.

    The rules decide anew each night, so a request always speaks of a move that waits today.
    """
    live = ApprovalRequest.objects.filter(kind=DEMOTION, state__in=ApprovalRequest.LIVE)
    waiting = PendingMove.objects.undecided().filter(account__deleted_at=None)
    present = dict(
        waiting.filter(account__in=live.values("subject_id")).values_list("account_id", "to_tier__slug")
    )
    for request in live.order_by("pk"):
        if present.get(request.subject_id) != request.data.get("to"):
            supersede_request(request=request, note=GONE)
    asked = live.filter(subject_id=OuterRef("account_id"))
    moves = waiting.filter(~Exists(asked)).select_related("account", "from_tier", "to_tier", "rule")
    due = list(moves.order_by("until", "pk")[:AT_ONCE])
    if not due:
        return 0
    table = table_in_force()
    held = entitlements_by(table, [move.account_id for move in due])
    wanted = [_asked(move, table, held[move.account_id]) for move in due]
    return len(request_approvals(kind=DEMOTION, asked=wanted))


def _asked(move: PendingMove, table: ValueTable, held: Mapping[str, Entitled]) -> Asked:
    name = f"rule “{move.rule.name}”" if move.rule else "its points"
    return Asked(
        subject_id=move.account_id,
        account_id=move.account_id,
        title=f"Move {move.account.name} from {move.from_tier} down to {move.to_tier}",
        url=reverse("tiers:account", args=[move.account_id]),
        reason=f"By {name} it belongs there since {move.since:%-d %b %Y}.",
        data={
            "to": move.to_tier.slug,
            "facts": [
                {"label": "Tier", "before": str(move.from_tier), "after": str(move.to_tier)},
                *_entitlements_that_change(move, table, held),
            ],
        },
    )


def _entitlements_that_change(
    move: PendingMove, table: ValueTable, held: Mapping[str, Entitled]
) -> list[dict[str, str]]:
    """Return what the account is entitled to by its tier and would be by the lower one; what a contract gives stays."""
    changed = []
    for kind in ordered_kinds():
        before, after = table.words(kind, move.from_tier), table.words(kind, move.to_tier)
        if before != after and held[kind.key].source != "contract":
            changed.append({"label": kind.label, "before": before, "after": after})
    return changed


def _steps(request: ApprovalRequest) -> list[StepPlan]:
    return [StepPlan(function=Function.CUSTOMER_SUCCESS, hours=HOURS, label="Customer success agrees")]


def _decide(request: ApprovalRequest, decision: str) -> None:
    lock_tiers()
    move = (
        PendingMove.objects.undecided()
        .select_for_update(of=("self",))
        .filter(account_id=request.subject_id, to_tier__slug=request.data.get("to"))
        .first()
    )
    if move is None:
        raise RefusedError(GONE)
    last = request.steps.filter(state__in=ApprovalStep.DECIDED).select_related("decided_by").last()
    move.decision = decision
    move.decided_by = last.decided_by if last else None
    move.decided_at = timezone.now()
    if decision == PendingMove.Decision.REFUSED:
        move.why = PendingMove.Why.REFUSED
    move.save(update_fields=["decision", "decided_by", "decided_at", "why"])
    assign_accounts([move.account_id])


@transaction.atomic
def _on_approved(request: ApprovalRequest) -> None:
    _decide(request, PendingMove.Decision.APPROVED)


@transaction.atomic
def _on_rejected(request: ApprovalRequest) -> None:
    _decide(request, PendingMove.Decision.REFUSED)


approval_kinds.register(
    ApprovalKind(
        key=DEMOTION,
        label="Move to a lower tier",
        steps=_steps,
        authors=nobody,
        on_approved=_on_approved,
        on_rejected=_on_rejected,
        category=Category.ACCOUNT_PROFILE,
        can_withdraw=False,
    )
)
