"""Where the values of one record come from, who else says what, and pins against every source."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import asked_format, chosen_table, export_response
from common.htmx import render_page
from people.access import Access, request_access, require
from people.functions import Function
from people.guards import is_revops, signed_in, whom_to_ask
from sync.declarations import Resource
from sync.models import Pin
from sync.provenance.forms import PinForm
from sync.provenance.reading import Origin, label_of, read_history, read_origins
from sync.provenance.services import end_pin, set_pin
from sync.provenance.tables import origin_offers, origins_table
from sync.registry import resources

LARGEST_ID = 2**63 - 1
PINNERS = (Function.REVOPS, Function.SALES, Function.CUSTOMER_SUCCESS)


@require_safe
def origins(request: HttpRequest, resource: str, pk: int) -> HttpResponse:
    """List every field of a record with its source, its times and what others say instead."""
    declared, access = _resource(request, resource)
    found = _origins(declared, pk, access)
    if asked_format(request):
        return export_response(request, origins_table(declared, pk, found))
    context = _shared(request, declared, pk) | {
        "origins": found,
        "conflicts": sum(1 for origin in found if origin.conflicts),
        "pins": sum(1 for origin in found if origin.pin),
    }
    return render(request, "sync/origins/record.html", context)


@require_safe
def origin(request: HttpRequest, resource: str, pk: int, field: str) -> HttpResponse:
    """Show one field: what counts and why, what others say, and how it changed; a sheet or a page."""
    declared, access = _resource(request, resource)
    told = _one(declared, pk, field, access)
    history = [] if told.is_redacted else read_history(declared, pk, field)
    exports = origin_offers(told, history)
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = _shared(request, declared, pk) | {
        "origin": told,
        "history": history,
        "exports": exports,
        "export_base": f"{request.path}?",
        "may_pin": may_pin(request) and _can_be_pinned(declared, told),
    }
    return render_page(request, "sync/origins/field.html", "sync/origins/_field.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def pin(request: HttpRequest, resource: str, pk: int, field: str) -> HttpResponse:
    """Hold a value against every source: ask for value, reason and end, then do it."""
    declared, access = _resource(request, resource)
    _may_pin(request)
    told = _one(declared, pk, field, access)
    if not _can_be_pinned(declared, told):
        raise Http404("This field can't be pinned.")
    form = PinForm(request.POST or None, origin=told, item=declared.fields_by_name.get(field))
    if form.is_valid():
        try:
            set_pin(
                resource=declared,
                object_id=pk,
                field=field,
                value=form.cleaned_data["value"],
                reason=form.cleaned_data["reason"],
                by=signed_in(request),
                expires_at=form.expires_at(),
            )
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, f"{told.label} is pinned; sources don't change it until the pin ends.")
            return redirect("sync:origin", resource, pk, field)
    context = _shared(request, declared, pk) | {"origin": told, "form": form}
    return render(request, "sync/origins/pin.html", context, status=422 if form.is_bound else 200)


@require_POST
def unpin(request: HttpRequest, resource: str, pk: int, field: str) -> HttpResponse:
    """Let the sources decide again."""
    declared, access = _resource(request, resource)
    _may_pin(request)
    if _one(declared, pk, field, access).is_redacted:
        raise Http404("This field can't be unpinned.")
    held = Pin.objects.filter(resource=declared.key, object_id=pk, field=field, ended_at=None).first()
    if held is None:
        messages.info(request, "This pin had ended already.")
    else:
        try:
            end_pin(pin=held, by=signed_in(request))
        except ValidationError as error:
            messages.error(request, f"The pin stays: {' '.join(error.messages)}")
        else:
            messages.success(request, f"The sources decide on {label_of(field).lower()} again.")
    return redirect("sync:origin", resource, pk, field)


def _can_be_pinned(resource: Resource, told: Origin) -> bool:
    """Return whether people may hold a value here: one that they read, and no reference to another record."""
    item = resource.fields_by_name.get(told.field)
    return not told.is_redacted and (item is None or not (item.reference or item.many))


def may_pin(request: HttpRequest) -> bool:
    """Return whether the reader may hold values against the sources."""
    return getattr(request.user, "function", "") in PINNERS


def _may_pin(request: HttpRequest) -> None:
    if not may_pin(request):
        raise PermissionDenied(f"Pinning values is for RevOps, sales and customer success. {whom_to_ask()}")


def _resource(request: HttpRequest, key: str) -> tuple[Resource, Access]:
    """Return a resource and what the reader reads. Raises Http404, or PermissionDenied for a closed category."""
    declared = resources.get(key)
    if declared is None or declared.stream:
        raise Http404("There is no such kind of record, or it keeps no changes.")
    access = request_access(request)
    if declared.category is not None:
        require(access, declared.category)
    return declared, access


def _origins(resource: Resource, pk: int, access: Access) -> list[Origin]:
    found = read_origins(resource, pk, access) if pk <= LARGEST_ID else []
    if not found:
        raise Http404(f"There is no {resource.singular} {pk}.")
    return found


def _one(resource: Resource, pk: int, field: str, access: Access) -> Origin:
    found = next((item for item in _origins(resource, pk, access) if item.field == field), None)
    if found is None:
        raise Http404(f"This {resource.singular} has no field {field}.")
    return found


def _shared(request: HttpRequest, resource: Resource, pk: int) -> dict[str, Any]:
    record = resource.model._base_manager.get(pk=pk)  # noqa: SLF001 - Django documents it
    address = getattr(record, "get_absolute_url", None)
    return {
        "resource": resource,
        "pk": pk,
        "record": str(record),
        "record_url": address() if address else "",
        "origins_url": reverse("sync:origins", args=[resource.key, pk]),
        "may_pin": may_pin(request),
        "is_revops": is_revops(request),
        "now": timezone.now(),
    }
