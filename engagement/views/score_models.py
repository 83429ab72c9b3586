"""A point model as everybody reads it: its rules in words, how they fade, its versions, and today's scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.lenses.doubts import doubt_of, doubts_on
from common.charts import Chart, Series
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.formatting import format_number
from common.versions.errors import VersionChangedError
from common.versions.tables import versions_table
from engagement.forms import SettingsForm
from engagement.models import ScoreKind, ScoreModel, ScoreRule
from engagement.scoring.analysis import BAR, distribution, newest_scores
from engagement.scoring.explain import CATEGORIES, METRICS, categories_of
from engagement.scoring.previews.services import is_saved_since
from engagement.scoring.services import cycle
from engagement.scoring.words import (
    faded,
    fading_words,
    model_differences,
    points_words,
    rule_words,
    strongest,
)
from people.access import Access, request_access, require
from people.guards import is_revops

State = ScoreModel.State


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleShown:
    """A rule as a reader may see it; ``closed`` says why it is not shown."""

    place: int
    name: str = ""
    what: str = ""
    points: str = ""
    at_most: Decimal | None = None
    closed: str = ""


@require_safe
def score_model(request: HttpRequest, kind: str) -> HttpResponse:
    """Show the version in force of a kind."""
    chosen = kind_of(request, kind)
    model = published(chosen)
    if model is None:
        raise Http404("No version of this model is in force.")
    return show(request, model)


@require_safe
def score_version(request: HttpRequest, kind: str, version: int) -> HttpResponse:
    """Show any version; a draft comes with its form for RevOps."""
    return show(request, version_of(request, kind, version))


def kind_of(request: HttpRequest, kind: str) -> ScoreKind:
    """Return a kind that the reader may see. Raises Http404 and PermissionDenied."""
    if kind not in ScoreKind.values:
        raise Http404("There is no such score.")
    chosen = ScoreKind(kind)
    require(request_access(request), CATEGORIES[chosen])
    return chosen


def version_of(request: HttpRequest, kind: str, version: int) -> ScoreModel:
    """Return a version of a kind that the reader may see. Raises Http404 and PermissionDenied."""
    models = ScoreModel.objects.select_related("author", "published_by", "retired_by", "based_on")
    found = models.filter(kind=kind_of(request, kind), version=version).first()
    if found is None:
        raise Http404("There is no such version.")
    return found


def published(kind: str) -> ScoreModel | None:
    """Return the version in force."""
    return (
        ScoreModel.objects.filter(kind=kind, state=State.PUBLISHED)
        .select_related("author", "published_by", "based_on")
        .first()
    )


def show(
    request: HttpRequest,
    model: ScoreModel,
    *,
    form: SettingsForm | None = None,
    problems: Sequence[str] = (),
    meanwhile: VersionChangedError | None = None,
    status: int = 200,
) -> HttpResponse:
    """Draw the page of a version; ``form``, ``problems`` and ``meanwhile`` are what an attempt to change it left."""
    access = request_access(request)
    in_force = model if model.state == State.PUBLISHED else published(model.kind)
    rules = list(model.rules.all())
    shown = [_shown(place, rule, access) for place, rule in enumerate(rules)]
    versions = list(
        ScoreModel.objects.filter(kind=model.kind)
        .select_related("author", "published_by")
        .order_by("-version")
    )
    exports = [
        Offer("rules", "Rules", lambda: _rules_table(model, shown)),
        Offer("versions", "Versions", lambda: _versions_table(model, versions)),
    ]
    if asked_format(request) and request.method != "POST":
        return export_response(request, chosen_table(request, exports))
    may_edit = is_revops(request)
    other = in_force if model.state == State.DRAFT else cast("ScoreModel | None", model.based_on)
    context: dict[str, Any] = {
        "model": model,
        "kinds": [kind for kind in ScoreKind if access.allows(CATEGORIES[kind])],
        "in_force": in_force,
        "is_draft": model.state == State.DRAFT,
        "rules": shown,
        "closed_rules": any(rule.closed for rule in shown),
        "form": form or SettingsForm.of(model),
        "problems": problems,
        "meanwhile": meanwhile,
        "seen": cycle.mark(model),
        "fading": _fading(model, [rule for rule in rules if not _closed(rule, access)]),
        "spread": _spread(ScoreKind(model.kind), access),
        "other": other,
        "differences": differences_between(other, model, access) if other and other != model else None,
        "versions": versions,
        "may_edit": may_edit,
        "runs": [(run, is_saved_since(run)) for run in model.previews.select_related("requested_by")]
        if may_edit
        else [],
        "metric": METRICS[ScoreKind(model.kind)],
        "exports": exports,
    }
    return render(request, "engagement/score_model.html", context, status=status)


def differences_between(before: ScoreModel, after: ScoreModel, access: Access) -> list[str]:
    """Return what changed as far as the reader may know it: rules about closed categories are left out."""
    held, wanted = (
        [rule for rule in model.rules.all() if not _closed(rule, access)] for model in (before, after)
    )
    return model_differences(held, wanted, (before.half_life_days, after.half_life_days))


def _closed(rule: ScoreRule, access: Access) -> str:
    """Return why a rule isn't shown: what it is called tells of what it asks."""
    asked = categories_of(rule)
    return " ".join(access.why_not(category) for category in sorted(asked - access.readable(asked)))


