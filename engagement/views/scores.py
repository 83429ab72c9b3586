"""Scores of many accounts: fit against intent, win rate by decile, and the models behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.lenses.doubts import doubt_of, doubts_on
from common.asof import requested_as_of
from common.charts import Chart, Series
from common.export import asked_format, export_response, with_remarks
from common.formatting import format_number, format_percent
from common.htmx import render_page
from engagement.models import ScoreKind, ScoreModel
from engagement.scoring.analysis import (
    DECIDED_DAYS,
    Decile,
    Mark,
    WinRates,
    marks_of,
    newest_scores,
    win_rates,
)
from engagement.scoring.charts import POPULATIONS, marks_table, scatter
from engagement.scoring.explain import METRICS
from people.access import request_access, require
from people.guards import is_revops
from people.models import Category, User

SHOWN = ("engagement.fit_score", "engagement.intent_score")
RATE_AXIS = {"min": 0, "max": 1}


@require_safe
def scores(request: HttpRequest) -> HttpResponse:
    """Show who fits and wants to buy, and whether the scores tell who does (``?of=``, ``?mine=1``, ``?by=``)."""
    assert isinstance(request.user, User)
    access = request_access(request)
    require(access, Category.ENGAGEMENT)
    population = request.GET.get("of", "")
    population = population if population in POPULATIONS else "new"
    by = request.GET.get("by", "")
    by = ScoreKind(by) if by in ScoreKind.values else ScoreKind.FIT
    is_mine = request.GET.get("mine") == "1"
    past = requested_as_of(request)
    as_of = past or timezone.now().date()
    day = newest_scores(as_of)
    marks: list[Mark] = []
    total = 0
    if day is not None:
        owner = request.user if is_mine else None
        marks, total = marks_of(day, POPULATIONS[population][1], owner, as_of=past)
    doubts = doubts_on(as_of)
    doubt = doubt_of(SHOWN, doubts, access)
    if asked_format(request):
        table = marks_table("scores", marks)
        return export_response(request, with_remarks(table, "Provisional", [doubt] if doubt else []))
    rates = win_rates(by, as_of - timedelta(days=DECIDED_DAYS - 1), as_of)
    context: dict[str, Any] = {
        "scatter": replace(scatter(marks, total, POPULATIONS[population][0].lower()), provisional=doubt),
        "provisional": doubt,
        "rates": _rates(rates, by, doubt_of([METRICS[by]], doubts, access)),
        "unknown": rates.unknown,
        "known": rates.deals,
        "day": day,
        "as_of": day,
        "population": population,
        "populations": [(key, label) for key, (label, _) in POPULATIONS.items()],
        "kinds": ScoreKind.choices,
        "by": by,
        "is_mine": is_mine,
        "best": marks[:10],
        "models": _models(),
        "may_edit": is_revops(request),
    }
    return render_page(request, "engagement/scores.html", "engagement/_scores.html", context)


def _models() -> list[ScoreModel]:
    """Return the models in force, in the order of the kinds."""
    order = ScoreKind.values
    found = ScoreModel.objects.filter(state=ScoreModel.State.PUBLISHED).select_related("published_by")
    return sorted(found, key=lambda model: order.index(model.kind))


def _rates(rates: WinRates, by: ScoreKind, doubt: str) -> Chart:
    deciles = rates.deciles
    title = "No decided opportunity has a score from before it was opened"
    if deciles:
        low, high = deciles[0], deciles[-1]
        title = (
            f"New business at the top of {by.label.lower()} was won in {format_percent(high.win_rate, 0)} of cases, "
            f"at the bottom in {format_percent(low.win_rate, 0)}"
        )
    return Chart(
        key="engagement.win_rate_by_decile",
        kind="bar",
        title=title,
        categories=spans(deciles),
        series=[Series(name="Win rate", values=[one.win_rate for one in deciles])] if deciles else [],
        unit="ratio",
        category_label=f"{by.label} before it was opened",
        extra=RATE_AXIS,
        provisional=doubt,
        empty="Opportunities arrive from the CRM; the score must have been made before the opportunity was opened.",
    )


def spans(deciles: Sequence[Decile]) -> list[str]:
    """Return the names of deciles: from which score to which, and of how many deals."""
    return [f"{_span(one)} (n = {one.deals})" for one in deciles]


def _span(one: Decile) -> str:
    least, most = format_number(one.least, 0), format_number(one.most, 0)
    return least if least == most else f"{least} to {most}"
