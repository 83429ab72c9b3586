"""Take back a batch or an import: first what it would do, then the deed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from people.guards import revops_only, signed_in
from sync.files.services import WrongStateError
from sync.models import Batch, Undoing
from sync.pipeline.batch import CREATED, UPDATED
from sync.undoing.imports import UNDOABLE, begin_undo, blocks_to_undo
from sync.undoing.services import CannotUndoError, preview_undo, undo_batch, why_not
from sync.views.imports.shared import found, go_on

WHAT = "Taking a batch back"
# Each batch is done and undone for its preview, which takes its time; of a large import the last ones stand for all.
PREVIEWED = 2
INLINE_BATCHES = 2


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def undo_one_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what taking a batch back would do, and do it."""
    batch = get_object_or_404(Batch.objects.select_related("source"), pk=pk)
    reason = why_not(batch)
    if request.method == "POST" and not reason:
        try:
            undoing = undo_batch(batch=batch, by=signed_in(request))
        except CannotUndoError as error:
            reason = str(error)
        else:
            messages.success(request, _told(undoing))
            return redirect("sync:batch", pk=pk)
    context: dict[str, Any] = {"batch": batch, "reason": reason}
    if not reason:
        context["undoing"] = preview_undo(batch=batch)
    return render(request, "sync/imports/undo.html", context, status=409 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def undo_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what taking an import back would do, and begin with it."""
    imported = found(pk)
    reason = ""
    if request.method == "POST":
        try:
            begin_undo(imported=imported, by=signed_in(request))
        except (CannotUndoError, WrongStateError) as error:
            reason = str(error)
        else:
            go_on(request, imported, inline=blocks_to_undo(imported).count() <= INLINE_BATCHES)
            return redirect("sync:import", pk=pk)
    blocks = list(blocks_to_undo(imported).select_related("batch__source")[: PREVIEWED + 1])
    if imported.state not in UNDOABLE:
        reason = reason or f"This can't be done now: the import is at “{imported.get_state_display()}”."
    elif not blocks:
        reason = reason or "Nothing of it came in, or all of it was taken back already."
    else:
        reason = reason or why_not(blocks[0].batch)
    context: dict[str, Any] = {"imported": imported, "reason": reason}
    if not reason and len(blocks) <= PREVIEWED:
        context["undoing"] = _sum([preview_undo(batch=block.batch) for block in blocks])
    elif not reason:
        context["created"] = imported.counts.get(CREATED, 0)
        context["updated"] = imported.counts.get(UPDATED, 0)
    return render(request, "sync/imports/undo.html", context, status=409 if request.method == "POST" else 200)


def _sum(parts: list[Undoing]) -> Undoing:
    return Undoing(
        restored=sum(part.restored for part in parts),
        removed=sum(part.removed for part in parts),
        forgotten=sum(part.forgotten for part in parts),
        conflicts=[conflict for part in parts for conflict in part.conflicts],
        conflict_count=sum(part.conflict_count for part in parts),
    )


def _told(undoing: Undoing) -> str:
    done = f"Taken back: {undoing.restored:,} given back what they held, {undoing.removed:,} removed."
    if undoing.conflict_count:
        done += f" {undoing.conflict_count:,} left as they are, since they have changed since."
    return done
