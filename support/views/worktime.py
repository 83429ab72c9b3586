"""Time worked on a ticket: the list, writing it down, correcting and taking back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from common.export import asked_format, export_response
from people.absences.models import day_of
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category
from support.models import Ticket, TimeEntry
from support.worktime.forms import TimeForm
from support.worktime.reading import work_on, work_table
from support.worktime.services import (
    NOT_YOURS,
    is_written_here,
    may_correct,
    may_write,
    take_back,
    write_time,
)
from tiers.entitlements.values import minutes_in_words

LARGEST_ID = 2**63 - 1


@require_http_methods(["GET", "HEAD", "POST"])
def ticket_time(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the time worked on a ticket; POST writes some down."""
    ticket, user = _ticket(request, pk), signed_in(request)
    may = may_write(user)
    if request.method == "POST":
        form = TimeForm(request.POST)
        if form.is_valid():
            try:
                write_time(ticket=ticket, **form.fields_of_entry(), by=user)
            except ValidationError as error:
                form.add_errors(error)
            else:
                messages.success(request, f"{minutes_in_words(form.cleaned_data['spent'])} written down.")
                return redirect("support:ticket_time", ticket.pk)
    else:
        form = TimeForm(initial={"worked_on": day_of(user, timezone.now()), "key": uuid.uuid4()})
    work = work_on(ticket, user)
    if asked_format(request):
        return export_response(request, work_table(work))
    context = {"ticket": ticket, "work": work, "form": form, "may_write": may}
    return render(request, "support/worktime/list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def ticket_time_entry(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    """Correct an entry, or take it back."""
    ticket, user = _ticket(request, pk), signed_in(request)
    held = get_object_or_404(TimeEntry, ticket=ticket, pk=min(entry, LARGEST_ID))
    if not may_correct(held, user, is_own=is_written_here(held)):
        raise PermissionDenied(NOT_YOURS)
    initial = {
        "spent": minutes_in_words(held.minutes),
        "worked_on": held.worked_on,
        "note": held.note,
        "key": uuid.uuid4(),
    }
    is_removal = request.POST.get("do") == "take_back"
    form = TimeForm(request.POST if request.method == "POST" and not is_removal else None, initial=initial)
    if is_removal or form.is_valid():
        try:
            if is_removal:
                take_back(entry=held, by=user)
            else:
                write_time(ticket=ticket, **form.fields_of_entry(), by=user, instead_of=held)
        except ValidationError as error:
            if is_removal:
                messages.error(request, " ".join(error.messages))
                return redirect("support:ticket_time", ticket.pk)
            form.add_errors(error)
        else:
            messages.success(request, "Taken back." if is_removal else "Corrected.")
            return redirect("support:ticket_time", ticket.pk)
    context = {"ticket": ticket, "entry": held, "form": form}
    return render(request, "support/worktime/change.html", context, status=422 if form.errors else 200)


def _ticket(request: HttpRequest, pk: int) -> Ticket:
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    require(access, Category.SUPPORT_HISTORY)
    rows = Ticket.objects.live().select_related("account").filter(account__deleted_at=None)
    return get_object_or_404(rows, pk=min(pk, LARGEST_ID))
