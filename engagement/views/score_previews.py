"""Previews of a version of a point model: asked for, followed, read, and published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.charts import Chart, Series
from common.export import asked_format, chosen_table, export_response
from common.formatting import format_number, format_percent
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from engagement.models import ScoreKind, ScoreModel, ScorePreview, ScorePublication
from engagement.scoring.analysis import Decile
from engagement.scoring.previews.publishing import request_score_publication
from engagement.scoring.previews.services import is_current, request_score_preview
from engagement.scoring.previews.tables import WAYS, offers_of, rows_of, told
from engagement.scoring.previews.work import MARK
from engagement.views.score_drafts import told_problems
from engagement.views.score_models import bars, differences_between, version_of
from engagement.views.scores import RATE_AXIS, spans
from metrics.runs.pages import cancel_asked
from people.access import request_access
from people.guards import revops_only, signed_in

M = TypeVar("M", bound=Model)
PUBLISHING = "Publishing score models"
WHAT = "Previewing score models"
PAGE = 50
LAST_PAGE = 20_000
LARGEST_ID = 2**63 - 1


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def ask(request: HttpRequest, kind: str, version: int) -> HttpResponse:
    """Ask for a preview of a version and go to it; without asking, go to the newest one there is."""
    model = version_of(request, kind, version)
    problems: list[str] = []
    if request.method == "POST":
        try:
            run = request_score_preview(model=model, by=signed_in(request))
        except VersionChangedError as error:
            messages.error(request, str(error))
            return redirect("engagement:score_model", kind)
        except ValidationError as error:
            problems = told_problems(model, error)
        else:
            return redirect("engagement:score_preview", run.pk)
    elif (newest := model.previews.newest_first().first()) is not None:
        return redirect("engagement:score_preview", newest.pk)
    context = {"model": model, "problems": problems, "is_draft": model.state == ScoreModel.State.DRAFT}
    return render(request, "engagement/previews/none.html", context, status=422 if problems else 200)


@require_safe
@revops_only(WHAT)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a preview: how far it is, or what it found."""
    run = _run(pk)
    way = request.GET.get("way", "")
    if run.state == ScorePreview.State.DONE and asked_format(request):
        return export_response(request, chosen_table(request, offers_of(run, way)))
    context: dict[str, Any] = {
        "run": run,
        "model": run.model,
        "in_force": run.in_force,
        "is_in_force": run.in_force_id == run.model_id,
        "is_draft": run.model.state == ScoreModel.State.DRAFT,
        "is_current": is_current(run),
        "publication": run.publications.newest_first().first(),
        "mark": MARK,
    }
    if run.state == ScorePreview.State.DONE:
        context |= _results(request, run, way if way in WAYS else "")
    return render_page(request, "engagement/previews/one.html", "engagement/previews/_one.html", context)


