"""Whose word counts: the order of the sources, by resource and field, with its effect shown first."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from common.export import asked_format, export_response
from common.htmx import render_page
from people.configuration.authors import recorded
from people.guards import revops_only
from sync.declarations import CustomKey, Resource
from sync.models import FieldPrecedence, Settling
from sync.provenance.preview import preview_precedence
from sync.provenance.reading import CUSTOM, label_of
from sync.provenance.services import linked_sources, set_precedence
from sync.provenance.settling import settle_soon
from sync.provenance.tables import orders_table
from sync.registry import resources

WHAT = "The order of the sources"
SAVED = "The order is saved, and the values held follow it."
SAVED_FOR_LATER = (
    "The order is saved. What comes in follows it from now on, and so do the values held, one after another."
)


@require_safe
@revops_only(WHAT)
def precedence(request: HttpRequest) -> HttpResponse:
    """Show the order of the sources for ``?resource=``: the general one, then those of single fields.

    The part that htmx asks for says how far the values held follow it.
    """
    resource = _resource(request.GET.get("resource", "accounts"))
    context = _shared(resource)
    if asked_format(request):
        return export_response(request, orders_table(resource, context["general"], context["orders"]))
    partial = "sync/precedence/_settling.html"
    return render_page(request, "sync/precedence/orders.html", partial, context)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
@recorded
def edit_precedence(request: HttpRequest) -> HttpResponse:
    """Choose an order, see what it changes, then save it: ``step`` is ``preview`` or ``save``."""
    given = request.POST if request.method == "POST" else request.GET
    resource = _resource(given.get("resource", ""))
    field = _field(resource, given.get("field", ""))
    known = linked_sources(resource)
    held = _held(resource).get(field, [])
    chosen = [slug for slug in given.getlist("source") if slug] if request.method == "POST" else held
    context = _shared(resource) | {
        "field": field,
        "field_label": label_of(field) if field else "",
        "places": _places(known, chosen),
        "chosen": chosen,
    }
    if request.method != "POST":
        return render(request, "sync/precedence/edit.html", context)
    try:
        if given.get("step") == "save":
            with transaction.atomic():  # the order and the values that follow it are one decision
                set_precedence(resource=resource, field=field, sources=chosen)
                is_done = settle_soon(resource=resource)
            messages.success(request, SAVED if is_done else SAVED_FOR_LATER)
            return redirect(f"{reverse('sync:precedence')}?{urlencode({'resource': resource.key})}")
        context["preview"] = preview_precedence(resource=resource, field=field, sources=chosen)
    except ValidationError as error:
        context["errors"] = error.messages
        return render(request, "sync/precedence/edit.html", context, status=422)
    return render(request, "sync/precedence/edit.html", context)


def _resource(key: str) -> Resource:
    found = resources.get(key)
    if found is None or found.stream:
        raise Http404("There is no such kind of record, or it has no order of sources.")
    return found


def _field(resource: Resource, name: str) -> str:
    """Return a declared field, an own one or none. Raises Http404 for what no record can have."""
    if not name or name in resource.fields_by_name:
        return name
    try:
        msgspec.convert(name.removeprefix(CUSTOM), CustomKey)
    except msgspec.ValidationError as error:
        raise Http404("No record has such a field.") from error
    if not name.startswith(CUSTOM) or "\x00" in name:
        raise Http404("No record has such a field.")
    return name


def _held(resource: Resource) -> dict[str, list[str]]:
    orders: dict[str, list[str]] = {}
    rows = FieldPrecedence.objects.filter(resource=resource.key).order_by("field", "rank")
    for field, slug in rows.values_list("field", "source__slug"):
        orders.setdefault(field, []).append(slug)
    return orders


def _shared(resource: Resource) -> dict[str, Any]:
    held = _held(resource)
    names = [item.name for item in resource.fields]
    return {
        "resource": resource,
        "resources": [item for item in resources if not item.stream],
        "general": held.get("", []),
        "orders": [
            {"field": name, "label": label_of(name), "sources": order} for name, order in held.items() if name
        ],
        "other_fields": [{"field": name, "label": label_of(name)} for name in names if name not in held],
        "custom": CUSTOM,
        "sources": linked_sources(resource),
        "settling": Settling.objects.filter(resource=resource.key).first(),
    }


def _places(known: list[str], chosen: list[str]) -> list[dict[str, Any]]:
    """Return one place for each source that could stand in the order, with the one chosen for it."""
    count = max(len(known), len(chosen), 1)
    return [
        {"number": number + 1, "chosen": chosen[number] if number < len(chosen) else "", "known": known}
        for number in range(count)
    ]
