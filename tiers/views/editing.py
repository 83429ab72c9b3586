"""Editing a draft: its terms, one rule at a time, and the order of the rules. Each save is a whole, sound version."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.lists.opening import id_of
from common.htmx import wants_partial
from common.versions.errors import VersionChangedError
from people.guards import revops_only, signed_in
from tiers.content import Content, RuleSetError, read_content
from tiers.draft_forms import ItemForm, TermsForm
from tiers.drafting import items_of, moved_item, other_kind, place_of, with_item, without_item
from tiers.models import RuleSet
from tiers.reading import lines_of
from tiers.services import save_draft
from tiers.views.versions import WHAT, rule_set_of

MOVES = {"up": -1, "down": 1}


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def terms(request: HttpRequest, version: int) -> HttpResponse:
    """Edit the note, the waits and, of a set that scores, the thresholds."""
    found = rule_set_of(request, version)
    if (kept := _kept(request, found)) is not None:
        return kept
    content = read_content(found)
    form = TermsForm(request.POST if request.method == "POST" else None, content)
    more: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            save_draft(
                rule_set=found,
                by=signed_in(request),
                content=form.changed(content),
                expected=request.POST.get("expected", ""),
            )
        except RuleSetError as error:
            more["others"] = form.refuse(error.problems)
        except VersionChangedError as error:
            more["meanwhile"] = error
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{found} is saved.")
            return redirect("tiers:version", version)
    return _form_page(request, "tiers/versions/terms.html", found, {"form": form, **more})


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def item(request: HttpRequest, version: int, place: int | None = None) -> HttpResponse:
    """Edit the rule at a place, or add one: in front of the place that ``?at=`` names, by default the last.

    The rule is known by the name it had when the page was opened, since others may move rules meanwhile.
    """
    found = rule_set_of(request, version)
    if (kept := _kept(request, found)) is not None:
        return kept
    content = read_content(found)
    items = items_of(content)
    was = request.POST.get("was", "") if request.method == "POST" else ""
    if was:
        now_at = place_of(content, was)
        place = None if now_at is None else now_at + 1
    if place is not None and not 1 <= place <= len(items):
        messages.info(request, "There is no such rule any more.")
        return redirect("tiers:version", version)
    held = items[place - 1] if place is not None else None
    at = place - 1 if place is not None else _place_for_new(request, content)
    url = request.get_full_path()
    form = ItemForm(request.POST if request.method == "POST" else None, content=content, item=held, url=url)
    more: dict[str, Any] = {}
    if request.method == "POST" and form.is_edit and wants_partial(request):
        return render(request, "components/condition_editor.html", {"editor": form.editor})
    if request.method == "POST" and not form.is_edit and form.is_valid():
        changed = with_item(content, form.typed(), place=at, is_new=held is None)
        try:
            save_draft(
                rule_set=found,
                by=signed_in(request),
                content=changed,
                expected=request.POST.get("expected", ""),
            )
        except RuleSetError as error:
            more["others"] = form.refuse(error.problems, at)
        except VersionChangedError as error:
            more["meanwhile"] = error
        except ValidationError as error:
            form.named.add_error(None, error)
        else:
            messages.success(request, f"{found} is saved.")
            return redirect("tiers:version", version)
    context = {
        "form": form,
        "editor": form.editor,
        "held": held,
        "was": held.name if held is not None else was,
        "place": at + 1,
        "is_last": held is not None and at == len(items) - 1 and not form.is_score,
        **more,
    }
    return _form_page(request, "tiers/versions/item.html", found, context)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def kind(request: HttpRequest, version: int) -> HttpResponse:
    """Make a draft of rules one of points, or the other way round; what that drops is shown first."""
    found = rule_set_of(request, version)
    if (kept := _kept(request, found)) is not None:
        return kept
    other = other_kind(read_content(found))
    more: dict[str, Any] = {}
    if request.method == "POST":
        try:
            save_draft(
                rule_set=found,
                by=signed_in(request),
                content=other.content,
                expected=request.POST.get("expected", ""),
            )
        except RuleSetError as error:
            more["problems"] = error.problems
        except VersionChangedError as error:
            more["meanwhile"] = error
        else:
            messages.success(
                request, f"{found} is of the other kind now. Nothing changes before it is published."
            )
            return redirect("tiers:version", version)
        found.refresh_from_db()
        other = other_kind(read_content(found))
    context = {"rule_set": found, "other": other, "items": lines_of(other.content), **more}
    return render(request, "tiers/versions/kind.html", context, status=422 if more else 200)


@require_POST
@revops_only(WHAT)
def arrange(request: HttpRequest, version: int, place: int, do: str) -> HttpResponse:
    """Move a rule up or down, or take it out."""
    found = rule_set_of(request, version)
    content = read_content(found)
    if not 1 <= place <= len(items_of(content)) or do not in (*MOVES, "remove"):
        messages.info(request, "There is no such rule any more.")
        return redirect("tiers:version", version)
    name = items_of(content)[place - 1].name
    changed = (
        without_item(content, place - 1) if do == "remove" else moved_item(content, place - 1, MOVES[do])
    )
    try:
        save_draft(
            rule_set=found, by=signed_in(request), content=changed, expected=request.POST.get("expected", "")
        )
    except RuleSetError as error:
        messages.error(request, " ".join(f"{one.message} {one.remedy}" for one in error.problems[:3]))
    except VersionChangedError as error:
        told = "; ".join(error.differences[:5])
        messages.error(request, f"{error.message} {told}. Look at the rules, then do it again.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        done = {"up": "is one place higher", "down": "is one place lower", "remove": "is taken out"}[do]
        messages.success(request, f"“{name}” {done}.")
    # Where the rule stands now, so that the keyboard goes on from there.
    now_at = place_of(read_content(found), name)
    there = "rules" if now_at is None else f"rule-{now_at + 1}"
    return redirect(f"{reverse('tiers:version', args=[version])}#{there}")


def _kept(request: HttpRequest, found: RuleSet) -> HttpResponse | None:
    """Lead away from a version that is kept as it is; what was typed is told to be lost nowhere but here."""
    if found.state == RuleSet.State.DRAFT:
        return None
    messages.info(
        request,
        f"{found} is {found.get_state_display().lower()} and is kept as it is. Begin a new draft from it.",
    )
    return redirect("tiers:version", found.version)


def _place_for_new(request: HttpRequest, content: Content) -> int:
    """Return where a new item goes: before the rule for everyone else, or where it was asked for."""
    last = len(items_of(content)) - (content.kind == RuleSet.Kind.CONDITIONS)
    asked = id_of(request.GET.get("at", ""))
    return min(asked - 1, max(last, 0)) if asked else max(last, 0)


def _form_page(request: HttpRequest, template: str, found: RuleSet, more: dict[str, Any]) -> HttpResponse:
    is_refused = request.method == "POST" and not getattr(more["form"], "is_edit", False)
    found.refresh_from_db(fields=["digest"])
    # Whoever has been shown what others saved may save over it; until then the first look counts.
    is_fresh = request.method != "POST" or "meanwhile" in more
    context = {
        "rule_set": found,
        "expected": found.digest if is_fresh else request.POST.get("expected", ""),
        **more,
    }
    return render(request, template, context, status=422 if is_refused else 200)
