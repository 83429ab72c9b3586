"""Support and RevOps write a draft of the policies: one after the other, their order, and when they count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.conditions.expression import Condition, ConditionError, condition_data, stored_condition
from accounts.conditions.forms import ConditionForm
from common.formatting import format_date
from common.htmx import render_page
from common.versions.errors import VersionChangedError
from metrics.health.redaction import closed
from people.access import request_access
from people.configuration.authors import recorded
from people.guards import signed_in
from support.models import PolicySet
from support.policies.content import (
    Content,
    PolicyDraft,
    check_content,
    content_from,
    content_of,
    plain_data,
)
from support.policies.forms import NoteForm, PolicyForm, PublishForm
from support.policies.previews.reading import by_metric
from support.policies.previews.services import newest_preview, request_policy_preview
from support.policies.reading import shown_policies
from support.policies.services import (
    create_policy_draft,
    cycle,
    discard_policy_draft,
    publish_policies,
    save_policy_draft,
    schedule_policies,
    unschedule_policies,
)
from support.policies.words import differences
from support.views.policies import compared_with, differences_told, editors_only, version_of

SALT = "support.policies.seen"
COPY = "Copy what you typed, open the draft again and put it in."


@require_POST
@editors_only
@recorded
def policy_act(request: HttpRequest, version: int) -> HttpResponse:
    """Do what concerns a whole version: ``do`` is draft (begin one from it), discard or unschedule."""
    held = version_of(request, version)
    by, what = signed_in(request), request.POST.get("do", "")
    try:
        if what == "draft":
            draft = create_policy_draft(by=by, content=content_of(held), based_on=held)
            messages.success(request, f"{draft} is a draft. Nothing is promised by it until it is published.")
            return redirect("support:policy_edit", draft.version)
        if what == "discard":
            discard_policy_draft(draft=held, by=by)
            messages.success(request, f"The draft, {str(held).lower()}, is gone.")
            return redirect("support:policies")
        if what == "unschedule":
            unschedule_policies(version=held, by=by)
            messages.success(request, f"{held} is a draft again.")
    except ValidationError as error:
        for told in error.messages:
            messages.error(request, told)
        if isinstance(error, VersionChangedError):
            return redirect("support:policies")
    return redirect("support:policy_version", version)


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
@recorded
def policy_edit(request: HttpRequest, version: int) -> HttpResponse:
    """Edit a draft. ``do`` also moves (``up:2``), removes a policy, or goes on to a preview or to publishing."""
    draft = version_of(request, version)
    if not draft.is_draft:
        messages.info(request, f"{draft} is {draft.get_state_display().lower()} and is kept as it is.")
        return redirect("support:policy_version", version)
    if request.method != "POST":
        return _edit_page(request, draft, NoteForm(initial={"note": draft.note}))
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _edit_page(request, draft, form, status=422)
    what = request.POST.get("do", "")
    changed, told = _changed(content_of(draft), what)
    try:
        save_policy_draft(
            draft=draft,
            by=signed_in(request),
            content=changed,
            note=form.cleaned_data["note"],
            expected=request.POST.get("seen", ""),
        )
    except VersionChangedError as error:
        return _edit_page(request, draft, form, meanwhile=_meanwhile(request, draft, error), status=409)
    except ValidationError as error:
        return _edit_page(request, draft, form, problems=error.messages, status=422)
    if what == "publish":
        return redirect("support:policy_publish", version)
    if what == "preview":
        return _previewed(request, version_of(request, version), form)
    messages.success(request, told)
    return redirect("support:policy_edit", version)


def _previewed(request: HttpRequest, draft: PolicySet, form: NoteForm) -> HttpResponse:
    """Begin a preview of the draft as it was just saved, and go to it."""
    try:
        run = request_policy_preview(version=draft, by=signed_in(request))
    except VersionChangedError as error:
        messages.error(request, str(error))
        return redirect("support:policies")
    except ValidationError as error:
        problems = named_problems(draft, error.message_dict)
        return _edit_page(request, draft, form, problems=problems, status=422)
    return redirect("support:policy_preview", run.pk)


def _edit_page(
    request: HttpRequest,
    draft: PolicySet,
    form: NoteForm,
    *,
    problems: Sequence[str] = (),
    meanwhile: VersionChangedError | None = None,
    status: int = 200,
) -> HttpResponse:
    content = content_of(draft)
    context = {
        "held": draft,
        "form": form,
        "shown": shown_policies(content, request_access(request)),
        "other": compared_with(draft),
        "problems": problems,
        "meanwhile": meanwhile,
        **_seen(request, draft, content),
    }
    return render(request, "support/policies/edit.html", context, status=status)


def _changed(content: Content, action: str) -> tuple[Content, str]:
    """Return what a draft says after a button was pressed, and what to tell of it."""
    verb, _, where = action.partition(":")
    place = int(where) - 1 if where.isascii() and where.isdigit() and len(where) < 4 else -1
    policies = list(content)
    if verb not in ("up", "down", "remove") or not 0 <= place < len(policies):
        return content, "The draft is saved."
    one = policies.pop(place)
    if verb == "remove":
        return tuple(policies), f"“{one.name}” is removed from the draft."
    policies.insert(max(0, place - 1 if verb == "up" else place + 1), one)
    return tuple(policies), f"“{one.name}” is moved."


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
@recorded
def policy_part(request: HttpRequest, version: int, place: int | None = None) -> HttpResponse:
    """Add a policy to a draft or change one; ``place`` counts from 1."""
    draft = version_of(request, version)
    if not draft.is_draft:
        raise Http404("This version is no draft any more.")
    content = content_of(draft)
    if place is not None and not 1 <= place <= len(content):
        raise Http404("This draft has no such policy.")
    one = content[place - 1] if place else None
    access = request_access(request)
    # Who may not read what a condition asks keeps it as it is, and may change the rest.
    why_closed = closed(one.condition, access) if one else ""
    is_sent = request.method == "POST"
    editor = ConditionForm(
        request.POST if is_sent else None,
        initial=_condition(one.condition if one else None),
        url=request.path,
        access=access,
    )
    form = PolicyForm.of(one or PolicyDraft(name="", condition=None))
    saved = _Saved()
    if is_sent and editor.is_edit:
        form = PolicyForm.as_typed(request.POST)
    elif is_sent:
        form, saved.status = PolicyForm(request.POST), 422
        if form.is_valid() & (bool(why_closed) or editor.is_valid()):
            saved = _save_part(request, draft, content, place, form, _asked(editor, one, why_closed))
            _refuse_part(form, editor, saved, place - 1 if place else len(content))
        if saved.status == 200:
            messages.success(request, f"“{form.cleaned_data['name']}” is saved in the draft.")
            return redirect("support:policy_edit", version)
    context = {
        "held": draft,
        "place": place,
        "form": form,
        "editor": editor,
        "closed": why_closed,
        "meanwhile": saved.meanwhile,
        "problems": saved.problems,
        "copy": COPY,
        **_seen(request, draft, content),
    }
    partial = "components/condition_editor.html"
    return render_page(request, "support/policies/part.html", partial, context, status=saved.status)


class _Saved:
    """What became of a save: what others did meanwhile, or what is wrong beside the fields."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.meanwhile: VersionChangedError | None = None
        self.refused: Mapping[str, list[str]] = {}
        self.problems: list[str] = []


