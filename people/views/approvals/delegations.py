"""Delegations: who decides while somebody is away."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from common.export import Table, asked_format, export_response, table_of
from people.approvals.forms import DelegationForm
from people.approvals.models import ApprovalDelegation
from people.approvals.registry import approval_kinds
from people.approvals.seats import is_running
from people.approvals.services import RefusedError, delegate, end_delegation
from people.guards import is_revops, signed_in

SHOWN_AT_MOST = 100
CHUNK = 1000


@require_http_methods(["GET", "HEAD", "POST"])
def delegations(request: HttpRequest) -> HttpResponse:
    """Show who decides for the reader and for whom they decide; POST delegates. RevOps sees everybody's."""
    user = signed_in(request)
    today = timezone.localdate()
    form = DelegationForm(
        request.POST if request.method == "POST" else None,
        user=user,
        initial={"starts_on": today, "ends_on": today + timedelta(days=14)},
    )
    if form.is_valid():
        try:
            made = delegate(giver=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, f"{made.taker} decides for you in that time, and is told by e-mail.")
            return redirect("people:delegations")
    found = ApprovalDelegation.objects.select_related("giver", "taker", "ended_by").order_by("-pk")
    if not is_revops(request):
        found = found.filter(Q(giver=user) | Q(taker=user))
    if not form.is_bound and asked_format(request):
        return export_response(request, _table(found))
    labels = _kind_labels()
    now = timezone.now()
    context = {
        "form": form,
        "rows": [
            {
                "delegation": each,
                "kinds": [labels.get(kind, kind) for kind in each.kinds],
                "state": _state(each, is_running=is_running(each, now)),
                "can_end": each.ended_at is None and each.ends_on >= today,
            }
            for each in found[:SHOWN_AT_MOST]
        ],
        "sees_all": is_revops(request),
    }
    return render(request, "people/approvals/delegations.html", context, status=422 if form.is_bound else 200)


def _kind_labels() -> dict[str, str]:
    return {kind.key: kind.label for kind in approval_kinds}


def _table(found: QuerySet[ApprovalDelegation]) -> Table:
    """Return delegations as a table for a file, newest first."""
    labels, now = _kind_labels(), timezone.now()
    return table_of(
        "delegations",
        found.iterator(chunk_size=CHUNK),
        [
            ("giver", "From", lambda each: str(each.giver)),
            ("taker", "To", lambda each: str(each.taker)),
            ("starts_on", "First day", lambda each: each.starts_on),
            ("ends_on", "Last day", lambda each: each.ends_on),
            ("kinds", "Approvals", lambda each: [labels.get(kind, kind) for kind in each.kinds]),
            ("reason", "Reason", lambda each: each.reason),
            ("state", "State", lambda each: _state(each, is_running=is_running(each, now))[0]),
        ],
    )


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a delegation now."""
    held = get_object_or_404(ApprovalDelegation.objects.select_related("giver", "taker"), pk=pk)
    try:
        end_delegation(delegation=held, by=signed_in(request))
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{held.taker} no longer decides for {held.giver}.")
    return redirect("people:delegations")


def _state(delegation: ApprovalDelegation, *, is_running: bool) -> tuple[str, str]:
    """Return the word and the colour for where a delegation stands."""
    if delegation.ended_at is not None:
        return "Ended", "neutral"
    if is_running:
        return "Running", "green"
    return ("To come", "accent") if delegation.starts_on > timezone.localdate() else ("Over", "neutral")
