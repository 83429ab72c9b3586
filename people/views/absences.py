"""Absences: who is away, and who works in their place."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from common.export import Table, asked_format, export_response, table_of
from common.formatting import format_date
from people.absences.forms import AbsenceForm, NewAbsenceForm
from people.absences.models import Absence, day_of
from people.absences.rota import Rota
from people.absences.services import (
    REFUSED,
    away_too,
    change_absence,
    end_absence,
    may_write_for,
    write_absence,
)
from people.functions import Function
from people.guards import signed_in
from people.models import User

SHOWN_AT_MOST = 200
CHUNK = 1000
LARGEST_ID = 2**63 - 1
SHOWS = {"ahead": "Now and to come", "past": "Past"}


@require_http_methods(["GET", "HEAD", "POST"])
def absences(request: HttpRequest) -> HttpResponse:
    """Show who is away now and will be; POST writes an absence. The past is for those who may write it."""
    user = signed_in(request)
    today = day_of(user, timezone.now())
    form = NewAbsenceForm(
        request.POST if request.method == "POST" else None,
        by=user,
        initial={"starts_on": today, "ends_on": today},
    )
    if request.method == "POST" and form.is_valid():
        person = form.whose(user)
        held = {name: form.cleaned_data[name] for name in ("starts_on", "ends_on", "stand_in", "note")}
        try:
            made = write_absence(person=person, by=user, **held)
        except ValidationError as error:
            form.add_errors(error)
        else:
            _say(request, made)
            return redirect("people:absences")
    show = "past" if request.GET.get("show") == "past" else "ahead"
    found = _found(user, show)
    if not form.is_bound and asked_format(request):
        return export_response(request, _table(found))
    rota = Rota.read()
    shown = list(found[: SHOWN_AT_MOST + 1])
    context = {
        "form": form,
        "rows": [_row(each, rota, user) for each in shown[:SHOWN_AT_MOST]],
        "has_more": len(shown) > SHOWN_AT_MOST,
        "shows": SHOWS,
        "search": {"show": show},
    }
    return render(request, "people/absences.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def absence(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an absence of which something lies ahead."""
    user = signed_in(request)
    held = _held(pk)
    if not may_write_for(user, held.person):
        raise PermissionDenied(REFUSED)
    names = ("starts_on", "ends_on", "stand_in", "note")
    initial = {name: getattr(held, name) for name in names}
    form = AbsenceForm(
        request.POST if request.method == "POST" else None, person=held.person, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = change_absence(absence=held, by=user, **{name: form.cleaned_data[name] for name in names})
        except ValidationError as error:
            form.add_errors(error)
        else:
            _say(request, made)
            return redirect("people:absences")
    now = timezone.now()
    context = {"form": form, "absence": held, "is_over": held.is_over(now), "has_begun": held.has_begun(now)}
    return render(request, "people/absence.html", context, status=422 if form.is_bound else 200)


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a person back, or take an absence back that hasn't begun."""
    held = _held(pk)
    try:
        ended = end_absence(absence=held, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        done = "is back" if ended.withdrawn_at is None else "is not away then"
        messages.success(request, f"{ended.person} {done}.")
    return redirect("people:absences")


def _held(pk: int) -> Absence:
    rows = Absence.objects.select_related("person", "stand_in", "author")
    return get_object_or_404(rows, pk=min(pk, LARGEST_ID))


def _found(user: User, show: str) -> QuerySet[Absence]:
    """Return the absences that a reader sees, the soonest first, of the past the latest."""
    rows = Absence.objects.select_related("person", "stand_in", "author")
    # The day of the reader parts them; it may differ by one from that of whoever is away.
    today = day_of(user, timezone.now())
    if show == "ahead":
        return rows.standing().filter(ends_on__gte=today).order_by("starts_on", "person__name", "pk")
    past = rows.filter(Q(ends_on__lt=today) | Q(withdrawn_at__isnull=False)).order_by("-ends_on", "-pk")
    if user.function == Function.REVOPS:
        return past
    own = Q(person=user)
    desk = Q(person__function=Function.SUPPORT)
    return past.filter(own | desk if user.function == Function.SUPPORT else own)


def _row(each: Absence, rota: Rota, user: User) -> dict[str, Any]:
    word, tone = _state(each)
    # Whoever stands in may be away too; then somebody stands in for them, or nobody is left.
    instead = rota.at_work_for(each.person) if each.holds_at(rota.at) else each.stand_in
    return {
        "absence": each,
        "state": word,
        "tone": tone,
        "instead": instead,
        "is_passed_on": instead != each.stand_in,
        "can_change": may_write_for(user, each.person) and not each.is_over(rota.at),
    }


def _state(each: Absence) -> tuple[str, str]:
    now = timezone.now()
    if each.withdrawn_at is not None:
        return "Taken back", "neutral"
    if each.holds_at(now):
        return "Away", "amber"
    return ("Over", "neutral") if each.is_over(now) else ("To come", "accent")


def _table(found: QuerySet[Absence]) -> Table:
    return table_of(
        "absences",
        found.iterator(chunk_size=CHUNK),
        [
            ("person", "Who", lambda each: str(each.person)),
            ("function", "Function", lambda each: each.person.get_function_display()),
            ("starts_on", "First day", lambda each: each.starts_on),
            ("ends_on", "Last day", lambda each: each.ends_on),
            ("time_zone", "Time zone", lambda each: each.person.time_zone),
            ("stand_in", "Stands in", lambda each: str(each.stand_in or "")),
            ("note", "Note", lambda each: each.note),
            ("state", "State", lambda each: _state(each)[0]),
            ("author", "Written by", lambda each: str(each.author or "")),
        ],
    )


def _say(request: HttpRequest, made: Absence) -> None:
    days = f"from {format_date(made.starts_on)} to {format_date(made.ends_on)}"
    messages.success(request, f"{made.person} is away {days}.")
    both = away_too(made)
    if both is not None:
        told = f"{both.person} is away from {format_date(both.starts_on)} to {format_date(both.ends_on)} too"
        messages.warning(request, f"{told}: then whoever stands in for them does the work, if anybody does.")