def _asked(editor: ConditionForm, one: PolicyDraft | None, why_closed: str) -> Any:
    if why_closed and one is not None:
        return one.condition
    assert editor.condition is not None
    return condition_data(editor.condition)


def _save_part(
    request: HttpRequest,
    draft: PolicySet,
    content: Content,
    place: int | None,
    form: PolicyForm,
    condition: Any,
) -> _Saved:
    held = form.cleaned_data
    written = PolicyDraft(
        name=held["name"],
        condition=condition,
        clock=held["clock"],
        calendar=held["calendar"],
        cells=held["cells"],
    )
    index = place - 1 if place else len(content)
    saved = _Saved()
    try:
        save_policy_draft(
            draft=draft,
            by=signed_in(request),
            content=(*content[:index], written, *content[index + 1 :]),
            expected=request.POST.get("seen", ""),
        )
    except VersionChangedError as error:
        saved.meanwhile, saved.status = _meanwhile(request, draft, error), 409
    except ValidationError as error:
        saved.refused, saved.status = error.message_dict, 422
    return saved


def _refuse_part(form: PolicyForm, editor: ConditionForm, saved: _Saved, index: int) -> None:
    """Show what the check found at the fields of this policy; the rest above the form."""
    prefix = f"policies.{index}."
    for path, found in saved.refused.items():
        name = path.removeprefix(prefix) if path.startswith(prefix) else ""
        if name in form.fields:
            form.add_error(name, found)
        elif name == "condition":
            editor.refuse_whole(" ".join(found))
        else:
            saved.problems += found


