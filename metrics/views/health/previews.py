"""Previews of a version: asked for, followed, read, and published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import HealthBand
from common.charts import Chart, Series
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.formatting import format_count, format_number
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from metrics.health.previews.services import (
    LONGEST_NOTE,
    is_current,
    publish_previewed,
    request_health_preview,
)
from metrics.health.previews.tables import NOT_SCORED, WAYS, movers_table, rows_of, told
from metrics.health.shown import differences_shown, told_problems
from metrics.models import HealthModel, HealthPreview
from metrics.runs.pages import cancel_asked
from metrics.views.health.models import BANDS, LARGEST_ID, TONES, version_of
from people.access import Access, request_access
from people.guards import revops_only, signed_in

WHAT, PUBLISHING = "Previewing health models", "Publishing health models"
PAGE = 50
LAST_PAGE = 20_000


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def health_preview_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a preview of a version and go to it; without asking, go to the newest one there is."""
    model = version_of(request, pk)
    problems: list[str] = []
    if request.method == "POST":
        try:
            run = request_health_preview(model=model, by=signed_in(request))
        except VersionChangedError as error:
            messages.error(request, str(error))
            return redirect("metrics:health_models")
        except ValidationError as error:
            problems = told_problems(model, error.message_dict)
        else:
            return redirect("metrics:health_preview", run.pk)
    elif (newest := model.previews.newest_first().first()) is not None:
        return redirect("metrics:health_preview", newest.pk)
    context = {"model": model, "problems": problems, "is_draft": model.is_draft}
    return render(request, "metrics/health/no_preview.html", context, status=422 if problems else 200)


