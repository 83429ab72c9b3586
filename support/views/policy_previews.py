"""Previews of policies: asked for, followed, read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import Offer, asked_format, chosen_table, export_response
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from metrics.runs.pages import cancel_asked
from people.guards import signed_in
from support.models import PolicyPreview
from support.policies.previews.reading import (
    WAYS,
    by_metric,
    by_tier_and_priority,
    changed_rows,
    changed_table,
    shown_rows,
    tallies_table,
)
from support.policies.previews.services import is_current, request_policy_preview
from support.views.policies import editors_only, version_of
from support.views.policy_drafts import named_problems

PAGE = 50
LAST_PAGE = 20_000
LARGEST_ID = 2**63 - 1


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def policy_preview_new(request: HttpRequest, version: int) -> HttpResponse:
    """Ask for a preview of a version and go to it; without asking, go to the newest one there is."""
    held = version_of(request, version)
    problems: list[str] = []
    if request.method == "POST":
        try:
            run = request_policy_preview(version=held, by=signed_in(request))
        except VersionChangedError as error:
            messages.error(request, str(error))
            return redirect("support:policies")
        except ValidationError as error:
            problems = named_problems(held, error.message_dict)
        else:
            return redirect("support:policy_preview", run.pk)
    elif (newest := held.previews.newest_first().first()) is not None:
        return redirect("support:policy_preview", newest.pk)
    context = {"held": held, "problems": problems}
    return render(request, "support/policies/no_preview.html", context, status=422 if problems else 200)


@require_safe
@editors_only
def policy_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a preview: how far it is, or what it found."""
    run = _run(pk)
    way = request.GET.get("way", "")
    way = way if way in WAYS else ""
    is_done = run.state == PolicyPreview.State.DONE
    if is_done and asked_format(request):
        return export_response(request, chosen_table(request, _offers(run, way)))
    context: dict[str, Any] = {"run": run, "held": run.policy_set, "is_current": is_current(run)}
    if is_done:
        context |= _results(request, run, way)
    page = ("support/policies/preview.html", "support/policies/_preview.html")
    return render_page(request, *page, context)


@require_POST
@editors_only
def policy_preview_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a preview."""
    cancel_asked(request, _run(pk))
    return redirect("support:policy_preview", pk)


def _run(pk: int) -> PolicyPreview:
    if pk > LARGEST_ID:
        raise Http404("There is no such preview.")
    return get_object_or_404(
        PolicyPreview.objects.select_related("policy_set", "in_force", "requested_by"), pk=pk
    )


def _offers(run: PolicyPreview, way: str) -> list[Offer]:
    name = f"support-policy-preview-{run.pk}"
    return [
        Offer("counts", "By tier and priority", lambda: tallies_table(run, name)),
        Offer("tickets", "Tickets that change", lambda: changed_table(changed_rows(run, way), name)),
    ]


def _results(request: HttpRequest, run: PolicyPreview, way: str) -> dict[str, Any]:
    page = request.GET.get("page", "")
    place = max(1, min(int(page), LAST_PAGE)) if page.isascii() and page.isdecimal() and len(page) < 9 else 1
    first = (place - 1) * PAGE
    rows = list(changed_rows(run, way)[first : first + PAGE + 1])
    return {
        "tickets": (run.summary or {}).get("tickets", 0),
        "metrics": by_metric(run),
        "tallies": by_tier_and_priority(run),
        "rows": shown_rows(rows[:PAGE]),
        "way": way,
        "ways": {key: label for key, (label, _) in WAYS.items()},
        "exports": _offers(run, way),
        "next_url": _turned(request, place + 1) if len(rows) > PAGE else "",
        "previous_url": _turned(request, place - 1) if place > 1 else "",
    }


def _turned(request: HttpRequest, page: int) -> str:
    asked = request.GET.copy()
    asked["page"] = str(page)
    return f"?{asked.urlencode()}#tickets"
