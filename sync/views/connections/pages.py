"""Connections: all of them, one, a new one, its settings, one of its runs."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common.export import asked_format, chosen_table, export_response
from people.configuration.authors import recorded
from people.guards import revops_only
from sync.connectors.access import WAY
from sync.connectors.declarations import Connector
from sync.connectors.forms import ConnectionForm, ScheduleForm
from sync.connectors.history import decisions_about
from sync.connectors.listing import RUN_TONES, connection_rows
from sync.connectors.registry import connectors
from sync.connectors.services import change_connection, create_connection
from sync.connectors.tables import connection_offers, connections_table, run_offers
from sync.models import Connection, ConnectorRun
from sync.views.connections.actions import say_how_it_went

WHAT = "Connecting other systems"
RUNS_SHOWN = 30


@require_safe
@revops_only(WHAT)
def connections(request: HttpRequest) -> HttpResponse:
    """List the connections with state, lag and last run."""
    rows = connection_rows(Connection.objects.select_related("source").order_by("name"))
    if asked_format(request):
        return export_response(request, connections_table(rows))
    return render(request, "sync/connections/list.html", {"rows": rows})


@require_safe
@revops_only(WHAT)
def choose_connector(request: HttpRequest) -> HttpResponse:
    """Offer the systems that can be connected."""
    return render(request, "sync/connections/choose.html", {"connectors": list(connectors)})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@revops_only(WHAT)
@recorded
def new_connection(request: HttpRequest, kind: str) -> HttpResponse:
    """Take the credentials of a new connection, try them and go on to its page."""
    connector = _connector(kind)
    way = _way(request, connector, "")
    form = ConnectionForm(connector, way, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            created = create_connection(
                kind=kind,
                name=form.cleaned_data["name"],
                source=form.cleaned_data["source"],
                values=form.values(),
            )
        except ValidationError as error:
            form.add_errors(error)
        else:
            say_how_it_went(request, created)
            return redirect("sync:connection", created.pk)
    return _settings_page(request, connector, way, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@revops_only(WHAT)
@recorded
def edit_connection(request: HttpRequest, pk: int) -> HttpResponse:
    """Change name and credentials; secrets are never shown, only replaced."""
    held = get_object_or_404(Connection.objects.select_related("source"), pk=pk)
    connector = _connector(held.kind)
    way = _way(request, connector, held.settings.get(WAY, ""))
    form = ConnectionForm(connector, way, request.POST if request.method == "POST" else None, connection=held)
    if form.is_bound and form.is_valid():
        try:
            change_connection(connection=held, name=form.cleaned_data["name"], values=form.values())
        except ValidationError as error:
            form.add_errors(error)
        else:
            say_how_it_went(request, held)
            return redirect("sync:connection", held.pk)
    return _settings_page(request, connector, way, form, held)


@require_safe
@revops_only(WHAT)
def connection(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one connection: how it goes, what it pulls, what its runs did."""
    held = get_object_or_404(Connection.objects.select_related("source"), pk=pk)
    [row] = connection_rows([held])
    runs = list(held.runs.order_by("-started_at", "-pk")[:RUNS_SHOWN])
    decisions = decisions_about(held)
    exports = connection_offers(row, decisions)
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "exports": exports,
        "row": row,
        "connection": held,
        "connector": connectors.get(held.kind),
        "schedule": ScheduleForm(held),
        "runs": [(run, RUN_TONES[ConnectorRun.State(run.state)]) for run in runs],
        "decisions": decisions,
        "is_ready": any(item.target.is_enabled for item in row.objects),
    }
    return render(request, "sync/connections/connection.html", context)


@require_safe
@revops_only(WHAT)
def connector_run(request: HttpRequest, pk: int, run: int) -> HttpResponse:
    """Show one run: counts, progress by object, what was left out or refused, the cursors."""
    found = get_object_or_404(
        ConnectorRun.objects.select_related("connection__source"), pk=run, connection=pk
    )
    connector = connectors.get(found.connection.kind)
    labels = {stream.key: stream.label for stream in connector.streams} if connector else {}
    steps = [(labels.get(key, key), step) for key, step in found.progress.items()]
    left_out = sorted(found.left_out.items(), key=lambda item: -item[1])
    cursors = [
        (labels.get(key, key), _cursor(found.cursor_before.get(key)), _cursor(found.cursor_after.get(key)))
        for key in dict.fromkeys([*found.cursor_before, *found.cursor_after])
    ]
    exports = run_offers(found, steps, left_out, cursors)
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "exports": exports,
        "run": found,
        "connection": found.connection,
        "tone": RUN_TONES[ConnectorRun.State(found.state)],
        "steps": steps,
        "left_out": left_out,
        "cursors": cursors,
    }
    return render(request, "sync/connections/run.html", context)


def _settings_page(
    request: HttpRequest, connector: Connector, way: str, form: ConnectionForm, held: Connection | None
) -> HttpResponse:
    context: dict[str, Any] = {"connector": connector, "way": way, "form": form, "connection": held}
    status = 422 if form.is_bound else 200
    return render(request, "sync/connections/settings.html", context, status=status)


def _connector(kind: str) -> Connector:
    found = connectors.get(kind)
    if found is None:
        raise Http404("There is no such connector.")
    return found


def _way(request: HttpRequest, connector: Connector, held: str) -> str:
    """Return the way of signing in that the page is for: the one asked for, the one held, or else the first."""
    ways = [key for key, _ in connector.ways]
    asked = request.GET.get("way", "")
    return asked if asked in ways else held if held in ways else (ways[0] if ways else "")


def _cursor(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if value else "From the beginning"
