"""Teams of support: who works on which queue, what each covers, and who has how much open now."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import asked_format, export_response
from people.access import request_access, require
from people.configuration.authors import recorded
from people.guards import signed_in
from people.models import Category, Level
from support.models import SupportTeam, TeamMember
from support.teams.forms import MemberForm, TeamForm
from support.teams.reading import shown_teams, teams_table, waiting_of
from support.teams.services import (
    EDITORS,
    REFUSED,
    change_team,
    create_team,
    delete_team,
    remove_member,
    set_member,
)

LARGEST_ID = 2**63 - 1
SHOWN_AT_MOST = 50


@require_safe
def teams(request: HttpRequest) -> HttpResponse:
    """List the teams: what each covers, who is in it and how many tickets they have and take."""
    _refuse_strangers(request)
    shown = shown_teams()
    if asked_format(request):
        return export_response(request, teams_table(shown))
    return render(request, "support/teams/list.html", {"teams": shown, "may_write": _edits(request)})


@require_safe
def team(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a team and its members with what they have open now."""
    _refuse_strangers(request)
    [one] = shown_teams(only=_row(pk))
    if asked_format(request):
        return export_response(request, teams_table([one]))
    # The tickets themselves are more than totals.
    reads_tickets = request_access(request).allows(Category.SUPPORT_HISTORY)
    context = {
        "one": one,
        "form": MemberForm(),
        "may_write": _edits(request),
        "waiting": waiting_of(one.team, SHOWN_AT_MOST) if reads_tickets else [],
    }
    return render(request, "support/teams/one.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def team_new(request: HttpRequest) -> HttpResponse:
    """Begin a team."""
    _refuse_others(request)
    form = TeamForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_team(**form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, f"{made} is a team now. Say who works for it.")
            return redirect("support:team", made.pk)
    context = {"form": form, "team": None}
    return render(request, "support/teams/change.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def team_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a team is called and covers."""
    _refuse_others(request)
    row = _row(pk)
    initial = {
        "name": row.name,
        "purpose": row.purpose,
        "is_general": row.is_general,
        "covers": [held.skill_id for held in row.covers.all()],
    }
    form = TeamForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_team(team=row, **{"covers": (), **form.cleaned_data}, by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, "The team is saved.")
            return redirect("support:team", row.pk)
    context = {"form": form, "team": row}
    return render(request, "support/teams/change.html", context, status=422 if form.errors else 200)


@require_POST
@recorded
def team_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a team that nothing refers to."""
    row = _row(pk)
    try:
        delete_team(team=row, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("support:team", pk)
    messages.success(request, f"{row} is no team any more.")
    return redirect("support:teams")


@require_POST
@recorded
def team_members(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody into a team, or give a member another limit."""
    _refuse_others(request)
    row = _row(pk)
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            member = set_member(team=row, **form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, f"{member.person} takes up to {member.open_limit} open tickets.")
            return redirect("support:team", row.pk)
    [one] = shown_teams(only=row)
    context = {"one": one, "form": form, "may_write": True}
    return render(request, "support/teams/one.html", context, status=422)


@require_POST
@recorded
def team_member_out(request: HttpRequest, pk: int, member: int) -> HttpResponse:
    """Take somebody out of a team."""
    _refuse_others(request)
    rows = TeamMember.objects.select_related("team", "person")
    held = get_object_or_404(rows, team=_row(pk), pk=min(member, LARGEST_ID))
    remove_member(member=held, by=signed_in(request))
    messages.success(request, f"{held.person} works for {held.team} no longer. Their tickets stay theirs.")
    return redirect("support:team", held.team_id)


def _row(pk: int) -> SupportTeam:
    return get_object_or_404(SupportTeam, pk=min(pk, LARGEST_ID))


def _edits(request: HttpRequest) -> bool:
    return signed_in(request).function in EDITORS


def _refuse_strangers(request: HttpRequest) -> None:
    # How much somebody has open is a number of the support history.
    require(request_access(request), Category.SUPPORT_HISTORY, Level.TOTALS)


def _refuse_others(request: HttpRequest) -> None:
    if not _edits(request):
        raise PermissionDenied(REFUSED)
    _refuse_strangers(request)
