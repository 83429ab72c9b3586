"""Legal and RevOps write the clause library: families, drafts, their texts, publication, and the way back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from common.versions.errors import VersionChangedError
from finance.clauses.forms import FamilyForm, TextForm, VersionForm
from finance.clauses.services.library import (
    TextDraft,
    create_clause_draft,
    create_family,
    cycle,
    discard_clause_draft,
    draft_texts,
    publish_clause_version,
    require_editor,
    restore_clause_version,
    save_clause_draft,
    steps_of,
)
from finance.clauses.terms import SHAPES
from finance.clauses.words import tier_names
from finance.models import ClauseFamily, ClauseVersion
from finance.views.clauses import show, show_preview, version_of
from people.guards import signed_in


@require_http_methods(["GET", "HEAD", "POST"])
def new_family(request: HttpRequest) -> HttpResponse:
    """Add a family to the library and go on to its first draft."""
    by = signed_in(request)
    require_editor(by)
    form = FamilyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            family = create_family(label=form.cleaned_data["label"], shape=form.cleaned_data["shape"], by=by)
        except ValidationError as error:
            for name, told in error.message_dict.items():
                form.add_error(name if name in form.fields else None, told)
        else:
            draft = create_clause_draft(family=family, by=by)
            messages.success(request, f"{family} is begun. Write its preferred text, then publish it.")
            return redirect("finance:clause_version", family.key, draft.version)
    return render(request, "finance/clauses/new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def change_draft(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Save whose word a draft asks for and its note, and with the same form move or remove a text (``do=up:2``)."""
    by = signed_in(request)
    require_editor(by)
    family, draft = _draft_of(request, key, version)
    form = VersionForm(request.POST, steps=steps_of(draft))
    if not form.is_valid():
        return show(request, family, draft, form=form, status=422)
    texts, told = _moved(draft_texts(draft), request.POST.get("do", ""))
    try:
        save_clause_draft(
            version=draft,
            by=by,
            texts=texts,
            steps=form.steps(),
            note=form.cleaned_data["note"],
            expected=request.POST.get("seen", ""),
        )
    except VersionChangedError as error:
        return show(request, family, draft, form=form, meanwhile=error, status=409)
    except ValidationError as error:
        return show(request, family, draft, form=form, problems=form.refuse(error), status=422)
    messages.success(request, told)
    return redirect("finance:clause_version", key, version)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_text(request: HttpRequest, key: str, version: int, place: int | None = None) -> HttpResponse:
    """Add a text to a draft or change one; ``place`` counts from 1, the first is the preferred one."""
    by = signed_in(request)
    require_editor(by)
    family, draft = _draft_of(request, key, version)
    texts = draft_texts(draft)
    if place is not None and not 1 <= place <= len(texts):
        raise Http404("This draft has no such text.")
    text = texts[place - 1] if place else None
    index = place - 1 if place else len(texts)
    is_sent = request.method == "POST"
    form = TextForm(
        request.POST if is_sent else None,
        shape=SHAPES.get(family.shape, SHAPES["wording"]),
        text=text,
        tiers=tier_names(),
        is_preferred=index == 0,
    )
    meanwhile: VersionChangedError | None = None
    problems: list[str] = []
    status = 200
    if is_sent and form.is_valid():
        written = form.written(text.key if text else "")
        try:
            save_clause_draft(
                version=draft,
                by=by,
                texts=[*texts[:index], written, *texts[index + 1 :]],
                steps=steps_of(draft),
                note=draft.note,
                expected=request.POST.get("seen", ""),
            )
        except VersionChangedError as error:
            meanwhile, status = error, 409
        except ValidationError as error:
            problems, status = form.refuse(error, f"texts.{index}."), 422
        else:
            messages.success(request, f"“{written.label.strip()}” is saved in the draft.")
            return redirect("finance:clause_version", key, version)
    elif is_sent:
        status = 422
    context = {
        "family": family,
        "version": draft,
        "place": place,
        "is_preferred": index == 0,
        "form": form,
        "seen": request.POST.get("seen", "") if is_sent else cycle.mark(draft),
        "meanwhile": meanwhile,
        "problems": problems,
    }
    return render(request, "finance/clauses/text.html", context, status=status)


@require_POST
def act(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Do what concerns a whole version: ``do`` is draft, publish, restore or discard."""
    by = signed_in(request)
    require_editor(by)
    family = get_object_or_404(ClauseFamily, key=key)
    held = version_of(request, family, version) if version else None
    what = request.POST.get("do", "")
    try:
        if what == "draft":
            draft = create_clause_draft(family=family, by=by, based_on=held)
            messages.success(
                request, f"Version {draft.version} is a draft. Nothing changes until it is published."
            )
            return redirect("finance:clause_version", key, draft.version)
        if held is not None and what == "publish":
            publish_clause_version(version=held, by=by, expected=request.POST.get("seen", ""))
            messages.success(request, f"Version {version} is in force. What was granted stays granted.")
            return redirect("finance:clause", key)
        if held is not None and what == "restore" and held.state == ClauseVersion.State.RETIRED:
            back = restore_clause_version(version=held, by=by)
            messages.success(
                request, f"The texts of version {version} are in force again, as version {back.version}."
            )
            return redirect("finance:clause", key)
        if held is not None and what == "discard":
            discard_clause_draft(version=held, by=by)
            messages.success(request, f"The draft, version {version}, is gone.")
            return redirect("finance:clause", key)
    except VersionChangedError as error:
        if not error.is_closed and held is not None:
            return show_preview(
                request, family, _again(request, family, version), meanwhile=error, status=409
            )
        messages.error(request, str(error))
    except ValidationError as error:
        if held is not None and held.is_draft:
            return show_preview(request, family, held, problems=list(error.messages), status=422)
        for problem in error.messages:
            messages.error(request, problem)
    return redirect("finance:clause", key)


def _again(request: HttpRequest, family: ClauseFamily, version: int) -> ClauseVersion:
    held = version_of(request, family, version)
    if held is None:
        raise Http404("There is no such version.")
    return held


def _draft_of(request: HttpRequest, key: str, version: int) -> tuple[ClauseFamily, ClauseVersion]:
    """Return a family with a draft of it; raises PermissionDenied for who doesn't write, 404 where it is no draft."""
    family = get_object_or_404(ClauseFamily, key=key)
    held = version_of(request, family, version)
    if held is None or not held.is_draft:
        raise PermissionDenied("This version is kept as it is. Begin a draft from it to change something.")
    return family, held


def _moved(texts: list[TextDraft], action: str) -> tuple[list[TextDraft], str]:
    """Return the texts after a button was pressed, and what to say of it."""
    verb, _, where = action.partition(":")
    place = int(where) if where.isascii() and where.isdigit() and len(where) < 4 else 0
    if not 1 <= place <= len(texts):
        return texts, "The draft is saved."
    text = texts.pop(place - 1)
    if verb == "remove":
        return texts, f"“{text.label}” is removed from the draft."
    to = place - 2 if verb == "up" else place if verb == "down" else place - 1
    texts.insert(max(0, to), text)
    return texts, f"“{text.label}” is moved." if to != place - 1 else "The draft is saved."
