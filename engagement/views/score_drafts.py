"""RevOps changes point models: drafts, their rules, publication, and the way back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.conditions.expression import ConditionError, condition_data, stored_condition
from accounts.conditions.forms import ConditionForm
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from engagement.forms import IS, RuleForm, SettingsForm
from engagement.models import ScoreModel
from engagement.scoring.services import (
    RuleDraft,
    create_score_draft,
    cycle,
    discard_score_draft,
    draft_rules,
    restore_score_model,
    save_score_draft,
)
from engagement.views.score_models import show, version_of
from people.guards import revops_only, signed_in

EDITING = "Editing score models"


@require_POST
@revops_only(EDITING)
def change_draft(request: HttpRequest, kind: str, version: int) -> HttpResponse:
    """Save a draft's half-life and note, and with the same form move or remove a rule (``do=up:2``)."""
    model = version_of(request, kind, version)
    form = SettingsForm(request.POST, kind=kind)
    if not form.is_valid():
        return show(request, model, form=form, status=422)
    rules, told = _moved(draft_rules(model), request.POST.get("do", ""))
    try:
        save_score_draft(
            model=model,
            by=signed_in(request),
            rules=rules,
            half_life_days=form.cleaned_data.get("half_life_days"),
            note=form.cleaned_data["note"],
            expected=request.POST.get("seen", ""),
            untouched=range(len(rules)),
        )
    except VersionChangedError as error:
        return show(request, model, form=form, meanwhile=error, status=409)
    except ValidationError as error:
        rest = _refuse_settings(form, error)
        return show(request, model, form=form, problems=rest, status=422)
    messages.success(request, told)
    return redirect("engagement:score_version", kind, version)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(EDITING)
def edit_rule(request: HttpRequest, kind: str, version: int, place: int | None = None) -> HttpResponse:
    """Add a rule to a draft or change one; ``place`` counts from 1."""
    model = version_of(request, kind, version)
    rules = draft_rules(model)
    if model.state != ScoreModel.State.DRAFT or (place is not None and not 1 <= place <= len(rules)):
        raise Http404("This draft has no such rule.")
    rule = rules[place - 1] if place else None
    is_sent = request.method == "POST"
    editor = ConditionForm(
        request.POST if is_sent else None,
        initial=_condition_of(rule),
        url=request.path,
    )
    form = RuleForm.of(rule, kind=kind)
    meanwhile: VersionChangedError | None = None
    problems: list[str] = []
    status = 200
    if is_sent and editor.is_edit:
        form = RuleForm.as_typed(request.POST, kind=kind)
    elif is_sent:
        form = RuleForm(request.POST, initial={"signal": rule.signal if rule else ""}, kind=kind)
        meanwhile, problems, status = _save_rule(request, model, rules, place, form, editor)
        if status == 200:
            messages.success(
                request, "The rule is saved in the draft. Look at the preview before you publish it."
            )
            return redirect("engagement:score_version", kind, version)
    context = {
        "model": model,
        "place": place,
        "form": form,
        "editor": editor,
        "problems": problems,
        "meanwhile": meanwhile,
        "seen": request.POST.get("seen", "") if is_sent else cycle.mark(model),
    }
    return render_page(
        request, "engagement/score_rule.html", "components/condition_editor.html", context, status=status
    )


