"""RevOps writes a draft: weights, order, what is added and left out; and what concerns a whole version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from common.versions.errors import VersionChangedError
from metrics.engine.plan import LAST_ID, today
from metrics.health.choosing import default_draft
from metrics.health.content import ComponentDraft, Content, LimitDraft, content_of
from metrics.health.draft_forms import DraftForm
from metrics.health.previews.services import newest_scores, request_health_preview
from metrics.health.score import members_of
from metrics.health.services import (
    create_health_draft,
    cycle,
    discard_health_draft,
    retire_health_model,
    save_health_draft,
)
from metrics.health.shown import (
    ComponentShown,
    components_shown,
    condition_words,
    limits_shown,
    told_problems,
)
from metrics.models import HealthModel
from metrics.registry import metrics
from metrics.statements import compose
from metrics.views.health.models import EDITING, version_of
from people.access import request_access
from people.guards import revops_only, signed_in

ADD, PREVIEW = "add", "preview"


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightRow:
    """A component of a draft with the field of its weight."""

    shown: ComponentShown
    field: BoundField


def draft_of(request: HttpRequest, pk: int) -> HealthModel:
    """Return a draft. Raises Http404 where the version is none any more."""
    model = version_of(request, pk)
    if model.state != HealthModel.State.DRAFT:
        raise Http404("This version is no draft any more.")
    return model


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(EDITING)
def health_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit a draft. ``do`` also moves (``up:key``), removes or adds a part, or goes on to a preview."""
    model = version_of(request, pk)
    if model.state != HealthModel.State.DRAFT:
        messages.info(request, f"{model} is {model.get_state_display().lower()} and is kept as it is.")
        return redirect("metrics:health_version", pk)
    content = content_of(model)
    if request.method != "POST":
        return _page(request, model, DraftForm.of(model, content))
    form = DraftForm(request.POST, content=content)
    what = request.POST.get("do", "")
    if what == ADD and not request.POST.get("add"):
        form.is_valid()
        form.add_error("add", "Choose a number from the list.")
    if not form.is_valid():
        return _page(request, model, form, status=422)
    changed, told = _changed(form.written, what, form.cleaned_data["add"])
    try:
        saved = save_health_draft(
            model=model,
            by=signed_in(request),
            content=changed,
            note=form.cleaned_data["note"],
            expected=request.POST.get("seen", ""),
            untouched=untouched(content, changed),
        )
        if what == PREVIEW:
            return redirect(
                "metrics:health_preview", request_health_preview(model=saved, by=signed_in(request)).pk
            )
    except VersionChangedError as error:
        return _page(request, model, form, meanwhile=error, status=409)
    except ValidationError as error:
        problems = told_problems(model, form.refuse(error))
        # A preview may find what a save leaves for later; what was typed is saved by then.
        return _page(request, version_of(request, pk), form, problems=problems, status=422)
    messages.success(request, told)
    return redirect(f"{reverse('metrics:health_edit', args=[pk])}{'#limits' if 'limit' in what else ''}")


def _page(
    request: HttpRequest,
    model: HealthModel,
    form: DraftForm,
    *,
    problems: Sequence[str] = (),
    meanwhile: VersionChangedError | None = None,
    status: int = 200,
) -> HttpResponse:
    is_saved = status == 422 and not form.errors and problems
    seen = request.POST.get("seen", "") if request.method == "POST" and not is_saved else cycle.mark(model)
    shown = components_shown(list(model.components.all()))
    fields = form.fields
    context: dict[str, Any] = {
        "model": model,
        "form": form,
        "rows": [
            WeightRow(shown=part, field=form.weight_of(part.key))
            for part in shown
            if f"weight-{part.key}" in fields
        ],
        "limits": limits_shown(list(model.limits.all()), request_access(request)),
        "where": condition_words(model.condition) if model.segment else "",
        "seen": seen,
        "problems": problems,
        "meanwhile": meanwhile,
        "in_force": cycle.in_force(model),
    }
    return render(request, "metrics/health/edit.html", context, status=status)


