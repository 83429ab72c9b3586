"""The refresh: the last nights at a glance, what needs somebody, and a button that starts one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.formatting import format_date
from common.htmx import render_page
from common.params import read_key
from metrics.engine.plan import plan_refresh, today
from metrics.engine.progress import progress_of
from metrics.models import Backfill, NightAlert, RefreshRun
from metrics.nights.backfill import days_of
from metrics.nights.deadline import due_at
from metrics.nights.strip import Night, finding, newest_nights
from metrics.tasks import wake_workers
from people.guards import is_revops, revops_only

SHOWN_RUNS = 20


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """Show the last nights and the newest refreshes; refreshes itself while one runs. ``?run=`` leads to one."""
    if asked := request.GET.get("run", ""):
        found = RefreshRun.objects.filter(pk=read_key(asked)).first()
        if found is None:
            raise Http404("There is no such refresh.")
        return redirect("metrics:run", found.pk)
    listed = list(RefreshRun.objects.order_by("-pk")[:SHOWN_RUNS])
    nights = newest_nights() if listed else []
    exports = [
        Offer("refreshes", "Newest refreshes", _runs_table),
        Offer("nights", "Last 30 nights", lambda: _nights_table(nights)),
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    run = RefreshRun.objects.open().first() or (listed[0] if listed else None)
    context: dict[str, Any] = {
        "exports": exports,
        "runs": listed,
        "run": run,
        "nights": nights,
        "can_refresh": is_revops(request),
    }
    if run is not None:
        backfill = Backfill.objects.newest_first().first()
        context |= {
            "progress": progress_of([run.pk]),
            "is_running": run.state == RefreshRun.State.RUNNING,
            "finding": finding(nights),
            "due_at": due_at(nights[-1].day),
            "backfill": backfill,
            "backfilled": days_of(backfill) if backfill is not None else None,
            "alerts": list(NightAlert.objects.unanswered()[:SHOWN_RUNS]) if is_revops(request) else [],
        }
    return render_page(request, "metrics/runs.html", "metrics/_runs.html", context)


@require_POST
@revops_only("Starting a refresh")
def refresh_now(request: HttpRequest) -> HttpResponse:
    """Plan a refresh of today, or join the one under way, and call the workers."""
    name = request.user.get_username()
    run = plan_refresh(as_of=today(), cause=f"Refresh now, {name}")
    call_workers(request, f"Refreshing the numbers of {format_date(run.as_of)}.")
    return redirect("metrics:runs")


def call_workers(request: HttpRequest, done: str) -> None:
    """Call the workers, and say what is done, or that they can't be reached."""
    try:
        wake_workers()
    except OperationalError:
        messages.warning(
            request, "Planned. The workers can't be reached; they begin as soon as they are back."
        )
    else:
        messages.success(request, done)


def _runs_table() -> Table:
    """Return the refreshes, newest first, as a table for a file."""
    return table_of(
        "refreshes",
        RefreshRun.objects.order_by("-pk").iterator(chunk_size=1000),
        [
            ("id", "Refresh", lambda each: each.pk),
            ("as_of", "Day", lambda each: each.as_of),
            ("state", "State", lambda each: each.get_state_display()),
            ("cause", "Cause", lambda each: each.cause),
            ("planned_at", "Planned", lambda each: each.planned_at),
            ("finished_at", "Finished", lambda each: each.over_at),
        ],
    )


def _nights_table(nights: list[Night]) -> Table:
    return table_of(
        "nights",
        list(reversed(nights)),
        [
            ("as_of", "Night", lambda each: each.day),
            ("state", "State", lambda each: each.state),
            ("refresh", "Refresh", lambda each: each.run.pk if each.run else None),
            ("steps", "Steps", lambda each: each.steps if each.run else None),
            ("failed", "Failed", lambda each: each.failed if each.run else None),
            ("rows", "Rows", lambda each: each.rows if each.run else None),
            ("seconds", "Work (s)", lambda each: round(each.seconds, 3) if each.run else None),
        ],
    )
