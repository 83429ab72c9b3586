"""Support and RevOps write a draft of the routing rules: one after the other, their order, and when they count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.conditions.expression import Condition, ConditionError, condition_data, stored_condition
from accounts.conditions.forms import ConditionForm
from common.formatting import format_date
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from metrics.health.redaction import closed
from people.access import Access, request_access, require
from people.configuration.authors import recorded
from people.guards import signed_in
from people.models import Category
from support.models import RoutingRules
from support.routing.facts import rules_on
from support.routing.forms import PublishRulesForm, RuleForm
from support.routing.previews import RulesPreview, preview_rules
from support.routing.rules import (
    REFUSED,
    RuleDraft,
    create_rules_draft,
    cycle,
    differ,
    discard_rules_draft,
    drafts_of,
    publish_rules,
    save_rules_draft,
    told_to,
    unschedule_rules,
)
from support.routing.services import EDITORS

LARGEST = 2**31 - 1
EVERYBODY: dict[str, Any] = {"all": []}
COPY = "Copy what you typed, open the draft again and put it in."


@require_POST
@recorded
def rules_act(request: HttpRequest, version: int) -> HttpResponse:
    """Do what concerns a whole version: ``do`` is draft (begin one from it), discard or unschedule."""
    _refuse_others(request)
    held = _version(version)
    by, what = signed_in(request), request.POST.get("do", "")
    try:
        if what == "draft":
            draft = create_rules_draft(by=by, based_on=held)
            messages.success(request, f"{draft} is a draft. Nothing is routed by it until it is published.")
            return redirect("support:rules_edit", draft.version)
        if what == "discard":
            discard_rules_draft(draft=held, by=by)
            messages.success(request, f"The draft, {str(held).lower()}, is gone.")
        if what == "unschedule":
            unschedule_rules(version=held, by=by)
            messages.success(request, f"{held} is a draft again.")
            return redirect("support:rules_edit", held.version)
    except ValidationError as error:
        for said in error.messages:
            messages.error(request, said)
    return redirect("support:routing")


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def rules_edit(request: HttpRequest, version: int) -> HttpResponse:
    """Edit a draft; ``do`` moves a rule (``up:2``, ``down:2``) or removes it."""
    draft = _draft(request, version)
    if draft is None:
        return redirect("support:routing")
    rules = drafts_of(draft)
    problems: Sequence[str] = ()
    meanwhile: VersionChangedError | None = None
    status = 200
    if request.method == "POST":
        changed, said = _changed(rules, request.POST.get("do", ""))
        try:
            save_rules_draft(
                draft=draft, rules=changed, by=signed_in(request), expected=request.POST.get("seen", "")
            )
        except VersionChangedError as error:
            meanwhile, status = error, 409
        except ValidationError as error:
            problems, status = error.messages, 422
        else:
            messages.success(request, said)
            return redirect("support:rules_edit", version)
    access = request_access(request)
    context = {
        "held": draft,
        "rules": [(place, one, told_to(one, access)) for place, one in enumerate(rules, 1)],
        "changes": _changes(draft, access),
        "problems": problems,
        "meanwhile": meanwhile,
        "seen": cycle.mark(draft),
    }
    return render(request, "support/routing/edit.html", context, status=status)


def _changed(rules: Sequence[RuleDraft], action: str) -> tuple[list[RuleDraft], str]:
    """Return what a draft says after a button was pressed, and what to tell of it."""
    verb, _, where = action.partition(":")
    place = int(where) - 1 if where.isascii() and where.isdigit() and len(where) < 4 else -1
    found = list(rules)
    if verb not in ("up", "down", "remove") or not 0 <= place < len(found):
        return found, "The draft is as it was."
    one = found.pop(place)
    if verb == "remove":
        return found, f"“{one.name}” is removed from the draft."
    found.insert(max(0, place - 1 if verb == "up" else place + 1), one)
    return found, f"“{one.name}” is moved."


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def rule_part(request: HttpRequest, version: int, place: int | None = None) -> HttpResponse:
    """Add a rule to a draft or change one; ``place`` counts from 1."""
    draft = _draft(request, version)
    rules = drafts_of(draft) if draft else []
    if draft is None or (place is not None and not 1 <= place <= len(rules)):
        raise Http404("This version is no draft any more, or has no such rule.")
    one = rules[place - 1] if place else RuleDraft(name="", condition=EVERYBODY)
    access = request_access(request)
    # Who may not read what a condition asks keeps it as it is, and may change the rest.
    why_closed = closed(one.condition, access)
    is_sent = request.method == "POST"
    editor = ConditionForm(
        request.POST if is_sent else None,
        initial=_condition(one.condition),
        url=request.path,
        access=access,
    )
    form = RuleForm.of(one)
    meanwhile: VersionChangedError | None = None
    status = 200
    if is_sent and editor.is_edit:
        form = RuleForm.as_typed(request.POST)
    elif is_sent:
        form, status = RuleForm(request.POST), 422
        if form.is_valid() & (bool(why_closed) or editor.is_valid()):
            asked = editor.condition
            condition = one.condition if why_closed or asked is None else condition_data(asked)
            index = place - 1 if place else len(rules)
            changed = [*rules[:index], form.rule(condition), *rules[index + 1 :]]
            try:
                save_rules_draft(
                    draft=draft, rules=changed, by=signed_in(request), expected=request.POST.get("seen", "")
                )
            except VersionChangedError as error:
                meanwhile, status = error, 409
            except ValidationError as error:
                for said in error.messages:
                    form.add_error(None, said)
            else:
                messages.success(request, f"“{form.cleaned_data['name']}” is saved in the draft.")
                return redirect("support:rules_edit", version)
    context = {
        "held": draft,
        "place": place,
        "form": form,
        "editor": editor,
        "closed": why_closed,
        "meanwhile": meanwhile,
        "copy": COPY,
        "seen": request.POST.get("seen", "") if is_sent else cycle.mark(draft),
    }
    partial = "components/condition_editor.html"
    return render_page(request, "support/routing/part.html", partial, context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def rules_publish(request: HttpRequest, version: int) -> HttpResponse:
    """Put a draft in force now, or on a day ahead, after showing where tickets would have gone."""
    draft = _draft(request, version)
    if draft is None:
        return redirect("support:routing")
    form = PublishRulesForm(request.POST if request.method == "POST" else None, initial={"note": draft.note})
    meanwhile: VersionChangedError | None = None
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        starts_on = form.cleaned_data["starts_on"] or today()
        try:
            publish_rules(
                draft=draft,
                starts_on=starts_on,
                by=signed_in(request),
                expected=request.POST.get("seen", ""),
                note=form.cleaned_data["note"],
            )
        except VersionChangedError as error:
            meanwhile, status = error, 409
        except ValidationError as error:
            form.add_errors(error)
        else:
            when = "now" if starts_on == today() else f"on {format_date(starts_on)}"
            messages.success(
                request, f"{draft} counts from {when}." if when == "now" else f"{draft} comes {when}."
            )
            return redirect("support:routing")
    preview, problems = _preview(draft)
    context = {
        "held": draft,
        "changes": _changes(draft, request_access(request)),
        "preview": preview,
        "problems": problems,
        "form": form,
        "meanwhile": meanwhile,
        "seen": cycle.seen(draft),
    }
    return render(request, "support/routing/publish.html", context, status=status)


def _changes(draft: RoutingRules, access: Access) -> list[str]:
    """Return what a draft says otherwise than the rules that count."""
    present = rules_on(today())
    return differ(drafts_of(present), drafts_of(draft), access) if present else []


def _preview(draft: RoutingRules) -> tuple[RulesPreview | None, list[str]]:
    """Return what a draft would have meant, or what keeps it from being put in force."""
    present = rules_on(today())
    before = drafts_of(present) if present else []
    try:
        return preview_rules(before, drafts_of(draft), now=timezone.now()), []
    except ValidationError as error:
        return None, error.messages


def _condition(data: Any) -> Condition | None:
    try:
        return stored_condition(data)
    except ConditionError:  # What it speaks of is gone: it is written anew.
        return None


def _draft(request: HttpRequest, version: int) -> RoutingRules | None:
    """Return a draft, None for a version that is kept as it is; refuses who doesn't write rules."""
    _refuse_others(request)
    held = _version(version)
    if held.is_draft:
        return held
    messages.info(request, f"{held} is {held.get_state_display().lower()} and is kept as it is.")
    return None


def _version(version: int) -> RoutingRules:
    rows = RoutingRules.objects.select_related("author", "based_on")
    return get_object_or_404(rows, version=min(version, LARGEST))


def _refuse_others(request: HttpRequest) -> None:
    require(request_access(request), Category.SUPPORT_HISTORY)
    if signed_in(request).function not in EDITORS:
        raise PermissionDenied(REFUSED)
