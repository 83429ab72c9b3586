"""Batches: what came in, and what became of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from common.export import Offer, asked_format, chosen_table, export_response
from common.pagination import read_page
from people.guards import revops_only
from sync.listing import (
    OUTCOMES,
    Filters,
    list_context,
)
from sync.models import Batch, Change, Import, PendingRecord, Undoing
from sync.tables import batches_table, changes_table, external_ids, left_table, rejects_table
from sync.undoing.services import why_not
from sync.views.example import curl_example

CHANGES_SHOWN = 50
LONG_VALUE = 60
WHAT = "What came in by sync"


@require_safe
@revops_only(WHAT)
def batches(request: HttpRequest) -> HttpResponse:
    """List batches, newest first; ``?source=``, ``?resource=`` and ``?kind=`` (an outcome) narrow it."""
    filters = Filters.from_params(request.GET, OUTCOMES)
    found = filters.narrow(Batch.objects.select_related("source"))
    if asked_format(request):
        return export_response(request, batches_table(found.order_by("-received_at", "-pk")))
    context = {
        **list_context(request, filters, "Outcome"),
        "page": read_page(request, found, ("-received_at", "-pk")),
        "curl": curl_example(request),
    }
    return render(request, "sync/batches.html", context)


@require_safe
@revops_only(WHAT)
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one batch: its counts, the refused records with their errors, and what it changed."""
    found = get_object_or_404(Batch.objects.select_related("source", "client", "by"), pk=pk)
    total = found.created + found.updated + found.unchanged + found.stale + found.pending + found.rejected
    changes = list(Change.objects.filter(batch=found).order_by("pk")[: CHANGES_SHOWN + 1])
    shown = changes[:CHANGES_SHOWN]
    errors = [_error(entry) for entry in found.errors]
    undoing = Undoing.objects.select_related("undone_by").filter(batch=found).first()
    exports = _exports(found, errors, undoing, has_changes=bool(shown))
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    ids = external_ids(found, [change.object_id for change in shown])
    context = {
        "exports": exports,
        "batch": found,
        "total": total,
        "rate": total / found.seconds if found.seconds else None,
        "errors": errors,
        "changes": [(change, ids.get(change.object_id, ""), _fields(change)) for change in shown],
        "has_more_changes": len(changes) > CHANGES_SHOWN,
        "still_waiting": PendingRecord.objects.waiting().filter(batch=found).count(),
        "undoing": undoing,
        "can_undo": not why_not(found),
        "file": Import.objects.filter(blocks__batch=found).first(),
    }
    return render(request, "sync/batch.html", context)


def _exports(
    found: Batch, errors: list[dict[str, Any]], undoing: Undoing | None, *, has_changes: bool
) -> list[Offer]:
    """Return the lists of the page that hold something."""
    offers = []
    if undoing is not None and (left := undoing.conflicts):
        offers.append(Offer("left", "Left as they are", lambda: left_table(f"batch-{found.pk}-left", left)))
    if errors:
        offers.append(Offer("rejected", "Rejected records", lambda: rejects_table(found, errors)))
    if has_changes:
        offers.append(Offer("changes", "What it changed", lambda: changes_table(found)))
    return offers


def _error(entry: Any) -> dict[str, Any]:
    """Return one refused record for the page, whatever an older version stored."""
    if not isinstance(entry, dict):
        return {"index": None, "external_id": "", "errors": [{"detail": str(entry)}]}
    return {
        "index": entry.get("index"),
        "external_id": entry.get("external_id") or "",
        "errors": [error for error in entry.get("errors") or [] if isinstance(error, dict)],
    }


def _fields(change: Change) -> list[tuple[str, str, str]]:
    """Return (field, before, after) of a change, long values cut."""
    before, after = change.before or {}, change.after or {}
    names = dict.fromkeys([*after, *before])
    return [(name, _short(before.get(name)), _short(after.get(name))) for name in names]


def _short(value: Any) -> str:
    text = "nothing" if value is None or value in ("", {}, []) else str(value)
    return text if len(text) <= LONG_VALUE else f"{text[:LONG_VALUE]}…"
