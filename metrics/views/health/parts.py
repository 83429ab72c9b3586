"""RevOps writes one part of a draft: a component's curve, a limit, or who is in a segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.conditions.expression import Condition, ConditionError, condition_data, stored_condition
from accounts.conditions.forms import ConditionForm
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from metrics.health.content import ComponentDraft, Content, LimitDraft, content_of
from metrics.health.curves import curve_of
from metrics.health.draft_forms import (
    ComponentForm,
    CurvePairs,
    LimitForm,
    PairTyped,
    SegmentForm,
    plain_text,
)
from metrics.health.previews.services import newest_scores
from metrics.health.services import cycle, save_health_draft
from metrics.health.spread import CurveChart, curve_charts
from metrics.models import HealthModel
from metrics.registry import metrics
from metrics.views.health.drafts import draft_of, untouched
from metrics.views.health.models import EDITING
from people.access import request_access
from people.guards import revops_only, signed_in

DECLARED, DRAW = "declared", "draw"


class _Saved:
    """What became of a save: what others did meanwhile, or what is wrong beside the fields."""

    def __init__(self) -> None:
        self.meanwhile: VersionChangedError | None = None
        self.problems: list[str] = []
        self.refused: Mapping[str, list[str]] = {}
        self.status = 200


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(EDITING)
def health_component(request: HttpRequest, pk: int, place: int) -> HttpResponse:
    """Change a component of a draft: its name, weight and curve; ``do`` changes the pairs without saving."""
    model = draft_of(request, pk)
    content = content_of(model)
    if not 1 <= place <= len(content.components):
        raise Http404("This draft has no such component.")
    part = content.components[place - 1]
    form, pairs, saved = ComponentForm.of(part), CurvePairs.of(part.curve), _Saved()
    if request.method == "POST" and (what := request.POST.get("do", "")):
        form, pairs = ComponentForm.as_typed(request.POST), CurvePairs.typed(request.POST)
        if what == DECLARED:
            pairs = CurvePairs.of(_declared(part.key) or part.curve)
        elif what == DRAW:
            pairs.is_valid()
        else:
            pairs.change(what)
    elif request.method == "POST":
        form, pairs = ComponentForm(request.POST), CurvePairs.typed(request.POST)
        saved.status = 422
        if form.is_valid() & pairs.is_valid():
            written = replace(part, curve=pairs.curve, **form.cleaned_data)
            wanted = [*content.components[: place - 1], written, *content.components[place:]]
            saved = _save(request, model, content, replace(content, components=tuple(wanted)))
            _refuse_part(form, saved, f"components.{place - 1}.", pairs)
        if saved.status == 200:
            messages.success(request, f"“{form.cleaned_data['label']}” is saved in the draft.")
            return redirect("metrics:health_edit", pk)
    declared = metrics.get(part.key)
    context = {
        "model": model,
        "place": place,
        "part": part,
        "number": declared,
        "form": form,
        "pairs": pairs,
        "chart": _chart(request, part, pairs),
        "has_declared": _declared(part.key) is not None,
        **_common(request, model, saved),
    }
    return render(request, "metrics/health/component.html", context, status=saved.status)


def _declared(key: str) -> Any:
    number = metrics.get(key)
    return curve_of(number.component.curve) if number is not None and number.component else None


def _chart(request: HttpRequest, part: ComponentDraft, pairs: CurvePairs) -> CurveChart | None:
    """Return the curve as typed over today's values, or as it was where it can't be drawn yet."""
    typed = CurvePairs([PairTyped(value=pair.value, points=pair.points) for pair in pairs.pairs])
    curve = typed.curve if typed.is_valid() else part.curve
    if len(curve) < 2:
        return None
    return curve_charts({part.key: curve}, newest_scores(), request_access(request))[part.key]


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(EDITING)
def health_limit(request: HttpRequest, pk: int, place: int | None = None) -> HttpResponse:
    """Add a limit to a draft or change one; ``place`` counts from 1."""
    model = draft_of(request, pk)
    content = content_of(model)
    if place is not None and not 1 <= place <= len(content.limits):
        raise Http404("This draft has no such limit.")
    limit = content.limits[place - 1] if place else None
    is_sent = request.method == "POST"
    editor = ConditionForm(
        request.POST if is_sent else None,
        initial=_condition(limit.condition if limit else None),
        url=request.path,
    )
    saved = _Saved()
    form = LimitForm(initial=_held(limit))
    if is_sent and editor.is_edit:
        form = LimitForm.as_typed(request.POST)
    elif is_sent:
        form, saved.status = LimitForm(request.POST), 422
        if form.is_valid() & editor.is_valid():
            assert editor.condition is not None
            written = LimitDraft(condition=condition_data(editor.condition), **form.cleaned_data)
            index = place - 1 if place else len(content.limits)
            wanted = (*content.limits[:index], written, *content.limits[index + 1 :])
            saved = _save(request, model, content, replace(content, limits=wanted))
            _refuse_part(form, saved, f"limits.{index}.", editor)
        if saved.status == 200:
            messages.success(request, f"The limit “{form.cleaned_data['label']}” is saved in the draft.")
            return redirect(f"{reverse('metrics:health_edit', args=[pk])}#limits")
    context = {
        "model": model,
        "place": place,
        "form": form,
        "editor": editor,
        **_common(request, model, saved),
    }
    return render_page(
        request,
        "metrics/health/limit.html",
        "components/condition_editor.html",
        context,
        status=saved.status,
    )


def _held(limit: LimitDraft | None) -> dict[str, Any]:
    if limit is None:
        return {"kind": "ceiling"}
    return {"label": limit.label, "kind": limit.kind, "points": plain_text(limit.points)}


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(EDITING)
def health_segment(request: HttpRequest, pk: int) -> HttpResponse:
    """Say who is in the segment of a draft, and which of two segments goes first."""
    model = draft_of(request, pk)
    if not model.segment:
        raise Http404("This model is of no segment.")
    content = content_of(model)
    is_sent = request.method == "POST"
    editor = ConditionForm(
        request.POST if is_sent else None, initial=_condition(content.condition), url=request.path
    )
    saved = _Saved()
    form = SegmentForm(initial={"rank": content.rank})
    if is_sent and editor.is_edit:
        form = SegmentForm(initial={"rank": request.POST.get("rank", "")})
    elif is_sent:
        form, saved.status = SegmentForm(request.POST), 422
        if form.is_valid() & editor.is_valid():
            assert editor.condition is not None
            wanted = replace(
                content, condition=condition_data(editor.condition), rank=form.cleaned_data["rank"]
            )
            saved = _save(request, model, content, wanted)
            _refuse_part(form, saved, "", editor)
        if saved.status == 200:
            messages.success(request, "Who is in the segment is saved in the draft.")
            return redirect("metrics:health_edit", pk)
    context = {"model": model, "form": form, "editor": editor, **_common(request, model, saved)}
    return render_page(
        request,
        "metrics/health/segment.html",
        "components/condition_editor.html",
        context,
        status=saved.status,
    )


def _condition(data: Any) -> Condition | None:
    if data is None:
        return None
    try:
        return stored_condition(data)
    except ConditionError:  # what never was a condition is written anew
        return None


def _common(request: HttpRequest, model: HealthModel, saved: _Saved) -> dict[str, Any]:
    return {
        "seen": request.POST.get("seen", "") if request.method == "POST" else cycle.mark(model),
        "meanwhile": saved.meanwhile,
        "problems": saved.problems,
    }


def _save(request: HttpRequest, model: HealthModel, before: Content, after: Content) -> _Saved:
    found = _Saved()
    try:
        save_health_draft(
            model=model,
            by=signed_in(request),
            content=after,
            note=model.note,
            expected=request.POST.get("seen", ""),
            untouched=untouched(before, after),
        )
    except VersionChangedError as error:
        found.meanwhile, found.status = error, 409
    except ValidationError as error:
        found.refused = error.message_dict
        found.status = 422
    return found


def _refuse_part(form: Form, saved: _Saved, prefix: str, other: CurvePairs | ConditionForm) -> None:
    """Show what the check found at the fields of this part; the rest by the names of the parts."""
    rest: dict[str, list[str]] = {}
    for path, found in saved.refused.items():
        name = path.removeprefix(prefix) if path.startswith(prefix) else path
        if name in form.fields:
            form.add_error(name, found)
        elif name == "curve" and isinstance(other, CurvePairs):
            other.error = " ".join(found)
        elif name == "condition" and isinstance(other, ConditionForm):
            other.refuse_whole(" ".join(found))
        else:
            rest[path] = found
    saved.problems = [told for found in rest.values() for told in found]