@require_POST
@revops_only(EDITING)
def act(request: HttpRequest, kind: str, version: int) -> HttpResponse:
    """Do what concerns a whole version: ``do`` is draft, restore or discard."""
    model = version_of(request, kind, version)
    by = signed_in(request)
    what = request.POST.get("do", "")
    here = reverse("engagement:score_version", args=[kind, version])
    try:
        if what == "draft":
            draft = create_score_draft(kind=kind, by=by, based_on=model)
            messages.success(
                request,
                f"Version {draft.version} is a draft of your own. Nothing changes until it is published.",
            )
            return redirect("engagement:score_version", kind, draft.version)
        if what == "restore" and model.state == ScoreModel.State.RETIRED:
            back = restore_score_model(model=model, by=by)
            messages.success(
                request, f"The rules of version {version} are in force again, as version {back.version}."
            )
            return redirect("engagement:score_model", kind)
        if what == "discard":
            discard_score_draft(model=model, by=by)
            messages.success(request, f"The draft, version {version}, is gone.")
            return redirect("engagement:score_model", kind)
    except VersionChangedError as error:
        if not error.is_closed:
            return show(request, version_of(request, kind, version), meanwhile=error, status=409)
        messages.error(request, str(error))
    except ValidationError as error:
        for problem in told_problems(model, error):
            messages.error(request, problem)
    return redirect(here)


def _moved(rules: list[RuleDraft], action: str) -> tuple[list[RuleDraft], str]:
    """Return the rules after a button was pressed, and what to say of it."""
    verb, _, where = action.partition(":")
    place = int(where) if where.isascii() and where.isdigit() and len(where) < 4 else -1
    if not 0 <= place < len(rules):
        return rules, "The draft is saved."
    rule = rules.pop(place)
    if verb == "remove":
        return rules, f"“{rule.name}” is removed from the draft."
    to = place - 1 if verb == "up" else place + 1 if verb == "down" else place
    rules.insert(max(0, to), rule)
    return rules, f"“{rule.name}” is moved." if to != place else "The draft is saved."


def _refuse_settings(form: SettingsForm, error: ValidationError) -> list[str]:
    rest: list[str] = []
    for name, found in error.message_dict.items():
        if name in form.fields:
            form.add_error(name, found)
        else:
            rest += found
    return rest


def _condition_of(rule: RuleDraft | None) -> Any:
    if rule is None or rule.condition is None:
        return None
    try:
        return stored_condition(rule.condition)
    except ConditionError:  # what never was a condition is written anew
        return None


def _save_rule(
    request: HttpRequest,
    model: ScoreModel,
    rules: list[RuleDraft],
    place: int | None,
    form: RuleForm,
    editor: ConditionForm,
) -> tuple[VersionChangedError | None, list[str], int]:
    """Save one rule; return what others did meanwhile, what is wrong beside the fields, and the status."""
    is_form_valid = form.is_valid()
    is_condition = form.cleaned_data.get("cause", IS) == IS
    if is_condition and not editor.is_valid():
        return None, [], 422
    if not is_form_valid:
        return None, [], 422
    index = place - 1 if place else len(rules)
    written = RuleDraft(
        name=form.cleaned_data["name"],
        points=form.cleaned_data["points"],
        condition=condition_data(editor.condition) if is_condition and editor.condition is not None else None,
        signal="" if is_condition else form.cleaned_data["signal"],
        at_most=None if is_condition else _limit(form),
    )
    if not is_condition and not written.signal:
        form.add_error("signal", "Choose what happens.")
        return None, [], 422
    try:
        save_score_draft(
            model=model,
            by=signed_in(request),
            rules=[*rules[:index], written, *rules[index + 1 :]],
            half_life_days=model.half_life_days,
            note=model.note,
            expected=request.POST.get("seen", ""),
            untouched=[at for at in range(len(rules)) if at != index],
        )
    except VersionChangedError as error:
        return error, [], 409
    except ValidationError as error:
        return None, form.refuse(error, index), 422
    return None, [], 200


def _limit(form: RuleForm) -> Decimal | None:
    held: Decimal | None = form.cleaned_data.get("at_most")
    return held


def told_problems(model: ScoreModel, error: ValidationError) -> list[str]:
    """Return what keeps a draft from being published, with the names of the rules."""
    names = [rule.name for rule in draft_rules(model)]
    told = []
    for key, found in error.message_dict.items():
        parts = key.split(".")
        rule = f"“{names[int(parts[1])]}”: " if len(parts) == 3 and int(parts[1]) < len(names) else ""
        told += [f"{rule}{problem}" for problem in found]
    return told
