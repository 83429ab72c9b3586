"""What a version would do, shown to RevOps before it is put in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.conditions.expression import ConditionError
from common.charts import Chart, Series
from common.export import Table, asked_format, export_response, table_of
from common.formatting import format_number, format_percent
from engagement.models import ScoreKind, ScoreModel
from engagement.scoring.analysis import Decile, newest_scores
from engagement.scoring.preview import MARK, Comparison, Preview, compare_win_rates, preview
from engagement.scoring.services import check_rules, cycle, draft_rules
from engagement.scoring.words import points_words
from engagement.views.score_drafts import EDITING, told_problems
from engagement.views.score_models import bars, differences_between, published, version_of
from engagement.views.scores import DECIDED_DAYS, RATE_AXIS, spans
from people.access import request_access
from people.guards import revops_only


@require_safe
@revops_only(EDITING)
def score_preview(request: HttpRequest, kind: str, version: int) -> HttpResponse:
    """Count every account by a version and by the one in force, on the newest day of which scores are kept."""
    model = version_of(request, kind, version)
    in_force = published(kind)
    today = timezone.now().date()
    day = newest_scores(today) or today
    context: dict[str, Any] = {
        "model": model,
        "in_force": in_force,
        "is_draft": model.state == ScoreModel.State.DRAFT,
        "is_in_force": model == in_force,
        "as_of": day,
        "mark": MARK,
        "seen": cycle.seen(model),
    }
    problems = _problems(model)
    if problems:
        context["problems"] = problems
        return render(request, "engagement/score_preview.html", context)
    try:
        found = preview(model, in_force, day)
        rates = compare_win_rates(model, in_force, today - timedelta(days=DECIDED_DAYS - 1), today)
    except ConditionError as error:
        context["problems"] = [str(problem) for problem in error.problems]
        return render(request, "engagement/score_preview.html", context)
    if asked_format(request):
        return export_response(request, _movers_table(model, found))
    label = ScoreKind(kind).label
    context |= {
        "found": found,
        "spread": _spread(found, model, in_force),
        "rates": [
            _rates(side, deciles, label)
            for side, deciles in ((in_force, rates.before), (model, rates.after))
            if side is not None
        ],
        "compared": rates,
        "title_deals": _finding(rates),
        "differences": differences_between(in_force, model, request_access(request)) if in_force else [],
    }
    return render(request, "engagement/score_preview.html", context)


def _problems(model: ScoreModel) -> list[str]:
    try:
        check_rules(model.kind, draft_rules(model), model.half_life_days)
    except ValidationError as error:
        return told_problems(model, error)
    return []


def _spread(found: Preview, model: ScoreModel, in_force: ScoreModel | None) -> Chart:
    series = [Series(name=f"Version {model.version}", values=found.after, tone="accent")]
    if in_force is not None and in_force != model:
        series.insert(
            0, Series(name=f"Version {in_force.version}, in force", values=found.before, tone="muted")
        )
    moved = found.risen + found.fallen
    return Chart(
        key=f"engagement.preview-{model.pk}",
        kind="bar",
        title=f"{format_number(found.risen)} accounts would rise and {format_number(found.fallen)} fall"
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


def _finding(rates: Comparison) -> str:
    """Return which version sets winners further apart, as the span from the lowest scores to the highest."""
    if not rates.before or not rates.after:
        return ""
    now, then = (side[-1].win_rate - side[0].win_rate for side in (rates.before, rates.after))
    if round(now, 2) == round(then, 2):
        return "Both versions tell winners from losers equally well."
    better = "better" if then > now else "worse"
    return (
        f"It would tell winners from losers {better}: the highest scores win {_apart(then)} than the lowest, "
        f"by the version in force {_apart(now)}."
    )


def _apart(span: Decimal) -> str:
    return f"{format_number(abs(span) * 100, 0)} points {'more' if span >= 0 else 'less'} often"


def _movers_table(model: ScoreModel, found: Preview) -> Table:
    return table_of(
        f"{model.kind}-model-{model.version}-movers",
        found.movers,
        [
            ("account_id", "Account id", lambda mover: mover.account_id),
            ("account", "Account", lambda mover: mover.name),
            ("before", "Now", lambda mover: mover.before),
            ("after", "Then", lambda mover: mover.after),
            ("change", "Change", lambda mover: mover.change),
            (
                "reasons",
                "Because",
                lambda mover: [f"{reason.name} {points_words(reason.change)}" for reason in mover.reasons],
            ),
        ],
    )
