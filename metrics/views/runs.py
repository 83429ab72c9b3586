"""The operations page of the refresh: how far it is, what failed, and a button that starts one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Max, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.formatting import format_date
from common.htmx import render_page
from metrics.engine.plan import plan_refresh, today
from metrics.engine.progress import progress_of
from metrics.models import RefreshRun
from metrics.registry import all_items
from metrics.tasks import wake_workers
from people.guards import is_revops, revops_only

SHOWN_RUNS = 20
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemRow:
    """One declared item of a run: its slices summed up."""

    key: str
    label: str
    steps: int
    done: int
    failed: int
    rows: int
    seconds: float
    error: str
    note: str

    @property
    def state(self) -> str:
        """``failed``, ``done`` or ``waiting``."""
        if self.failed:
            return "failed"
        return "done" if self.done == self.steps else "waiting"


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """Show the newest refreshes, and one of them (``?run=``) wave by wave; refreshes itself while it runs."""
    listed = list(RefreshRun.objects.order_by("-pk")[:SHOWN_RUNS])
    run = _chosen(request, listed)
    exports = [Offer("refreshes", "Newest refreshes", _runs_table)]
    if run is not None:
        exports.append(
            Offer("items", "Items of the refresh", lambda: _items_table(run, sees_errors=is_revops(request)))
        )
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context: dict[str, Any] = {
        "exports": exports,
        "runs": listed,
        "run": run,
        "can_refresh": is_revops(request),
        "sees_errors": is_revops(request),
    }
    if run is not None:
        context |= {
            "progress": progress_of([run.pk]),
            "waves": _waves(run),
            "is_running": run.state == RefreshRun.State.RUNNING,
            "as_of": run.as_of,
        }
    return render_page(request, "metrics/runs.html", "metrics/_runs.html", context)


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
            ("finished_at", "Finished", lambda each: each.finished_at),
        ],
    )


def _items_table(run: RefreshRun, *, sees_errors: bool) -> Table:
    """Return what one refresh did, item by item; errors for RevOps only, as on the page."""
    return table_of(
        f"refresh-{run.as_of.isoformat()}",
        [(wave, row) for wave, rows in _waves(run) for row in rows],
        [
            ("key", "Key", lambda each: each[1].key),
            ("label", "Item", lambda each: each[1].label),
            ("wave", "Wave", lambda each: each[0]),
            ("state", "State", lambda each: each[1].state),
            ("steps", "Steps", lambda each: each[1].steps),
            ("done", "Done", lambda each: each[1].done),
            ("rows", "Rows", lambda each: each[1].rows),
            ("seconds", "Time (s)", lambda each: round(each[1].seconds, 3)),
            ("note", "Note", lambda each: each[1].note),
            ("error", "Error", lambda each: _seen_error(each[1].error, sees_errors=sees_errors)),
        ],
    )


def _seen_error(error: str, *, sees_errors: bool) -> str:
    return error if sees_errors or not error else "RevOps sees why."


@require_POST
@revops_only("Starting a refresh")
def refresh_now(request: HttpRequest) -> HttpResponse:
    """Plan a refresh of today, or join the one under way, and call the workers."""
    name = request.user.get_username()
    run = plan_refresh(as_of=today(), cause=f"Refresh now, {name}")
    try:
        wake_workers()
    except OperationalError:
        messages.warning(
            request, "Planned. The workers can't be reached; they begin as soon as they are back."
        )
    else:
        messages.success(request, f"Refreshing the numbers of {format_date(run.as_of)}.")
    return redirect("metrics:runs")


def _chosen(request: HttpRequest, listed: list[RefreshRun]) -> RefreshRun | None:
    given = request.GET.get("run", "")
    if not given:
        return next((run for run in reversed(listed) if run.state == RefreshRun.State.RUNNING), None) or (
            listed[0] if listed else None
        )
    if given.isascii() and given.isdigit() and int(given) <= LARGEST_ID:
        found = RefreshRun.objects.filter(pk=int(given)).first()
        if found is not None:
            return found
    raise Http404("There is no such refresh.")


def _waves(run: RefreshRun) -> list[tuple[int, list[ItemRow]]]:
    items = all_items()
    rows = (
        run.steps.values("wave", "key")
        .annotate(
            steps=Count("pk"),
            done=Count("pk", filter=~Q(state="queued")),
            failed=Count("pk", filter=Q(state="failed")),
            written=Sum("rows"),
            took=Sum("seconds"),
            error=Max("error"),
            told=Max("note"),
        )
        .order_by("wave", "key")
    )
    waves: dict[int, list[ItemRow]] = {}
    for row in rows:
        item = items.get(row["key"])
        waves.setdefault(row["wave"], []).append(
            ItemRow(
                key=row["key"],
                label=item.label if item else row["key"],
                steps=row["steps"],
                done=row["done"],
                failed=row["failed"],
                rows=row["written"] or 0,
                seconds=row["took"] or 0.0,
                error=row["error"],
                note=row["told"],
            )
        )
    return list(waves.items())
