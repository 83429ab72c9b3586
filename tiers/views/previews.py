"""Previews of a version: asked for, followed while workers are at it, read, and published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.lists.opening import id_of
from accounts.models import Tier
from common.charts import Chart, Series
from common.export import asked_format, chosen_table, export_response
from common.formatting import format_count, format_number
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.guards import revops_only, signed_in
from tiers.content import RuleSetError, read_content
from tiers.draft_forms import PreviewForm
from tiers.models import PreviewRow, PreviewRun, Publication, RuleSet
from tiers.preview.services import cancel_preview, request_preview
from tiers.preview.tables import SHOWN_REPEATED, offers_of, repeated, rows_of, told
from tiers.publication.services import cancel_publication, request_publication
from tiers.services import seen_of
from tiers.views.versions import rule_set_of, version_page

WHAT = "Previewing tier rules"
PUBLISHING = "Publishing tier rules"
PAGE = 50
LAST_PAGE = 20_000
LARGEST_ID = 2**63 - 1


@require_POST
@revops_only(WHAT)
def ask(request: HttpRequest, version: int) -> HttpResponse:
    """Ask for a preview and go to it."""
    found = rule_set_of(request, version)
    form = PreviewForm(request.POST, auto_id="preview_%s")
    if form.is_valid():
        try:
            run = request_preview(rule_set=found, by=signed_in(request), as_of=form.cleaned_data["as_of"])
        except RuleSetError as error:
            form.add_error(None, " ".join(f"{one.message} {one.remedy}" for one in error.problems[:3]))
        except ValidationError as error:
            form.add_error("as_of" if hasattr(error, "error_dict") else None, error.messages)
        else:
            return redirect("tiers:preview", run.pk)
    return version_page(request, found, read_content(found), status=422, preview=form)


@require_safe
@revops_only(WHAT)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a preview: how far it is, or what it found."""
    run = _run(pk)
    if run.state == PreviewRun.State.DONE and asked_format(request):
        return export_response(request, chosen_table(request, offers_of(run, request.GET.dict())))
    return _page(request, run)


@require_POST
@revops_only(WHAT)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a preview."""
    try:
        cancel_preview(run=_run(pk), by=signed_in(request))
    except ValidationError as error:
        messages.info(request, " ".join(error.messages))
    return redirect("tiers:preview", pk)


@require_POST
@revops_only(PUBLISHING)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Have what was previewed put in force, if the same moves still follow."""
    run = _run(pk)
    try:
        asked = request_publication(
            preview=run, by=signed_in(request), accepted=request.POST.get("accepted", "")
        )
    except VersionChangedError as error:
        run.rule_set.refresh_from_db()
        return _page(request, run, status=409, meanwhile=error)
    except RuleSetError as error:
        messages.error(request, " ".join(f"{one.message} {one.remedy}" for one in error.problems[:3]))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        return redirect("tiers:publication", asked.pk)
    return redirect("tiers:preview", pk)


