"""The page on the intake of events."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from people.access import request_access, require
from people.functions import Function
from people.guards import is_revops, whom_to_ask
from people.models import Category
from product.ingest.overview import DAYS, sources_intake, unmatched_groups, waiting_totals
from product.models import RetiredMonth
from product.partitions import months


def works_with_events(request: HttpRequest) -> bool:
    """Return whether the reader looks after tracking: RevOps and Product."""
    return is_revops(request) or getattr(request.user, "function", "") == Function.PRODUCT


@require_safe
def intake(request: HttpRequest) -> HttpResponse:
    """Show what tracking delivers by source, which groups match no account, and how to point an SDK here."""
    if not works_with_events(request):
        raise PermissionDenied(f"The intake of events is for RevOps and Product. {whom_to_ask()}")
    require(request_access(request), Category.PRODUCT_USAGE)
    held = months()
    context = {
        "sources": sources_intake(),
        "days": DAYS,
        "groups": unmatched_groups(),
        "totals": waiting_totals(),
        "host": request.build_absolute_uri("/").rstrip("/"),
        "months": held,
        "retired": RetiredMonth.objects.count(),
        "keep_months": settings.EVENTS_KEEP_MONTHS,
        "may_issue_keys": is_revops(request),
    }
    return render(request, "product/intake/page.html", context)
