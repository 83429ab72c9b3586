"""Pages of calendars: when support works, from when on, and how long something takes by them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import asked_format, export_response
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.configuration.authors import recorded
from people.guards import signed_in
from support.calendars.forms import CalendarForm, HoursForm, NameForm, TryForm, initial_of
from support.calendars.hours import NeverOpen
from support.calendars.reading import (
    Shown,
    Worked,
    calendars_table,
    history_of,
    holidays_table,
    shown_calendars,
    versions_of,
    work_out,
)
from support.calendars.services import (
    EDITORS,
    REFUSED,
    create_calendar,
    expected,
    make_default,
    newest,
    rename_calendar,
    take_back,
    write_hours,
)
from support.calendars.terms import terms_of
from support.models import BusinessCalendar, CalendarVersion

LARGEST_ID = 2**63 - 1
HOLIDAYS_SHOWN = 6
TRIED = {"minutes": 60}


@require_safe
def calendars(request: HttpRequest) -> HttpResponse:
    """List the calendars: whether each is open now, its week, and its next day off."""
    shown = shown_calendars(timezone.now())
    if asked_format(request):
        return export_response(request, calendars_table(shown))
    rows = [(one, next(iter(one.holidays(_today(one), 1)), None)) for one in shown]
    return render(request, "support/calendars/list.html", {"rows": rows, "may_write": _edits(request)})


@require_safe
def calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a calendar: its week, days off, versions, and when something is due by it."""
    row = _row(pk)
    [one] = shown_calendars(timezone.now(), [row])
    if asked_format(request):
        return export_response(request, holidays_table(one))
    zone = ZoneInfo(one.terms.zone)
    asked = {name: request.GET[name] for name in ("start", "minutes") if name in request.GET}
    form = TryForm(asked or None, zone=zone, initial={**TRIED, "start": _now_in(zone)})
    context = {
        "one": one,
        "holidays": one.holidays(_today(one), HOLIDAYS_SHOWN),
        "history": history_of(versions_of([row])[row.pk]),
        "form": form,
        "worked": _worked(form, one),
        "may_write": _edits(request),
    }
    return render(request, "support/calendars/one.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def calendar_new(request: HttpRequest) -> HttpResponse:
    """Begin a calendar."""
    _refuse_others(request)
    form = CalendarForm(request.POST or None, initial={"starts_on": today()})
    if request.method == "POST" and form.is_valid():
        held = form.cleaned_data
        try:
            row = create_calendar(
                name=held["name"],
                terms=form.terms,
                worked=form.days_worked,
                starts_on=held["starts_on"],
                by=signed_in(request),
                note=held["note"],
            )
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, f"{row} is a calendar now.")
            return redirect("support:calendar", row.pk)
    context = {"form": form, "row": None}
    return render(request, "support/calendars/change.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def calendar_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a calendar have other hours from a day on."""
    _refuse_others(request)
    row = _row(pk)
    meanwhile: VersionChangedError | None = None
    if request.method == "POST":
        form = HoursForm(request.POST)
        if form.is_valid():
            held = form.cleaned_data
            try:
                version = write_hours(
                    calendar=row,
                    terms=form.terms,
                    worked=form.days_worked,
                    starts_on=held["starts_on"],
                    by=signed_in(request),
                    seen=held["expected"],
                    note=held["note"],
                )
            except VersionChangedError as error:
                meanwhile = error
                # What was typed stays; saving again is then meant to replace what the other one wrote.
                form.data = {**request.POST.dict(), "expected": expected(row)}
            except ValidationError as error:
                _add_errors(form, error)
            else:
                messages.success(request, f"{version} counts from {version.starts_on:%-d %b %Y} on.")
                return redirect("support:calendar", row.pk)
    else:
        before = newest(row)
        first = max(today(), before.starts_on) if before and before.starts_on else today()
        initial = initial_of(terms_of(before)) if before else {}
        form = HoursForm(initial=initial | {"starts_on": first, "expected": expected(row)})
    status = 409 if meanwhile else 422 if form.errors else 200
    context = {"form": form, "row": row, "meanwhile": meanwhile}
    return render(request, "support/calendars/change.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def calendar_name(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a calendar another name."""
    _refuse_others(request)
    row = _row(pk)
    form = NameForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            row = rename_calendar(calendar=row, name=form.cleaned_data["name"], by=signed_in(request))
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, f"It is called {row} now.")
            return redirect("support:calendar", row.pk)
    context = {"form": form, "row": row}
    return render(request, "support/calendars/name.html", context, status=422 if form.errors else 200)


@require_POST
@recorded
def calendar_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a calendar the default, or take back hours whose day lies ahead."""
    _refuse_others(request)
    row = _row(pk)
    by = signed_in(request)
    if request.POST.get("do") == "default":
        make_default(calendar=row, by=by)
        messages.success(request, f"{row} counts where nothing names another.")
        return redirect("support:calendar", row.pk)
    wanted = request.POST.get("version", "")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else 0
    version = get_object_or_404(
        CalendarVersion.objects.select_related("calendar"), calendar=row, version=number
    )
    try:
        take_back(version=version, by=by)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{version} is gone.")
    return redirect("support:calendar", row.pk)


def _worked(form: TryForm, one: Shown) -> Worked | None:
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return work_out(form.cleaned_data["start"], form.cleaned_data["minutes"], one.calendar)
    except (NeverOpen, ValueError) as error:
        form.add_error("minutes", str(error))
        return None


def _row(pk: int) -> BusinessCalendar:
    return get_object_or_404(BusinessCalendar, pk=min(pk, LARGEST_ID))


def _today(one: Shown) -> Any:
    return timezone.now().astimezone(ZoneInfo(one.terms.zone)).date()


def _now_in(zone: ZoneInfo) -> str:
    return timezone.now().astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _add_errors(form: Any, error: ValidationError) -> None:
    names = {"spans": "monday", "holidays": "closed"}
    for field, told in error.message_dict.items():
        name = names.get(field, field)
        form.add_error(name if name in form.fields else None, told)


def _edits(request: HttpRequest) -> bool:
    return signed_in(request).function in EDITORS


def _refuse_others(request: HttpRequest) -> None:
    if not _edits(request):
        raise PermissionDenied(REFUSED)