@require_safe
@revops_only(PUBLISHING)
def publication(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a publication is, that everybody has moved, or what keeps it."""
    run = _publication(pk)
    found = run.summary or {}
    context = {
        "run": run,
        "preview": run.preview,
        "rule_set": run.rule_set,
        "found": found,
        "more": found.get("count", 0) - len(found.get("differences", ())),
    }
    return render_page(request, "tiers/publications/one.html", "tiers/publications/_one.html", context)


@require_POST
@revops_only(PUBLISHING)
def cancel_publishing(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a publication before it is decided."""
    try:
        cancel_publication(run=_publication(pk), by=signed_in(request))
    except ValidationError as error:
        messages.info(request, " ".join(error.messages))
    return redirect("tiers:publication", pk)


def _publication(pk: int) -> Publication:
    if pk > LARGEST_ID:
        raise Http404("There is no such publication.")
    listed = Publication.objects.select_related("rule_set", "preview", "requested_by")
    return get_object_or_404(listed, pk=pk)


def _run(pk: int) -> PreviewRun:
    if pk > LARGEST_ID:
        raise Http404("There is no such preview.")
    listed = PreviewRun.objects.select_related("rule_set", "requested_by", "rule_set__author")
    return get_object_or_404(listed, pk=pk)


def _page(request: HttpRequest, run: PreviewRun, status: int = 200, **more: Any) -> HttpResponse:
    is_done = run.state == PreviewRun.State.DONE
    is_current = run.seen == seen_of(run.rule_set)
    context: dict[str, Any] = {
        "run": run,
        "rule_set": run.rule_set,
        "is_current": is_current,
        "publication": run.publications.newest_first().first(),
        "can_publish": is_done
        and run.as_of is None
        and is_current
        and run.rule_set.state in (RuleSet.State.DRAFT, RuleSet.State.SCHEDULED),
        "is_today": run.on == today(),
        **more,
    }
    if is_done:
        context |= _results(request, run)
    return render_page(request, "tiers/previews/one.html", "tiers/previews/_one.html", context, status=status)


def _results(request: HttpRequest, run: PreviewRun) -> dict[str, Any]:
    summary = run.summary or {}
    chosen = request.GET.dict()
    place = min(id_of(chosen.get("page", "")) or 1, LAST_PAGE)
    first = (max(place, 1) - 1) * PAGE
    rows = list(rows_of(run, chosen)[first : first + PAGE + 1])
    labels = dict(Tier.objects.values_list("slug", "label"))
    moves = [one for one in summary["moves"] if one["outcome"] != "first"]
    outcomes = dict(PreviewRow.Outcome.choices)
    listed = repeated(run)
    return {
        "summary": summary,
        "numbers_on": _day(summary["numbers_on"]),
        "replay_from": _day(summary["replay_from"]),
        "exports": offers_of(run, chosen),
        "accounts": list(told(run, rows[:PAGE])),
        "next_url": _turned(request, place + 1) if len(rows) > PAGE else "",
        "previous_url": _turned(request, place - 1) if place > 1 else "",
        "moves": [
            {
                **one,
                "from_label": labels.get(one["from"], "no tier"),
                "to_label": labels.get(one["to"], ""),
                "when": outcomes.get(one["outcome"], one["outcome"]),
            }
            for one in summary["moves"]
        ],
        "tiers": [
            {**_changed(one), "label": labels.get(one["tier"], one["tier"])} for one in summary["tiers"]
        ],
        "load": [_changed(one) for one in summary["load"]],
        "roles": [_changed(one) for one in summary["roles"]],
        "terms": [
            {**one, "from_label": labels.get(one["from"], ""), "to_label": labels.get(one["to"], "")}
            for one in summary["terms"]
        ],
        "totals": {
            "up": _count(moves, {"now"}, 1),
            "down": _count(moves, {"now"}, -1),
            "waiting": _count(moves, {"grace", "dwell", "approval"}),
            "held": _count(moves, {"override", "refused"}),
            "first": _count(summary["moves"], {"first"}),
            "near": summary["near"],
        },
        "months": _months_chart(summary),
        "currency": settings.REPORTING_CURRENCY,
        "repeated": listed[:SHOWN_REPEATED],
        "repeated_more": max(0, len(listed) - SHOWN_REPEATED),
        "chosen": chosen,
        "outcomes": PreviewRow.Outcome.choices,
        "all_tiers": list(labels.items()),
    }


def _changed(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "change": one["after"] - one["before"]}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _count(moves: list[dict[str, Any]], outcomes: set[str], direction: int | None = None) -> int:
    return sum(
        one["accounts"]
        for one in moves
        if one["outcome"] in outcomes and direction in (None, one["direction"])
    )


def _turned(request: HttpRequest, page: int) -> str:
    asked = request.GET.copy()
    asked["page"] = str(page)
    return f"?{asked.urlencode()}#accounts"


def _months_chart(summary: Mapping[str, Any]) -> Chart:
    months = summary["months"]
    made = sum(one["up"] + one["down"] for one in months)
    happened = sum(one["really_up"] + one["really_down"] for one in months)
    return Chart(
        key="tiers-preview-months",
        kind="bar",
        title=f"{format_count(made, 'move')} in the year past by these rules, {format_number(happened)} in fact",
        categories=[f"{date.fromisoformat(one['month']):%b %Y}" for one in months],
        series=[
            Series(name="By these rules", values=[one["up"] + one["down"] for one in months]),
            Series(name="In fact", values=[one["really_up"] + one["really_down"] for one in months]),
        ],
        unit="moves",
        good="",
        empty="There are no stored numbers of two months in a row yet. Refresh the months past to see them.",
    )
