"""One refresh step by step, and the button that makes a step again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.formatting import format_count
from common.htmx import render_page
from metrics.engine.progress import progress_of
from metrics.engine.retry import retry_step
from metrics.models import RefreshRun, RefreshStep
from metrics.nights.failures import message_of
from metrics.nights.steps import ItemRow, items_of, neighbours_of, slices_of
from metrics.views.runs import call_workers
from people.guards import is_revops, revops_only, signed_in

LARGEST_ID = 2**63 - 1


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a refresh wave by wave, or (``?item=``) one item of it slice by slice; follows it while it runs."""
    found = RefreshRun.objects.filter(pk=min(pk, LARGEST_ID)).first()
    if found is None:
        raise Http404("There is no such refresh.")
    key = request.GET.get("item", "")
    sees_errors = is_revops(request)
    rows = items_of(found)
    context: dict[str, Any] = {
        "run": found,
        "as_of": found.as_of,
        "is_running": found.state == RefreshRun.State.RUNNING,
        "sees_errors": sees_errors,
        "newer": RefreshRun.objects.filter(as_of=found.as_of, pk__gt=found.pk).order_by("-pk").first(),
    }
    if key:
        item = next((row for row in rows if row.key == key), None)
        if item is None:
            raise Http404("This refresh has no such step.")
        slices = slices_of(found, key)
        exports = [
            Offer("steps", "Steps of the item", lambda: _steps_table(found, slices, sees_errors=sees_errors))
        ]
        before, after = neighbours_of(found, key, rows)
        context |= {"item": item, "slices": slices, "before": before, "after": after, "exports": exports}
        context["follow"] = f"{reverse('metrics:run', args=[found.pk])}?item={key}"
        context["can_retry"] = sees_errors and context["newer"] is None
    else:
        exports = [
            Offer("items", "Items of the refresh", lambda: items_table(found, rows, sees_errors=sees_errors))
        ]
        context |= {"rows": rows, "progress": progress_of([found.pk]), "exports": exports}
        context["follow"] = reverse("metrics:run", args=[found.pk])
        context["failures"] = [row for row in rows if row.failed and not row.causes]
        context["seconds"] = sum(row.seconds for row in rows)
        context["written"] = sum(row.rows for row in rows)
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    return render_page(request, "metrics/nights/run.html", "metrics/nights/_run.html", context)


@require_POST
@revops_only("Retrying a step")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Have one step made again with what follows it, and call the workers."""
    step = RefreshStep.objects.filter(pk=min(pk, LARGEST_ID)).first()
    if step is None:
        raise Http404("There is no such step.")
    try:
        asked = retry_step(step=step, by=signed_in(request))
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    else:
        others = f", and {format_count(asked.steps - 1, 'step')} that follow it" if asked.steps > 1 else ""
        call_workers(request, f"The step is made again{others}.")
    return redirect(f"{reverse('metrics:run', args=[step.run_id])}?item={step.key}")


def items_table(run: RefreshRun, rows: list[ItemRow], *, sees_errors: bool) -> Table:
    """Return what one refresh did, item by item; errors for RevOps only, as on the page."""
    return table_of(
        f"refresh-{run.as_of.isoformat()}",
        rows,
        [
            ("key", "Key", lambda row: row.key),
            ("label", "Item", lambda row: row.label),
            ("wave", "Wave", lambda row: row.wave),
            ("state", "State", lambda row: row.state),
            ("steps", "Steps", lambda row: row.steps),
            ("done", "Done", lambda row: row.done),
            ("started_at", "Started", lambda row: row.started_at),
            ("rows", "Rows", lambda row: row.rows),
            ("seconds", "Time (s)", lambda row: round(row.seconds, 3)),
            ("tries", "Tries", lambda row: row.attempts),
            ("note", "Note", lambda row: row.note),
            ("error", "Error", lambda row: _seen_error(row.error, sees_errors=sees_errors)),
        ],
    )


def _steps_table(run: RefreshRun, slices: list[RefreshStep], *, sees_errors: bool) -> Table:
    return table_of(
        f"refresh-{run.as_of.isoformat()}-steps",
        slices,
        [
            ("key", "Key", lambda step: step.key),
            ("first", "First account", lambda step: step.first),
            ("last", "Last account", lambda step: step.last),
            ("state", "State", lambda step: step.get_state_display()),
            ("started_at", "Started", lambda step: step.started_at),
            ("finished_at", "Finished", lambda step: step.finished_at),
            ("seconds", "Time (s)", lambda step: step.seconds),
            ("rows", "Rows", lambda step: step.rows),
            ("tries", "Tries", lambda step: step.attempts),
            ("retries", "Asked for again", lambda step: step.retries),
            ("note", "Note", lambda step: step.note),
            ("error", "Error", lambda step: _seen_error(step.error, sees_errors=sees_errors)),
        ],
    )


def _seen_error(error: str, *, sees_errors: bool) -> str:
    if not error:
        return ""
    return f"{message_of(error).text} {error}" if sees_errors else "RevOps sees why."
