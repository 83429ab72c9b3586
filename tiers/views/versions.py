"""The versions of the tier rules: the list, one version, and what RevOps does with it as a whole."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.lists.opening import id_of
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.access import request_access, require
from people.guards import is_revops, revops_only, signed_in, whom_to_ask
from people.models import Category
from tiers.content import Content, RuleSetError, problems_of, read_content
from tiers.draft_forms import PreviewForm, ScheduleForm
from tiers.drafting import default_points
from tiers.models import PreviewRun, RuleSet, TierOverride
from tiers.querysets import RuleSetQuerySet
from tiers.reading import ItemLine, Save, changes_to, lines_of, moves_to_crm, saves_of, thresholds_of
from tiers.scheduled.reading import preview_to_schedule_on, schedule_of
from tiers.services import (
    create_draft,
    delete_draft,
    retire_rule_set,
    seen_of,
)

WHAT = "Changing the tier rules"
LARGEST_VERSION = 2**31 - 1
SHOWN_RUNS = 5


@require_safe
def rule_sets(request: HttpRequest) -> HttpResponse:
    """List the versions, with who published what when; drafts for RevOps only."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    listed = versions_seen_by(request).select_related("author", "published_by", "retired_by", "based_on")
    if asked_format(request):
        return export_response(request, _versions_table(listed))
    context = {
        "versions": listed,
        "in_force": RuleSet.objects.in_force(today()).select_related("published_by").first(),
        "can_edit": is_revops(request),
        "overrides": TierOverride.objects.open_on(today()).count(),
    }
    return render(request, "tiers/versions/list.html", context)


@require_safe
def version(request: HttpRequest, version: int) -> HttpResponse:
    """Show one version: its rules in words, its terms, how it differs from the one in force, and its saves."""
    found = rule_set_of(request, version)
    content = read_content(found)
    if asked_format(request):
        return export_response(request, chosen_table(request, _offers(request, found, content)))
    return version_page(request, found, content)


