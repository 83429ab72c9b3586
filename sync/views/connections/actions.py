"""What can be done to a connection with one button."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from people.configuration.authors import recorded
from people.guards import revops_only
from sync.connectors.errors import ConnectorError, RecoverableError
from sync.connectors.forms import ScheduleForm
from sync.connectors.look import try_connection
from sync.connectors.services import (
    delete_connection,
    note_trial,
    pause_connection,
    run_now,
    set_schedule,
    start_connection,
)
from sync.models import Connection

WHAT = "Connecting other systems"
TRY_LATER = "Try the sign-in again in a while; if it stays so, look at the address in the settings."


def say_how_it_went(request: HttpRequest, held: Connection) -> None:
    """Try the sign-in, keep what came of it and tell the reader."""
    try:
        whose = try_connection(held)
    except ConnectorError as error:
        # Runs are tried again by themselves; a trial is not.
        remedy = TRY_LATER if isinstance(error, RecoverableError) else error.remedy
        note_trial(connection=held, problem=error.message, remedy=remedy)
        messages.error(request, "The sign-in was tried and did not work; what is wrong stands below.")
    else:
        note_trial(connection=held, problem="", remedy="")
        messages.success(request, f"The sign-in works: {whose}.")


@require_POST
@revops_only(WHAT)
@recorded
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Try the sign-in and read the fields anew."""
    held = get_object_or_404(Connection, pk=pk)
    say_how_it_went(request, held)
    return redirect("sync:connection", pk)


@require_POST
@revops_only(WHAT)
@recorded
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a connection, or resume one that was paused or stopped."""
    held = get_object_or_404(Connection, pk=pk)
    start_connection(connection=held)
    messages.success(request, f"{held} runs now, and then on its schedule.")
    return redirect("sync:connection", pk)


@require_POST
@revops_only(WHAT)
@recorded
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a connection after the page under way."""
    held = get_object_or_404(Connection, pk=pk)
    pause_connection(connection=held)
    messages.success(request, f"{held} is paused. Resumed, it goes on where it was.")
    return redirect("sync:connection", pk)


@require_POST
@revops_only(WHAT)
@recorded
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Run a connection ahead of its schedule."""
    held = get_object_or_404(Connection, pk=pk)
    if run_now(connection=held):
        messages.success(request, f"{held} runs within a minute.")
    else:
        messages.error(request, f"{held} is not active; start or resume it first.")
    return redirect("sync:connection", pk)


@require_POST
@revops_only(WHAT)
@recorded
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Set how often a connection runs."""
    held = get_object_or_404(Connection, pk=pk)
    form = ScheduleForm(held, request.POST)
    if form.is_valid():
        try:
            set_schedule(connection=held, minutes=form.cleaned_data["interval_minutes"])
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, "The schedule is saved.")
    else:
        messages.error(request, "Choose one of the intervals.")
    return redirect("sync:connection", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
@recorded
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, with what goes and what stays, then delete a connection."""
    held = get_object_or_404(Connection.objects.select_related("source"), pk=pk)
    if request.method == "POST":
        delete_connection(connection=held)
        messages.success(request, f"{held} is deleted. What it brought stays.")
        return redirect("sync:connections")
    return render(request, "sync/connections/delete.html", {"connection": held})
