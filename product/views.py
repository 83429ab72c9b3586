"""The page on the intake of events."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from people.access import request_access, require
from people.functions import Function
from people.guards import is_revops, whom_to_ask
from people.models import Category
from product.ingest.overview import DAYS, SourceIntake, sources_intake, unmatched_groups, waiting_totals
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
    sources, groups = sources_intake(), unmatched_groups()
    exports = [
        Offer("sources", "By source", lambda: _sources_table(sources)),
        *([Offer("groups", "Groups that match no account", _groups_table)] if groups else []),
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    held = months()
    context = {
        "exports": exports,
        "sources": sources,
        "days": DAYS,
        "groups": groups,
        "totals": waiting_totals(),
        "host": request.build_absolute_uri("/").rstrip("/"),
        "months": held,
        "retired": RetiredMonth.objects.count(),
        "keep_months": settings.EVENTS_KEEP_MONTHS,
        "may_issue_keys": is_revops(request),
    }
    return render(request, "product/intake/page.html", context)


def _sources_table(sources: list[SourceIntake]) -> Table:
    """Return what each source delivered in the days shown."""
    return table_of(
        "event-intake",
        sources,
        [
            ("source", "Source", lambda each: each.slug),
            ("name", "Name", lambda each: each.name),
            ("last_at", "Last call", lambda each: each.last_at),
            ("today", "Today", lambda each: each.today),
            ("created", "Counted", lambda each: each.created),
            ("repeated", "Came again", lambda each: each.repeated),
            ("rejected", "Rejected", lambda each: each.rejected),
            ("waiting", "Waiting now", lambda each: each.waiting),
        ],
    )


def _groups_table() -> Table:
    """Return every group that matches no account."""
    return table_of(
        "unmatched-groups",
        unmatched_groups(most=None),
        [
            ("group", "Group id", lambda each: each.key),
            ("name", "Name", lambda each: each.name),
            ("source", "Source", lambda each: each.source),
            ("events", "Events waiting", lambda each: each.events),
            ("first_at", "First", lambda each: each.first_at),
            ("last_at", "Last", lambda each: each.last_at),
            ("claims", "Accounts that claim it", lambda each: each.claims),
        ],
    )
