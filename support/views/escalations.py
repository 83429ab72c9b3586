"""Escalations: what is late and who takes care of it, and the ladders by which people are told."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import asked_format, export_response, table_of
from common.pagination import read_page
from common.versions.errors import VersionChangedError
from people.access import request_access, require
from people.configuration.authors import recorded
from people.guards import signed_in
from people.models import Category
from support.entitlements import ESCALATION
from support.escalations.climbing import acknowledge
from support.escalations.forms import LadderForm
from support.escalations.ladders import (
    REFUSED,
    differ,
    digest,
    drafts_by_version,
    drafts_of,
    expected,
    paths,
    people_in,
    told,
    write_ladder,
)
from support.escalations.previews import preview_ladder
from support.escalations.reading import escalations_table, listed, shown
from support.models import Escalation, Ladder
from support.routing.services import EDITORS
from tiers.entitlements.registry import kinds
from tiers.entitlements.tables import table_in_force

LARGEST_ID = 2**63 - 1
FILTERS = {"unanswered": "Not taken up", "present": "Late now", "all": "All"}
MOST_IN_A_FILE = 10_000
VERSIONS_SHOWN = 20


@require_safe
def escalations(request: HttpRequest) -> HttpResponse:
    """List escalations, the newest first: those that nobody has taken up, unless others are asked for."""
    require(request_access(request), Category.SUPPORT_HISTORY)
    which = request.GET.get("show", "")
    which = which if which in FILTERS else "unanswered"
    rows = listed(which)
    if asked_format(request):
        return export_response(request, escalations_table(shown(list(rows[:MOST_IN_A_FILE]))))
    page = read_page(request, rows, ("-began_at", "-id"))
    context = {
        "previous_url": page.previous_url,
        "next_url": page.next_url,
        "rows": shown(page.rows),
        "which": which,
        "filters": FILTERS.items(),
        "now": timezone.now(),
    }
    return render(request, "support/escalations/list.html", context)


@require_POST
def escalation_acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an escalation up."""
    access = request_access(request)
    require(access, Category.SUPPORT_HISTORY)
    held = get_object_or_404(Escalation, pk=min(pk, LARGEST_ID), ticket__deleted_at=None)
    try:
        acknowledge(escalation=held, by=signed_in(request), access=access)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "You have it. Nobody further is told.")
    return redirect("support:ticket", held.ticket_id)


@require_safe
def ladder(request: HttpRequest) -> HttpResponse:
    """Show who is told of a breach, step by step, for what each tier is entitled to."""
    held = Ladder.objects.published().first()
    versions = list(
        Ladder.objects.exclude(state="draft").newest_first().select_related("author")[:VERSIONS_SHOWN]
    )
    said = drafts_by_version({key for one in versions for key in (one.pk, one.based_on_id) if key})
    drafts = drafts_of(held)
    people = people_in(drafts, *said.values())
    table = table_in_force()
    tiers: dict[str, list[str]] = {}
    for tier in table.tiers.values():
        tiers.setdefault(table.value(kinds[ESCALATION], tier), []).append(tier.label)
    rows = [
        (
            label[:1].upper() + label[1:],
            tiers.get(path, []),
            [told(one, place, people) for place, one in enumerate(drafts[path], 1)],
        )
        for path, label in paths().items()
    ]
    if asked_format(request):
        columns = [
            ("path", "Escalation", lambda row: row[0]),
            ("tiers", "Tiers", lambda row: ", ".join(row[1])),
            ("steps", "Steps", lambda row: "; ".join(row[2])),
        ]
        return export_response(request, table_of("escalation-ladders", rows, columns))
    context = {
        "held": held,
        "rows": rows,
        "history": [
            (one, differ(said[one.based_on_id], said[one.pk], people) if one.based_on_id else [])
            for one in versions
        ],
        "may_write": _edits(request),
    }
    return render(request, "support/escalations/ladder.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def ladder_edit(request: HttpRequest) -> HttpResponse:
    """Write the ladders anew: what a change would have meant is shown before it can be put in force."""
    if not _edits(request):
        raise PermissionDenied(REFUSED)
    held = Ladder.objects.published().first()
    before = drafts_of(held)
    form = LadderForm(request.POST or None, rungs=before)
    context: dict[str, Any] = {"form": form, "held": held, "seen": expected(), "preview": None}
    if request.method == "POST" and form.is_valid():
        context["seen"] = request.POST.get("seen", "")
        rungs = form.rungs
        mark = digest(rungs)
        # Nobody puts in force what they haven't seen the effect of.
        if request.POST.get("previewed") == mark and "publish" in request.POST:
            try:
                version = write_ladder(
                    rungs=rungs, by=signed_in(request), seen=context["seen"], note=form.cleaned_data["note"]
                )
            except VersionChangedError as error:
                context |= {"meanwhile": error, "seen": expected()}
            except ValidationError as error:
                form.add_errors(error)
            else:
                messages.success(request, f"{version} counts from now on.")
                return redirect("support:ladder")
        if not form.errors:
            context |= {"previewed": mark, "preview": preview_ladder(before, rungs, now=timezone.now())}
    return render(request, "support/escalations/edit.html", context, status=422 if form.errors else 200)


def _edits(request: HttpRequest) -> bool:
    return signed_in(request).function in EDITORS
