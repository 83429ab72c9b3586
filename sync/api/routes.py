"""Routes and views of each declared resource."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path, register_converter

from sync.api.pending import (
    PendingDiscardView,
    PendingListView,
    PendingRecordView,
    PendingRetryView,
    PendingView,
)
from sync.api.views import BulkView, ListView, ObjectView, RecordView, ResourceView
from sync.declarations import Resource
from sync.registry import resources


class ExternalIdConverter:
    """An external id in an address: any characters, slashes too, but for control characters."""

    regex = r"[^\x00-\x1f\x7f]{1,255}"

    def to_python(self, value: str) -> str:
        """Return the id as the source writes it."""
        return value

    def to_url(self, value: str) -> str:
        """Return the id for an address; Django quotes it."""
        return value


register_converter(ExternalIdConverter, "external_id")


def resource_routes() -> list[URLPattern]:
    """Return the routes of every resource, so that the schema lists each by name."""
    return [route for resource in resources for route in _routes(resource)]


def pending_routes() -> list[URLPattern]:
    """Return the routes of records that wait, whatever their resource."""
    views: dict[str, type[PendingView]] = {
        "": PendingListView,
        "<int:pk>/": PendingRecordView,
        "<int:pk>/retry/": PendingRetryView,
        "<int:pk>/discard/": PendingDiscardView,
    }
    return [
        path(f"pending/{place}", login_not_required(view.as_view()), name=view.operation)
        for place, view in views.items()
    ]


def _routes(resource: Resource) -> list[URLPattern]:
    key = resource.key
    return [
        path(f"{key}/", _view(ListView, resource), name=f"{key}-list"),
        path(f"{key}/bulk/", _view(BulkView, resource), name=f"{key}-bulk"),
        path(f"{key}/<int:pk>/", _view(ObjectView, resource), name=f"{key}-object"),
        path(
            f"{key}/<slug:source>/<external_id:external_id>/",
            _view(RecordView, resource),
            name=f"{key}-record",
        ),
    ]


def _view(base: type[ResourceView], resource: Resource) -> Any:
    words = "".join(word.capitalize() for word in resource.key.split("-"))
    made = type(f"{words}{base.__name__}", (base,), {"__doc__": base.__doc__, "resource": resource})
    return login_not_required(cast("type[ResourceView]", made).as_view())