def version_page(
    request: HttpRequest,
    found: RuleSet,
    content: Content,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Render a version; ``more`` holds a form that was refused, or the differences that were met."""
    in_force = RuleSet.objects.in_force(today()).select_related("published_by").first()
    can_edit = is_revops(request)
    context = {
        "rule_set": found,
        "content": content,
        "lines": lines_of(content),
        "thresholds": thresholds_of(content),
        "is_score": content.kind == RuleSet.Kind.SCORE,
        "in_force": in_force,
        "is_in_force": found == in_force,
        "changes": changes_to(found, in_force),
        "saves": saves_of(found),
        "runs": found.previews.select_related("requested_by")[:SHOWN_RUNS] if can_edit else [],
        "publication": found.publications.open().first() if can_edit else None,
        "problems": problems_of(content) if found.state != RuleSet.State.RETIRED else [],
        "is_draft": found.state == RuleSet.State.DRAFT,
        "can_edit": can_edit,
        "seen": seen_of(found),
        "exports": _offers(request, found, content),
        "schedule": ScheduleForm(auto_id="schedule_%s"),
        "schedule_on": preview_to_schedule_on(found) if can_edit and found.is_draft else None,
        "scheduled": schedule_of(found) if can_edit and found.state == RuleSet.State.SCHEDULED else None,
        "preview": PreviewForm(auto_id="preview_%s"),
        **more,
    }
    return render(request, "tiers/versions/one.html", context, status=status)


@require_POST
@revops_only(WHAT)
def start(request: HttpRequest) -> HttpResponse:
    """Begin a draft from a version (``from``), from points (``kind=score``), or from the one in force."""
    asked = id_of(request.POST.get("from", ""))
    base = rule_set_of(request, asked) if asked else None
    content = default_points() if request.POST.get("kind") == RuleSet.Kind.SCORE else None
    try:
        draft = create_draft(by=signed_in(request), based_on=base, content=content)
    except RuleSetError as error:
        messages.error(request, f"No draft was begun: {error}")
        return redirect("tiers:rule_sets")
    messages.success(request, f"{draft} is begun. Nothing changes for accounts before it is published.")
    return redirect("tiers:version", draft.version)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def discard(request: HttpRequest, version: int) -> HttpResponse:
    """Throw a draft away, after a look at what goes with it."""
    found = rule_set_of(request, version)
    if request.method != "POST":
        if found.state != RuleSet.State.DRAFT:
            return redirect("tiers:version", version)
        context = {"rule_set": found, "saves": found.revisions.count(), "runs": found.previews.count()}
        return render(request, "tiers/versions/discard.html", context)
    try:
        delete_draft(rule_set=found, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("tiers:version", version)
    messages.success(request, f"{found} is thrown away.")
    return redirect("tiers:rule_sets")


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def retire(request: HttpRequest, version: int) -> HttpResponse:
    """Take the published version out of force, after a look at whom the CRM has in another tier."""
    found = rule_set_of(request, version)
    if request.method != "POST":
        if found.state != RuleSet.State.PUBLISHED:
            return redirect("tiers:version", version)
        context = {
            "rule_set": found,
            "seen": seen_of(found),
            "moves": moves_to_crm(today()),
            "currency": settings.REPORTING_CURRENCY,
        }
        return render(request, "tiers/versions/retire.html", context)
    try:
        retire_rule_set(rule_set=found, by=signed_in(request), expected=request.POST.get("seen", ""))
    except VersionChangedError as error:
        return version_page(request, found, read_content(found), status=409, meanwhile=error)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{found} is retired. From tonight the CRM’s tiers count.")
    return redirect("tiers:version", version)


def versions_seen_by(request: HttpRequest) -> RuleSetQuerySet:
    """Return the versions that the reader may see, the newest first; drafts are for RevOps."""
    listed = RuleSet.objects.newest_first()
    return listed if is_revops(request) else listed.exclude(state=RuleSet.State.DRAFT)


def rule_set_of(request: HttpRequest, version: int) -> RuleSet:
    """Return a version that the reader may see; drafts are for RevOps."""
    require(request_access(request), Category.ACCOUNT_PROFILE)
    if version > LARGEST_VERSION:
        raise Http404("There is no such version.")
    found = (
        RuleSet.objects.select_related("author", "published_by", "retired_by", "based_on")
        .filter(version=version)
        .first()
    )
    if found is None:
        raise Http404("There is no such version.")
    if found.state == RuleSet.State.DRAFT and not is_revops(request):
        raise PermissionDenied(f"Drafts of the tier rules are for RevOps. {whom_to_ask()}")
    return found


def _versions_table(listed: Any) -> Table:
    return table_of(
        "tier-rules",
        listed,
        (
            ("version", "Version", lambda one: one.version),
            ("state", "State", lambda one: one.get_state_display()),
            ("kind", "Kind", lambda one: one.get_kind_display()),
            ("author", "Begun by", lambda one: str(one.author or "")),
            ("created_at", "Begun", lambda one: one.created_at),
            ("published_by", "Published by", lambda one: str(one.published_by or "")),
            ("published_at", "Published", lambda one: one.published_at),
            ("starts_on", "In force from", lambda one: one.starts_on),
            ("ends_on", "In force until", lambda one: one.ends_on),
            ("note", "Note", lambda one: one.note),
        ),
    )


def _offers(request: HttpRequest, found: RuleSet, content: Content) -> list[Offer]:
    offers = [
        Offer("rules", "Rules", lambda: _rules_table(found, lines_of(content))),
        Offer("saves", "Saves", lambda: _saves_table(found, saves_of(found))),
    ]
    if is_revops(request) and found.previews.exists():
        offers.append(Offer("previews", "Previews", lambda: _previews_table(found)))
    return offers


def _rules_table(found: RuleSet, lines: list[ItemLine]) -> Table:
    return table_of(
        f"tier-rules-{found.version}",
        lines,
        (
            ("place", "Place", lambda one: one.place),
            ("name", "Name", lambda one: one.name),
            ("gives", "Gives", lambda one: one.points or one.label),
            ("condition", "Condition", lambda one: one.words),
        ),
    )


def _saves_table(found: RuleSet, saves: list[Save]) -> Table:
    return table_of(
        f"tier-rules-{found.version}-saves",
        saves,
        (
            ("saved_at", "Saved", lambda one: one.saved_at),
            ("saved_by", "By", lambda one: str(one.saved_by or "")),
            ("changes", "Changes", lambda one: list(one.changes)),
        ),
    )


def _previews_table(found: RuleSet) -> Table:
    runs: Any = PreviewRun.objects.filter(rule_set=found).select_related("requested_by")
    return table_of(
        f"tier-rules-{found.version}-previews",
        runs,
        (
            ("requested_at", "Asked", lambda one: one.requested_at),
            ("requested_by", "By", lambda one: str(one.requested_by)),
            ("as_of", "Of", lambda one: one.as_of or one.on),
            ("state", "State", lambda one: one.get_state_display()),
        ),
    )