@require_POST
@revops_only(WHAT)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a preview."""
    cancel_asked(request, _run(pk))
    return redirect("engagement:score_preview", pk)


@require_POST
@revops_only(PUBLISHING)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a previewed draft put in force, if it still gives what was shown."""
    try:
        publication = request_score_publication(
            preview=_run(pk), by=signed_in(request), accepted=request.POST.get("accepted", "")
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        return redirect("engagement:score_publication", publication.pk)
    return redirect("engagement:score_preview", pk)


@require_safe
@revops_only(PUBLISHING)
def publication(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a publication is, that it is done, or what keeps it."""
    run = _publication(pk)
    changed = run.summary or {} if run.state == ScorePublication.State.FAILED else {}
    context = {
        "run": run,
        "preview": run.preview,
        "model": run.preview.model,
        "changed": changed,
        "more": changed.get("count", 0) - len(changed.get("differences", ())),
        "differences": [
            {**one, "previewed": Decimal(one["previewed"]), "now": Decimal(one["now"])}
            for one in changed.get("differences", ())
        ],
    }
    return render_page(
        request, "engagement/previews/publication.html", "engagement/previews/_publication.html", context
    )


@require_POST
@revops_only(PUBLISHING)
def cancel_publication(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a publication that isn't decided yet."""
    cancel_asked(request, _publication(pk))
    return redirect("engagement:score_publication", pk)


def _run(pk: int) -> ScorePreview:
    return _found(
        ScorePreview.objects.select_related(
            "model__author", "model__published_by", "in_force", "requested_by"
        ),
        pk,
    )


def _publication(pk: int) -> ScorePublication:
    return _found(ScorePublication.objects.select_related("preview__model", "requested_by"), pk)


def _found(listed: QuerySet[M], pk: int) -> M:
    if pk > LARGEST_ID:
        raise Http404("There is no such run.")
    return get_object_or_404(listed, pk=pk)


def _results(request: HttpRequest, run: ScorePreview, way: str) -> dict[str, Any]:
    summary = run.summary or {}
    page = request.GET.get("page", "")
    place = max(1, min(int(page), LAST_PAGE)) if page.isascii() and page.isdecimal() else 1
    first = (place - 1) * PAGE
    rows = list(rows_of(run, way)[first : first + PAGE + 1])
    rates = summary["rates"]
    before, after = (_deciles(rates[side]) for side in ("before", "after"))
    label = ScoreKind(run.model.kind).label
    return {
        "summary": summary,
        "spread": _spread(summary, run.model, run.in_force),
        "rates": [
            _rates(side, deciles, label)
            for side, deciles in ((run.in_force, before), (run.model, after))
            if side is not None
        ],
        "compared": rates,
        "title_deals": _finding(before, after),
        "differences": differences_between(run.in_force, run.model, request_access(request))
        if run.in_force
        else [],
        "movers": list(told(run, rows[:PAGE])),
        "way": way,
        "ways": WAYS,
        "exports": offers_of(run, way) if rows else [],
        "next_url": _turned(request, place + 1) if len(rows) > PAGE else "",
        "previous_url": _turned(request, place - 1) if place > 1 else "",
    }


def _turned(request: HttpRequest, page: int) -> str:
    asked = request.GET.copy()
    asked["page"] = str(page)
    return f"?{asked.urlencode()}#accounts"


def _deciles(rows: Sequence[Mapping[str, str]]) -> list[Decile]:
    return [
        Decile(
            place=int(row["place"]),
            least=Decimal(row["least"]),
            most=Decimal(row["most"]),
            deals=int(row["deals"]),
            won=int(row["won"]),
        )
        for row in rows
    ]


def _spread(found: Mapping[str, Any], model: ScoreModel, in_force: ScoreModel | None) -> Chart:
    series = [Series(name=f"Version {model.version}", values=found["after"], tone="accent")]
    if in_force is not None and in_force != model:
        series.insert(
            0, Series(name=f"Version {in_force.version}, in force", values=found["before"], tone="muted")
        )
    moved = found["risen"] + found["fallen"]
    return Chart(
        key=f"engagement.preview-{model.pk}",
        kind="bar",
        title=f"{format_number(found['risen'])} accounts would rise and {format_number(found['fallen'])} fall"
        if moved
        else "No score would change",
        categories=bars(),
        series=series,
        unit="accounts",
        category_label="Points",
    )


def _rates(side: ScoreModel, deciles: Sequence[Decile], label: str) -> Chart:
    title = f"Version {side.version}: no decided deal to compare"
    if deciles:
        low, high = (format_percent(one.win_rate, 0) for one in (deciles[0], deciles[-1]))
        title = f"Version {side.version}: {low} won at the bottom, {high} at the top"
    chart = Chart(
        key=f"engagement.preview-rates-{side.pk}",
        kind="bar",
        title=title,
        categories=spans(deciles),
        series=[Series(name="Win rate", values=[one.win_rate for one in deciles])] if deciles else [],
        unit="ratio",
        category_label=f"{label} before it was opened",
        extra=RATE_AXIS,
        empty="Opportunities arrive from the CRM.",
    )
    return replace(chart, height="sm")


def _finding(before: Sequence[Decile], after: Sequence[Decile]) -> str:
    """Return which version sets winners further apart, as the span from the lowest scores to the highest."""
    if not before or not after:
        return ""
    now, then = (side[-1].win_rate - side[0].win_rate for side in (before, after))
    if round(now, 2) == round(then, 2):
        return "Both versions tell winners from losers equally well."
    better = "better" if then > now else "worse"
    return (
        f"It would tell winners from losers {better}: the highest scores win {_apart(then)} than the lowest, "
        f"by the version in force {_apart(now)}."
    )


def _apart(span: Decimal) -> str:
    return f"{format_number(abs(span) * 100, 0)} points {'more' if span >= 0 else 'less'} often"
