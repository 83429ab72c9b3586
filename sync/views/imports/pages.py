"""The list of imports, the upload, and the page of one import, which shows the step it is at."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import asked_format, export_response
from common.htmx import render_page
from common.pagination import read_page
from people.guards import revops_only, signed_in
from sync.files.forms import UploadForm
from sync.files.report import rejected_table, report_page, rows_table
from sync.files.services import (
    WrongStateError,
    begin_import,
    create_import,
    discard_import,
    stop_import,
)
from sync.models import Import, PendingRecord
from sync.pipeline.batch import REJECTED, STATUSES
from sync.registry import resources
from sync.tables import imports_table
from sync.undoing.imports import UNDOABLE
from sync.views.imports.columns import columns_context
from sync.views.imports.shared import INLINE_BYTES, STEPS, WHAT, found, go_on

STEP_OF = {
    Import.State.READING: "file",
    Import.State.UNREADABLE: "file",
    Import.State.MAPPING: "columns",
    Import.State.CHECKING: "check",
    Import.State.CHECKED: "check",
}


@require_safe
@revops_only(WHAT)
def imports(request: HttpRequest) -> HttpResponse:
    """List the files that people have brought, newest first."""
    every = Import.objects.select_related("source", "created_by")
    order = ("-created_at", "-pk")
    if asked_format(request):
        return export_response(request, imports_table(every.order_by(*order)))
    return render(request, "sync/imports/list.html", {"page": read_page(request, every, order)})


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def new_import(request: HttpRequest) -> HttpResponse:
    """Take a file."""
    initial = {
        "resource": request.GET.get("resource", "accounts"),
        "source": request.GET.get("source", "csv"),
    }
    form = UploadForm(request.POST or None, request.FILES or None, initial=initial)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            imported = create_import(
                source=form.cleaned_data["source"],
                resource=form.cleaned_data["resource"],
                file_name=file.name,
                pieces=file.chunks(),
                by=signed_in(request),
            )
        except ValidationError as error:
            form.add_errors(error)
        else:
            go_on(request, imported, inline=imported.size <= INLINE_BYTES)
            return redirect("sync:import", pk=imported.pk)
    context = {"form": form, "steps": STEPS, "step": "file", "sources": form.known_sources()}
    return render(request, "sync/imports/new.html", context, status=422 if form.is_bound else 200)


@require_safe
@revops_only(WHAT)
def one_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an import at the step where it is; asks again by itself while a worker is at it."""
    imported = found(pk)
    context: dict[str, Any] = {
        "imported": imported,
        "resource": resources[imported.resource],
        "steps": STEPS,
        "step": STEP_OF.get(Import.State(imported.state), "report"),
        "can_undo": imported.state in UNDOABLE,
    }
    if imported.state == Import.State.MAPPING:
        context |= columns_context(imported)
    elif imported.state == Import.State.UNREADABLE:
        context |= {"reading": imported.reading}
    elif imported.state not in (Import.State.READING, Import.State.CHECKING):
        if asked_format(request):
            return export_response(request, rows_table(imported, _status(request)))
        context |= _report(request, imported)
    return render_page(request, "sync/imports/one.html", "sync/imports/_one.html", context)


def _report(request: HttpRequest, imported: Import) -> dict[str, Any]:
    counts = imported.expected if imported.state == Import.State.CHECKED else imported.counts
    status = _status(request)
    if imported.is_busy:
        return {"counts": counts}
    page = report_page(imported, status, after=_number(request, "after"), before=_number(request, "before"))
    batches = imported.blocks.exclude(batch=None)
    return {
        "counts": counts,
        "tabs": [("", "All", sum(counts.values()))]
        + [(each, each.capitalize(), counts[each]) for each in STATUSES if counts.get(each)],
        "show": status,
        "report": page,
        "acceptable": sum(number for name, number in counts.items() if name != REJECTED),
        "still_waiting": PendingRecord.objects.waiting().filter(batch__in=batches.values("batch")).count(),
        "batches": list(batches.order_by("position").values_list("batch_id", flat=True)[:100]),
    }


def _status(request: HttpRequest) -> str:
    asked = request.GET.get("show", "")
    return asked if asked in STATUSES else ""


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@require_POST
@revops_only(WHAT)
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin with the import, or go on where it was stopped."""
    imported = found(pk)
    try:
        begin_import(imported=imported, seen=request.POST.get("seen", ""))
    except (WrongStateError, ValidationError) as error:
        _tell(request, error)
    else:
        go_on(request, imported, inline=False)
    return redirect("sync:import", pk=pk)


@require_POST
@revops_only(WHAT)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop before the next block."""
    imported = found(pk)
    try:
        stop_import(imported=imported)
    except WrongStateError as error:
        _tell(request, error)
    return redirect("sync:import", pk=pk)


@require_POST
@revops_only(WHAT)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw an import away that has brought nothing in."""
    imported = found(pk)
    try:
        discard_import(imported=imported)
    except WrongStateError as error:
        _tell(request, error)
        return redirect("sync:import", pk=pk)
    messages.success(request, f"{imported.file_name} was thrown away. Nothing of it came in.")
    return redirect("sync:imports")


@require_safe
@revops_only(WHAT)
def rejected(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the refused rows as a file, with the reason in the last column."""
    imported = found(pk)
    return export_response(request, rejected_table(imported))


def _tell(request: HttpRequest, error: WrongStateError | ValidationError) -> None:
    text = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    messages.error(request, text)
