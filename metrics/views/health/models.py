"""The series of health models, one version as everybody reads it, and how a draft begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import HealthBand
from common.charts import Chart, Series, height_for
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.formatting import format_count, format_number, format_percent
from common.versions.tables import versions_table
from metrics.health.curves import curve_of
from metrics.health.previews.past import is_past_current
from metrics.health.previews.services import is_saved_since, newest_scores
from metrics.health.redaction import closed
from metrics.health.services import create_health_draft, cycle
from metrics.health.shown import (
    ComponentShown,
    LimitShown,
    components_shown,
    condition_words,
    differences_shown,
    limits_shown,
)
from metrics.health.spread import curve_charts
from metrics.health.starting import StartForm
from metrics.models import HealthModel, HealthScore
from people.access import request_access
from people.guards import is_revops, revops_only, signed_in

State = HealthModel.State
EDITING = "Editing health models"
LARGEST_ID = 2**63 - 1
BANDS = (HealthBand.GREEN, HealthBand.AMBER, HealthBand.RED, HealthBand.UNKNOWN)
TONES: dict[str, Any] = {"green": "green", "amber": "amber", "red": "red", "unknown": "muted"}


@dataclass(kw_only=True, slots=True)
class SeriesShown:
    """One series: what is in force, what is being written, and how its accounts stand by band today."""

    scope: str
    kind: str
    in_force: HealthModel | None = None
    newest: HealthModel
    drafts: list[HealthModel] = field(default_factory=list)
    bands: dict[str, int] = field(default_factory=dict)
    where: str = ""
    closed: str = ""

    @property
    def accounts(self) -> int:
        """How many accounts it scores on the newest day."""
        return sum(self.bands.values())


@require_safe
def health_models(request: HttpRequest) -> HttpResponse:
    """List the series: the model of every account, those of tiers, those of segments by rank."""
    day = newest_scores()
    may_edit = is_revops(request)
    listed = _series(request, day, with_drafts=may_edit)
    exports = [Offer("models", "Health models", lambda: _series_table(listed))]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "series": listed,
        "day": day,
        "as_of": day,
        "chart": _bands_chart([one for one in listed if one.accounts]),
        "may_edit": may_edit,
        "exports": exports,
    }
    return render(request, "metrics/health/models.html", context)


def _series(request: HttpRequest, day: date | None, *, with_drafts: bool) -> list[SeriesShown]:
    access = request_access(request)
    found: dict[tuple[int | None, str], SeriesShown] = {}
    of_model: dict[int, SeriesShown] = {}
    versions = HealthModel.objects.select_related("tier", "author", "published_by")
    for model in versions.order_by("-version"):
        if model.state == State.DRAFT and not with_drafts:
            continue
        kind = "Segment" if model.segment else "Tier" if model.tier_id else "Every account"
        held = found.setdefault(
            (model.tier_id, model.segment), SeriesShown(scope=model.scope, kind=kind, newest=model)
        )
        of_model[model.pk] = held
        if model.state == State.PUBLISHED:
            held.in_force = model
        elif model.state == State.DRAFT:
            held.drafts.append(model)
    for one in found.values():
        said = one.in_force or one.newest
        if said.condition is not None:
            one.closed = closed(said.condition, access)
            one.where = "" if one.closed else condition_words(said.condition)
    if day is not None:
        counted = HealthScore.objects.filter(as_of=day).values("model", "band").annotate(count=Count("*"))
        for row in counted:
            if row["model"] in of_model:
                bands = of_model[row["model"]].bands
                bands[row["band"]] = bands.get(row["band"], 0) + row["count"]
    return sorted(found.values(), key=_turn)


def _turn(one: SeriesShown) -> tuple[int, int, str]:
    said = one.in_force or one.newest
    if said.segment:
        return 2, said.rank, said.segment
    return (1, said.tier.rank, "") if said.tier is not None else (0, 0, "")


def _bands_chart(listed: Sequence[SeriesShown]) -> Chart:
    whole = sum(one.accounts for one in listed)
    green = sum(one.bands.get("green", 0) for one in listed)
    return Chart(
        key="health-models",
        kind="stacked",
        title=f"{format_number(green)} of {format_count(whole, 'scored account')} are green"
        if whole
        else "Nothing is scored yet",
        categories=[one.scope for one in listed],
        series=[
            Series(name=band.label, values=[one.bands.get(band, 0) for one in listed], tone=TONES[band])
            for band in BANDS
        ]
        if listed
        else [],
        unit="accounts",
        category_label="Model",
        height="sm",
        empty="Scores appear after the next nightly refresh.",
        extra={"horizontal": True},
    )


@require_safe
def health_version(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one version: what it weighs, its curves and limits in words, and what changed from the one before."""
    model = version_of(request, pk)
    access, may_edit = request_access(request), is_revops(request)
    parts = list(model.components.all())
    charts = curve_charts({part.key: curve_of(part.curve) for part in parts}, newest_scores(), access)
    components = [replace(part, chart=charts.get(part.key)) for part in components_shown(parts)]
    limits = limits_shown(list(model.limits.all()), access)
    versions = _versions(model, with_drafts=may_edit)
    in_force = next((one for one in versions if one.state == State.PUBLISHED), None)
    other = _compared(model, in_force, versions)
    exports = [
        Offer("components", "Components", lambda: _components_table(model, components)),
        Offer("versions", "Versions", lambda: versions_table(f"health-model-{model.pk}-versions", versions)),
    ]
    if limits:
        exports.insert(1, Offer("limits", "Limits", lambda: _limits_table(model, limits)))
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    why = closed(model.condition, access) if model.condition is not None else ""
    context = {
        "model": model,
        "in_force": in_force,
        "is_draft": model.state == State.DRAFT,
        "components": components,
        "weights": _weights_chart(model, components),
        "limits": limits,
        "closed_limits": any(limit.closed for limit in limits),
        "where": "" if model.condition is None or why else condition_words(model.condition),
        "closed_where": why,
        "other": other,
        "differences": differences_shown(other, model, access) if other else None,
        "versions": versions,
        "may_edit": may_edit,
        "may_retire": model.state == State.PUBLISHED and (model.tier_id or model.segment),
        "runs": _previews(model) if may_edit else [],
        "pasts": [(run, is_past_current(run)) for run in model.pasts.select_related("model", "requested_by")]
        if may_edit
        else [],
        "exports": exports,
    }
    return render(request, "metrics/health/version.html", context)


