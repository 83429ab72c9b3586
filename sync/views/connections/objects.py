"""One object of a connection: whether it is pulled, what fills our fields, what its first page would become."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from people.configuration.authors import recorded
from people.guards import revops_only
from sync.connectors.declarations import Stream
from sync.connectors.errors import ConnectorError
from sync.connectors.look import Preview, learn_fields, preview_object
from sync.connectors.mapping import parts_here
from sync.connectors.mapping_form import MappingForm
from sync.connectors.registry import connectors
from sync.connectors.services import change_object, reset_object
from sync.models import ConnectedObject

WHAT = "Connecting other systems"


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
@recorded
def connected_object(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Show and change the mapping; ``action=preview`` tries it on the first page and keeps nothing."""
    target, stream = _found(pk, key)
    form = MappingForm.of(target, stream, request.POST if request.method == "POST" else None)
    preview: Preview | None = None
    problem: ConnectorError | None = None
    if request.method == "POST" and not form.errors:
        if request.POST.get("action") == "preview":
            try:
                preview = preview_object(target, stream, form.mapping)
            except ConnectorError as error:
                problem = error
        else:
            try:
                change_object(target=target, stream=stream, is_enabled=form.is_enabled, mapping=form.mapping)
            except ValidationError as error:
                form.errors += error.messages
            else:
                messages.success(request, f"The mapping of {stream.label.lower()} is saved.")
                return redirect("sync:connection", pk)
    context = {
        "target": target,
        "connection": target.connection,
        "stream": stream,
        "form": form,
        "preview": preview,
        "problem": problem,
    }
    status = 422 if form.errors else 200
    return render(request, "sync/connections/object.html", context, status=status)


@require_POST
@revops_only(WHAT)
@recorded
def read_fields(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Ask the system for the object's fields."""
    target, stream = _found(pk, key)
    try:
        learn_fields(target, stream)
    except ConnectorError as error:
        messages.error(request, f"{error.message} {error.remedy}")
    else:
        messages.success(request, f"{len(target.schema)} fields were read.")
    return redirect("sync:connected_object", pk, key)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
@recorded
def reset(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Ask, then let the next run read all of an object."""
    target, stream = _found(pk, key)
    if request.method == "POST":
        reset_object(target=target)
        messages.success(request, f"The next run reads all {stream.label.lower()}.")
        return redirect("sync:connection", pk)
    context = {"target": target, "connection": target.connection, "stream": stream}
    return render(request, "sync/connections/reset.html", context)


def _found(pk: int, key: str) -> tuple[ConnectedObject, Stream]:
    target = get_object_or_404(
        ConnectedObject.objects.select_related("connection__source"), connection=pk, key=key
    )
    connector = connectors.get(target.connection.kind)
    stream = connector.stream(key) if connector else None
    if stream is None or not parts_here(stream):
        raise Http404("This installation has no place for this object.")
    return target, stream
