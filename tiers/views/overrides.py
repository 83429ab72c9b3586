"""Every override of the rules: those that hold, the soonest to end first, and those of the past."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from common.export import Table, asked_format, export_response, table_of
from metrics.engine.plan import today
from people.access import request_access, require
from people.guards import is_revops, revops_only, signed_in
from people.models import Category
from tiers.models import TierOverride
from tiers.services import end_override

SHOWN = 200
LARGEST_ID = 2**63 - 1


@require_safe
def overrides(request: HttpRequest) -> HttpResponse:
    """List overrides, those that end soonest first; ``?ended=1`` lists those of the past, the newest first."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    is_ended = request.GET.get("ended") == "1"
    listed = _listed(is_ended)
    if asked_format(request):
        return export_response(request, _table(listed, is_ended))
    context = {
        "overrides": listed[:SHOWN],
        "is_ended": is_ended,
        "has_more": listed[SHOWN : SHOWN + 1].exists(),
        "shown": SHOWN,
        "can_end": is_revops(request) and not is_ended,
        "today": today(),
    }
    return render(request, "tiers/overrides/list.html", context)


@require_POST
@revops_only("Overriding a tier")
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an override today, with a reason."""
    held = get_object_or_404(TierOverride.objects.select_related("account", "tier"), pk=min(pk, LARGEST_ID))
    reason = request.POST.get("reason", "").replace("\x00", "").strip()
    if not reason:
        messages.error(request, f"Say why the override of {held.account.name} ends.")
        return redirect("tiers:overrides")
    try:
        end_override(override=held, by=signed_in(request), reason=reason)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"The override of {held.account.name} has ended; the rules decide again.")
    return redirect("tiers:overrides")


def _listed(is_ended: bool) -> Any:
    listed = TierOverride.objects.select_related("account", "tier", "author", "ended_by")
    if is_ended:
        return (listed.exclude(ended_on=None) | listed.filter(ends_on__lte=today())).order_by(
            "-ends_on", "-pk"
        )
    return listed.filter(ended_on=None, ends_on__gt=today()).order_by("ends_on", "pk")


def _table(listed: Any, is_ended: bool) -> Table:
    return table_of(
        "overrides-ended" if is_ended else "overrides",
        listed,
        (
            ("account_id", "Account id", lambda one: one.account_id),
            ("account", "Account", lambda one: one.account.name),
            ("tier", "Tier", lambda one: one.tier.label),
            ("reason", "Reason", lambda one: one.reason),
            ("author", "Author", lambda one: str(one.author)),
            ("starts_on", "From", lambda one: one.starts_on),
            ("ends_on", "Until", lambda one: one.ended_on or one.ends_on),
            ("ended_by", "Ended by", lambda one: str(one.ended_by or "")),
            ("end_reason", "Why it ended", lambda one: one.end_reason),
        ),
    )