def _condition(data: Any) -> Condition | None:
    if data is None:
        return None
    try:
        return stored_condition(data)
    except ConditionError:  # what never was a condition is written anew
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
@recorded
def policy_publish(request: HttpRequest, version: int) -> HttpResponse:
    """Put a draft in force now, or on a day ahead, after showing what changes."""
    draft = version_of(request, version)
    if not draft.is_draft:
        messages.info(request, f"{draft} is {draft.get_state_display().lower()} and is kept as it is.")
        return redirect("support:policy_version", version)
    form = PublishForm(request.POST if request.method == "POST" else None, initial={"note": draft.note})
    problems, meanwhile = _unpublishable(draft), None
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        note, starts_on = form.cleaned_data["note"], form.cleaned_data["starts_on"]
        by, expected = signed_in(request), request.POST.get("seen", "")
        try:
            if starts_on is None:
                publish_policies(draft=draft, by=by, expected=expected, note=note)
                messages.success(request, f"{draft} is in force. Open tickets get their targets by it now.")
            else:
                schedule_policies(draft=draft, by=by, expected=expected, starts_on=starts_on, note=note)
                messages.success(request, f"{draft} comes into force on {format_date(starts_on)}.")
            return redirect("support:policies")
        except VersionChangedError as error:
            meanwhile, status = _meanwhile(request, draft, error), 409
        except ValidationError as error:
            _add_errors(form, error)
    access = request_access(request)
    other = compared_with(draft)
    preview = newest_preview(draft)
    context = {
        "held": draft,
        "other": other,
        "differences": differences_told(other, draft, access),
        "form": form,
        "problems": problems,
        "meanwhile": meanwhile,
        "seen": cycle.seen(draft),
        "base": _signed(content_of(draft)),
        "preview": preview,
        "metrics": by_metric(preview) if preview is not None else [],
    }
    return render(request, "support/policies/publish.html", context, status=status)


def _unpublishable(draft: PolicySet) -> list[str]:
    try:
        check_content(content_of(draft))
    except ValidationError as error:
        return named_problems(draft, error.message_dict)
    return []


def named_problems(draft: PolicySet, problems: Mapping[str, list[str]]) -> list[str]:
    """Return what is wrong with a version as sentences with the names of its policies."""
    names = [one.name for one in content_of(draft)]
    told = []
    for field, found in problems.items():
        place = field.split(".")[1] if "." in field else ""
        name = f"“{names[int(place)]}”: " if place.isdigit() and int(place) < len(names) else ""
        told += [f"{name}{problem}" for problem in found]
    return told


def _add_errors(form: PublishForm, error: ValidationError) -> None:
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, told in error.message_dict.items():
        if field in form.fields:
            form.add_error(field, told)
    # The rest is what keeps the draft from being published: the page lists it already.


def _seen(request: HttpRequest, draft: PolicySet, content: Content) -> dict[str, str]:
    """Return what a form of a draft carries along: its mark, and what it said, so that a change can be told."""
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in ("seen", "base")}
    return {"seen": cycle.mark(draft), "base": _signed(content)}


def _signed(content: Content) -> str:
    return signing.dumps(plain_data(content), salt=SALT, compress=True)


def _meanwhile(request: HttpRequest, draft: PolicySet, error: VersionChangedError) -> VersionChangedError:
    """Add what somebody else changed since this form was opened, where the form says what it was opened with."""
    if error.differences or error.is_closed:
        return error
    try:
        before = content_from(signing.loads(request.POST.get("base", ""), salt=SALT))
    except (signing.BadSignature, ValidationError):
        return error
    now = PolicySet.objects.filter(pk=draft.pk).first()
    if now is not None:
        error.differences = differences(before, content_of(now), request_access(request))
    return error
