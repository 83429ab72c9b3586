"""The audit of the configuration: every change with its author, and taking one back."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.export import asked_format, export_response
from people.access import request_access, require
from people.configuration.history import Save, find_save
from people.configuration.overview import settings_parts, settings_table
from people.configuration.reading import (
    COMMAND_LINE_KEY,
    Search,
    audit_table,
    authors,
    closed_sections,
    tracked_sections,
)
from people.configuration.restoring import CannotRestoreError, plan_restoration, restore
from people.guards import revops_only, signed_in

WHAT = "The history of the configuration"
LINES_SHOWN = 6


@require_safe
@revops_only("Settings")
def settings(request: HttpRequest) -> HttpResponse:
    """List every part of the configuration with who changed it last, its page and its history."""
    parts = settings_parts(request_access(request))
    if asked_format(request):
        return export_response(request, settings_table(parts))
    return render(request, "people/configuration/settings.html", {"parts": parts})


@require_safe
@revops_only(WHAT)
def audit(request: HttpRequest) -> HttpResponse:
    """List what was changed, newest first; ``?section=``, ``?person=`` and ``?day=`` narrow it."""
    access = request_access(request)
    search = Search.from_params(request.GET, access)
    if asked_format(request):
        return export_response(request, audit_table(search))
    saves, after = search.page()
    context = {
        "saves": saves,
        "lines_shown": LINES_SHOWN,
        "next_url": _with(request.GET, after) if after else "",
        "first_url": _with(request.GET, "") if search.after else "",
        "search": search,
        "sections": tracked_sections(access),
        "closed": closed_sections(access),
        "people": authors(),
        "command_line": COMMAND_LINE_KEY,
    }
    return render(request, "people/configuration/audit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Taking back changes of the configuration")
def restore_save(request: HttpRequest, section: str, model: str, event: int) -> HttpResponse:
    """Show what taking one save back would do; POST does it."""
    save = _save(section, model, event)
    if save.section.category is not None:
        require(request_access(request), save.section.category)
    if request.method == "POST":
        try:
            restore(save=save, by=signed_in(request))
        except CannotRestoreError as error:
            plan = plan_restoration(save)
            reasons = error.reasons or plan.problems
            return _preview(request, save, reasons=list(reasons), status=409)
        messages.success(request, "It is taken back. That is a change of its own, and can be taken back too.")
        return redirect("people:configuration")
    return _preview(request, save)


def _preview(
    request: HttpRequest, save: Save, *, reasons: list[str] | None = None, status: int = 200
) -> HttpResponse:
    plan = plan_restoration(save)
    context = {"save": save, "plan": plan, "reasons": reasons or plan.problems}
    return render(request, "people/configuration/restore.html", context, status=status)


def _save(section: str, model: str, event: int) -> Save:
    known = next((each for each in tracked_sections() if each.key == section), None)
    if known is not None and event < 2**31:
        for tracked in known.tracks:
            if tracked.model._meta.model_name == model:
                found = find_save(known, tracked, event)
                if found is not None:
                    return found
    raise Http404("There is no such change.")


def _with(params: QueryDict, after: str) -> str:
    kept = params.copy()
    kept.pop("after", None)
    if after:
        kept["after"] = after
    return f"?{kept.urlencode()}"