@require_safe
@revops_only(WHAT)
def health_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a preview: how far it is, or what it found."""
    return _show(request, _run(pk))


@require_POST
@revops_only(WHAT)
def health_preview_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a preview."""
    cancel_asked(request, _run(pk))
    return redirect("metrics:health_preview", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(PUBLISHING)
def health_preview_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Put in force what was previewed, with a note that says why."""
    run = _run(pk)
    if request.method != "POST":
        return redirect("metrics:health_preview", pk)
    try:
        model = publish_previewed(preview=run, by=signed_in(request), note=request.POST.get("note", ""))
    except VersionChangedError as error:
        messages.error(request, str(error))
        return redirect("metrics:health_preview", pk)
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            messages.error(request, " ".join(error.messages))
            return redirect("metrics:health_preview", pk)
        refused = error.message_dict.pop("note", [])
        problems = told_problems(run.model, {k: v for k, v in error.message_dict.items() if k != "note"})
        return _show(request, run, note_errors=refused, problems=problems, status=422)
    messages.success(
        request,
        f"{model} of {model.scope} is in force. Scores follow it from the next refresh; past days stay.",
    )
    return redirect("metrics:health_version", model.pk)


def _show(
    request: HttpRequest,
    run: HealthPreview,
    *,
    note_errors: Sequence[str] = (),
    problems: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    access = request_access(request)
    way = request.GET.get("way", "")
    way = way if way in WAYS else ""
    is_done = run.state == HealthPreview.State.DONE
    if is_done and asked_format(request) and request.method != "POST":
        return export_response(request, chosen_table(request, _offers(run, way, access)))
    context: dict[str, Any] = {
        "run": run,
        "model": run.model,
        "in_force": run.in_force,
        "is_draft": run.model.is_draft,
        "is_retired": run.model.state == HealthModel.State.RETIRED,
        "is_current": is_current(run),
        "note": request.POST.get("note", run.model.note if run.model.is_draft else ""),
        "longest_note": LONGEST_NOTE,
        "note_errors": note_errors,
        "problems": problems,
    }
    if is_done:
        context |= _results(request, run, way)
    page = ("metrics/health/preview.html", "metrics/health/_preview.html")
    return render_page(request, *page, context, status=status)


def _run(pk: int) -> HealthPreview:
    if pk > LARGEST_ID:
        raise Http404("There is no such preview.")
    found = HealthPreview.objects.select_related("model__tier", "model__author", "in_force", "requested_by")
    return get_object_or_404(found, pk=pk)


def _results(request: HttpRequest, run: HealthPreview, way: str) -> dict[str, Any]:
    access = request_access(request)
    summary: Mapping[str, Any] = run.summary or {}
    page = request.GET.get("page", "")
    place = max(1, min(int(page), LAST_PAGE)) if page.isascii() and page.isdecimal() and len(page) < 9 else 1
    first = (place - 1) * PAGE
    rows = list(rows_of(run, way)[first : first + PAGE + 1])
    moves = summary["moves"]
    numbers = sum(one["numbers"] for one in moves)
    change = sum((Decimal(one["change"]) for one in moves), Decimal(0))
    return {
        "accounts": sum(one["accounts"] for one in moves),
        "bands": sum(one["bands"] for one in moves),
        "risen": sum(one["risen"] for one in moves),
        "fallen": sum(one["fallen"] for one in moves),
        "mean": change / numbers if numbers else None,
        "lost": _count(moves, lambda old, new: new == "unknown" != old),
        "gained": _count(moves, lambda old, new: old == "unknown" != new),
        "matrix": _matrix(moves),
        "columns": _names(moves, "after_band"),
        "chart": _bands(moves),
        "tiers": _tiers(summary["tiers"]),
        "taken": _taken(run, summary["models"]),
        "differences": differences_shown(run.in_force, run.model, access) if run.in_force else [],
        "movers": list(told(run, rows[:PAGE], access)),
        "way": way,
        "ways": WAYS,
        "exports": [one for one in _offers(run, way, access) if (rows if one.key == "movers" else moves)],
        "next_url": _turned(request, place + 1) if len(rows) > PAGE else "",
        "previous_url": _turned(request, place - 1) if place > 1 else "",
    }


def _offers(run: HealthPreview, way: str, access: Access) -> list[Offer]:
    summary: Mapping[str, Any] = run.summary or {}
    return [
        Offer("bands", "From which band to which", lambda: _bands_table(run, summary["moves"])),
        Offer("tiers", "By tier", lambda: _tiers_table(run, _tiers(summary["tiers"]))),
        Offer("movers", "Accounts that it changes", lambda: movers_table(run, way, access)),
    ]


def _bands_table(run: HealthPreview, moves: Sequence[Mapping[str, Any]]) -> Table:
    return table_of(
        f"health-preview-{run.pk}-bands",
        moves,
        [
            ("before_band", "Band now", lambda one: _label(one["before_band"])),
            ("after_band", "Band then", lambda one: _label(one["after_band"])),
            ("accounts", "Accounts", lambda one: one["accounts"]),
        ],
    )


def _tiers_table(run: HealthPreview, tiers: Sequence[Mapping[str, Any]]) -> Table:
    return table_of(
        f"health-preview-{run.pk}-tiers",
        tiers,
        [
            ("tier", "Tier", lambda one: one["name"]),
            ("accounts", "Accounts", lambda one: one["accounts"]),
            ("bands", "Change band", lambda one: one["bands"]),
            ("risen", "Rise", lambda one: one["risen"]),
            ("fallen", "Fall", lambda one: one["fallen"]),
            ("mean", "Mean change", lambda one: one["mean"]),
        ],
    )


def _turned(request: HttpRequest, page: int) -> str:
    asked = request.GET.copy()
    asked["page"] = str(page)
    return f"?{asked.urlencode()}#accounts"


def _count(moves: Sequence[Mapping[str, Any]], is_one: Any) -> int:
    return sum(one["accounts"] for one in moves if is_one(one["before_band"], one["after_band"]))


def _label(band: str) -> str:
    return HealthBand(band).label if band else NOT_SCORED.capitalize()


def _names(moves: Sequence[Mapping[str, Any]], side: str) -> list[str]:
    held = {one[side] for one in moves}
    return [_label(band) for band in (*BANDS, "") if band or band in held]


def _matrix(moves: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return from which band to which accounts go, a row for each band before."""
    counts = {(one["before_band"], one["after_band"]): one["accounts"] for one in moves}
    befores, afters = ({one[side] for one in moves} for side in ("before_band", "after_band"))
    return [
        {
            "name": _label(before),
            "cells": [
                {"name": _label(after), "count": counts.get((before, after), 0), "is_same": before == after}
                for after in (*BANDS, "")
                if after or after in afters
            ],
        }
        for before in (*BANDS, "")
        if before or before in befores
    ]


def _bands(moves: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw how many accounts are in each band now and then."""
    sides: dict[str, dict[str, int]] = {"before_band": {}, "after_band": {}}
    for one in moves:
        for side, held in sides.items():
            held[one[side]] = held.get(one[side], 0) + one["accounts"]
    changed = sum(one["bands"] for one in moves)
    return Chart(
        key="health-preview-bands",
        kind="stacked",
        title=f"{format_count(changed, 'account')} would change band"
        if changed
        else "Nobody would change band",
        categories=["Now", "Then"],
        series=[
            Series(
                name=band.label,
                values=[held.get(band.value, 0) for held in sides.values()],
                tone=TONES[band],
            )
            for band in BANDS
        ],
        unit="accounts",
        category_label="Model",
        height="sm",
        extra={"horizontal": True},
        empty="No account is scored by it.",
    )


def _tiers(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the same by tier, the highest first, accounts without one last."""
    return [
        {
            **row,
            "name": row["tier__label"] or "Without a tier",
            "mean": Decimal(row["change"]) / row["numbers"] if row["numbers"] else None,
        }
        for row in sorted(rows, key=lambda row: (row["tier__rank"] is None, row["tier__rank"] or 0))
    ]


def _taken(run: HealthPreview, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which accounts would be scored by another model, in sentences."""
    pks = {pk for row in rows for pk in (row["before_model"], row["after_model"]) if pk}
    models = {one.pk: one for one in HealthModel.objects.filter(pk__in=pks).select_related("tier")}
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        sides = [models.get(row[side]) for side in ("before_model", "after_model")]
        old, new = (one.scope if one else "" for one in sides)
        if old != new:
            found[old, new] = found.get((old, new), 0) + row["accounts"]
    return [
        f"{format_count(count, 'account')} from the model of {old} to that of {new}"
        if old and new
        else f"{format_number(count)} that no model scores now"
        if new
        else f"{format_count(count, 'account')} of {old} would be scored by none"
        for (old, new), count in sorted(found.items(), key=lambda pair: -pair[1])
    ]
