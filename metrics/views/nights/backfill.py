"""Days made again: asked for, followed while workers are at them, and stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.htmx import render_page
from metrics.engine.plan import today
from metrics.models import Backfill, RefreshRun
from metrics.nights.backfill import begin_backfill, cancel_backfill, days_of
from people.guards import revops_only, signed_in

WHAT = "Making days again"
LARGEST_ID = 2**63 - 1
SHOWN = 20
PROPOSED_DAYS = 7


class BackfillForm(forms.Form):
    """Which days are made again."""

    first_on = forms.DateField(
        label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last_on = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=f"At most {Backfill.MOST_DAYS} days at a time. They are made oldest first.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def begin(request: HttpRequest) -> HttpResponse:
    """Ask for a range of days to be made again, and list what was asked for before."""
    yesterday = today() - timedelta(days=1)
    form = BackfillForm(
        request.POST or None,
        initial={"first_on": yesterday - timedelta(days=PROPOSED_DAYS - 1), "last_on": yesterday},
    )
    if request.method == "POST" and form.is_valid():
        try:
            run = begin_backfill(**form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("metrics:backfill", run.pk)
    listed = list(Backfill.objects.newest_first().select_related("requested_by")[:SHOWN])
    exports = [Offer("backfills", "Days made again", _table)]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "form": form,
        "exports": exports,
        "under_way": next((one for one in listed if one.is_open), None),
        "listed": [(one, days_of(one)) for one in listed],
    }
    return render(request, "metrics/nights/backfills.html", context, status=422 if form.errors else 200)


@require_safe
@revops_only(WHAT)
def backfill(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a back-fill is, and the days that are made."""
    found = _found(pk)
    runs = list(RefreshRun.objects.filter(pk__in=found.runs).order_by("-as_of"))
    exports = [Offer("days", "Days of this back-fill", lambda: _days_table(found, runs))]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    days = days_of(found)
    context: dict[str, Any] = {
        "run": found,
        "days": days,
        "percent": 100 * days.made // days.total,
        "runs": runs,
        "exports": exports if runs else [],
        "under_way": next((one for one in runs if one.state == RefreshRun.State.RUNNING), None),
    }
    return render_page(request, "metrics/nights/backfill.html", "metrics/nights/_backfill.html", context)


@require_POST
@revops_only(WHAT)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin no further day."""
    try:
        cancel_backfill(run=_found(pk), by=signed_in(request))
    except ValidationError as error:
        messages.info(request, " ".join(error.messages))
    return redirect("metrics:backfill", pk)


def _found(pk: int) -> Backfill:
    found = Backfill.objects.select_related("requested_by").filter(pk=min(pk, LARGEST_ID)).first()
    if found is None:
        raise Http404("There is no such back-fill.")
    return found


def _table() -> Table:
    return table_of(
        "backfills",
        Backfill.objects.newest_first().select_related("requested_by").iterator(chunk_size=500),
        [
            ("first_on", "First day", lambda one: one.first_on),
            ("last_on", "Last day", lambda one: one.last_on),
            ("state", "State", lambda one: one.get_state_display()),
            ("days", "Days begun", lambda one: len(one.runs)),
            ("requested_by", "Asked by", lambda one: str(one.requested_by)),
            ("requested_at", "Asked", lambda one: one.requested_at),
            ("finished_at", "Ended", lambda one: one.finished_at),
        ],
    )


def _days_table(found: Backfill, runs: list[RefreshRun]) -> Table:
    return table_of(
        f"backfill-{found.pk}",
        runs,
        [
            ("as_of", "Day", lambda run: run.as_of),
            ("state", "State", lambda run: run.get_state_display()),
            ("refresh", "Refresh", lambda run: run.pk),
            ("planned_at", "Planned", lambda run: run.planned_at),
            ("finished_at", "Finished", lambda run: run.over_at),
        ],
    )