def _changed(content: Content, action: str, added: str) -> tuple[Content, str]:
    """Return what a draft says after a button was pressed, and what to tell of it."""
    verb, _, where = action.partition(":")
    components, limits = list(content.components), list(content.limits)
    if verb == ADD:
        number = metrics[added]
        return (
            replace(content, components=(*components, default_draft(number))),
            f"{number.label} is added with the curve it is declared with. Give it the weight it should have.",
        )
    if verb in ("up", "down", "remove"):
        place = next((at for at, part in enumerate(components) if part.key == where), None)
        if place is not None:
            told = _turned(components, place, verb, components[place].label)
            return replace(content, components=tuple(components)), told
    if verb in ("limit-up", "limit-down", "limit-remove") and where.isascii() and where.isdigit():
        place = int(where[:4]) - 1
        if 0 <= place < len(limits):
            told = _turned(limits, place, verb.removeprefix("limit-"), limits[place].label)
            return replace(content, limits=tuple(limits)), told
    return content, "The draft is saved. Look at the preview before you publish it."


def _turned(parts: list[ComponentDraft] | list[LimitDraft], place: int, verb: str, label: str) -> str:
    held: Any = parts
    part = held.pop(place)
    if verb == "remove":
        return f"“{label}” is removed from the draft."
    held.insert(max(0, place - 1 if verb == "up" else place + 1), part)
    return f"“{label}” is moved."


def untouched(before: Content, after: Content) -> set[str]:
    """Return the parts of a draft that are as they were, wherever they stand now."""
    return {
        f"{kind}.{place}"
        for kind, held, now in (
            ("components", before.components, after.components),
            ("limits", before.limits, after.limits),
        )
        for place, part in enumerate(now)
        if part in held
    }


@require_POST
@revops_only(EDITING)
def health_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what concerns a whole version: ``do`` is draft or discard."""
    model = version_of(request, pk)
    by, what = signed_in(request), request.POST.get("do", "")
    try:
        if what == "draft":
            draft = create_health_draft(
                by=by, tier=model.tier, segment=model.segment, content=content_of(model), based_on=model
            )
            messages.success(
                request, f"Version {draft.version} is a draft. Nothing counts by it until it is published."
            )
            return redirect("metrics:health_edit", draft.pk)
        if what == "discard":
            discard_health_draft(model=model, by=by)
            messages.success(request, f"The draft, version {model.version}, is gone.")
            return redirect("metrics:health_models")
    except VersionChangedError as error:
        messages.error(request, str(error))
        return redirect("metrics:health_models")
    except ValidationError as error:
        for problem in told_problems(model, _by_field(error)):
            messages.error(request, problem)
    return redirect("metrics:health_version", pk)


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(EDITING)
def health_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a tier's or a segment's model out of force; first say who is scored by which model then."""
    model = version_of(request, pk)
    if model.state != HealthModel.State.PUBLISHED or (model.tier_id is None and not model.segment):
        raise Http404("Only the model in force of a tier or of a segment can be taken away.")
    if request.method == "POST":
        try:
            retire_health_model(model=model, by=signed_in(request), expected=request.POST.get("seen", ""))
        except VersionChangedError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, f"The model of {model.scope} scores no more. What it gave until now stays."
            )
        return redirect("metrics:health_models")
    context = {"model": model, "seen": cycle.seen(model), "takers": takers_of(model)}
    return render(request, "metrics/health/retire.html", context)


def takers_of(model: HealthModel) -> list[tuple[HealthModel, int]]:
    """Return which models score the accounts of one in force when it is gone, and how many each; a query a model."""
    day = newest_scores() or today()
    published = list(HealthModel.objects.published().select_related("tier").order_by("pk"))
    rest = [one for one in published if one.pk != model.pk]
    found = []
    for one in rest:
        [(count,)] = compose(
            "SELECT count(*) FROM ({now}) AS now JOIN ({then}) AS later USING (account_id)",
            now=members_of(model, published, day, 0, LAST_ID),
            then=members_of(one, rest, day, 0, LAST_ID),
        ).fetch()
        if count:
            found.append((one, int(count)))
    return sorted(found, key=lambda pair: -pair[1])