def _previews(model: HealthModel) -> list[tuple[Any, bool]]:
    return [(run, is_saved_since(run)) for run in model.previews.select_related("model", "requested_by")]


def version_of(request: HttpRequest, pk: int) -> HealthModel:
    """Return a version that the reader may see: drafts are for RevOps. Raises Http404 and PermissionDenied."""
    found = None
    if pk <= LARGEST_ID:
        versions = HealthModel.objects.select_related(
            "tier", "author", "published_by", "retired_by", "based_on"
        )
        found = versions.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such version of a health model.")
    if found.state == State.DRAFT and not is_revops(request):
        raise PermissionDenied("Drafts of health models are for RevOps.")
    return found


def _versions(model: HealthModel, *, with_drafts: bool) -> list[HealthModel]:
    found = cycle.of(model).select_related("author", "published_by").order_by("-version")
    return list(found if with_drafts else found.exclude(state=State.DRAFT))


def _compared(
    model: HealthModel, in_force: HealthModel | None, versions: Sequence[HealthModel]
) -> HealthModel | None:
    """Return what a version is told against: a draft against the one in force, others against the one before."""
    if model.state == State.DRAFT and in_force is not None:
        return in_force
    earlier = [one for one in versions if one.version < model.version and one.state != State.DRAFT]
    return earlier[0] if earlier else cast("HealthModel | None", model.based_on)


def _weights_chart(model: HealthModel, components: Sequence[ComponentShown]) -> Chart:
    heaviest = max(components, key=lambda part: part.share, default=None)
    return Chart(
        key=f"health-weights-{model.pk}",
        kind="bar",
        title=f"{heaviest.label} weighs most: {format_percent(heaviest.share, 0)} of the whole"
        if heaviest
        else "No component yet",
        categories=[part.label for part in components],
        series=[Series(name="Share of the weight", values=[part.share for part in components])]
        if components
        else [],
        unit="ratio",
        decimals=0,
        category_label="Component",
        height=height_for(len(components)),
        extra={"horizontal": True},
        empty="Add components from the library.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(EDITING)
def health_new(request: HttpRequest) -> HttpResponse:
    """Begin a draft: of every account, of a tier, or of a new segment."""
    form = StartForm(request.POST or None, initial={"tier": request.GET.get("tier", "")})
    if request.method == "POST" and form.is_valid():
        try:
            draft = create_health_draft(
                by=signed_in(request),
                tier=form.cleaned_data["tier"],
                segment=form.cleaned_data["segment"],
                content=form.content,
            )
        except ValidationError as error:
            form.add_error(None if not hasattr(error, "error_dict") else "segment", error.messages)
        else:
            messages.success(
                request, f"Version {draft.version} is a draft. Nothing counts by it until it is published."
            )
            return redirect("metrics:health_edit", draft.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "metrics/health/new.html", {"form": form}, status=status)


def _series_table(listed: Sequence[SeriesShown]) -> Table:
    return table_of(
        "health-models",
        listed,
        [
            ("scope", "For", lambda one: one.scope),
            ("kind", "Kind", lambda one: one.kind),
            ("where", "Who", lambda one: one.where or one.closed),
            ("version", "Version in force", lambda one: one.in_force.version if one.in_force else None),
            ("since", "Since", lambda one: one.in_force.published_at if one.in_force else None),
            ("drafts", "Drafts", lambda one: len(one.drafts)),
            ("accounts", "Accounts scored", lambda one: one.accounts),
            *((band.value, band.label, _of_band(band)) for band in BANDS),
        ],
    )


def _of_band(band: HealthBand) -> Any:
    return lambda one: one.bands.get(band.value, 0)


def _components_table(model: HealthModel, shown: Sequence[ComponentShown]) -> Table:
    return table_of(
        f"health-model-{model.pk}-components",
        shown,
        [
            ("component", "Component", lambda part: part.label),
            ("key", "Number", lambda part: part.key),
            ("group", "Group", lambda part: part.group),
            ("weight", "Weight", lambda part: part.weight),
            ("share", "Share", lambda part: round(part.share, 4)),
            ("curve", "Curve", lambda part: [f"{value} → {points:g}" for value, points in part.pairs]),
        ],
    )


def _limits_table(model: HealthModel, shown: Sequence[LimitShown]) -> Table:
    return table_of(
        f"health-model-{model.pk}-limits",
        shown,
        [
            ("limit", "Limit", lambda limit: limit.label or limit.closed),
            ("kind", "Kind", lambda limit: limit.kind),
            ("points", "Points", lambda limit: limit.points),
            ("where", "Where", lambda limit: limit.where),
        ],
    )