def _shown(place: int, rule: ScoreRule, access: Access) -> RuleShown:
    if why := _closed(rule, access):
        return RuleShown(place=place, closed=why)
    return RuleShown(
        place=place,
        name=rule.name,
        what=rule_words(rule),
        points=points_words(rule.points),
        at_most=rule.at_most,
    )


def _fading(model: ScoreModel, rules: Sequence[ScoreRule]) -> Chart | None:
    rule = strongest(rules)
    if rule is None or model.half_life_days is None:
        return None
    curve = faded(abs(rule.points), model.half_life_days)
    return Chart(
        key=f"engagement.fading-{model.pk}",
        kind="line",
        title=fading_words(rule, model.half_life_days),
        categories=[f"{day} d" for day, _ in curve],
        series=[Series(name=rule.name, values=[points for _, points in curve])],
        unit="points",
        category_label="Days since",
        height="sm",
        extra={"zero": True},
        note="Every other rule about what happened fades alike.",
    )


def _spread(kind: ScoreKind, access: Access) -> Chart:
    today = timezone.now().date()
    day = newest_scores(today)
    counts = distribution(kind, day) if day else []
    total = sum(counts)
    high = sum(counts[len(counts) // 2 :])
    return Chart(
        key=f"engagement.spread-{kind}",
        kind="bar",
        title=f"{format_number(high)} of {format_number(total)} accounts have 50 points or more"
        if total
        else "No scores yet",
        categories=bars() if total else [],
        series=[Series(name="Accounts", values=counts)] if total else [],
        unit="accounts",
        category_label=f"{kind.label}, points",
        empty="Scores appear after the next nightly refresh.",
        provisional=doubt_of([METRICS[kind]], doubts_on(today), access),
    )


def bars() -> list[str]:
    """Return the names of a histogram's bars."""
    starts = range(0, 100, BAR)
    return [f"{start}–{100 if start + BAR == 100 else start + BAR - 1}" for start in starts]


def _rules_table(model: ScoreModel, shown: Sequence[RuleShown]) -> Table:
    return table_of(
        f"{model.kind}-model-{model.version}",
        shown,
        [
            ("rule", "Rule", lambda rule: rule.name or rule.closed),
            ("what", "For", lambda rule: rule.what),
            ("points", "Points", lambda rule: rule.points),
            ("at_most", "At most", lambda rule: rule.at_most),
        ],
    )


def _versions_table(model: ScoreModel, versions: Sequence[ScoreModel]) -> Table:
    fading = ("half_life_days", "Half-life in days", lambda one: one.half_life_days)
    return versions_table(f"{model.kind}-model-versions", versions, [fading])
