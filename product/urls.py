"""Where tracking delivers events, and the page that tells of it.

SDKs append ``/v1/…`` to their host, some to its path, some to its root only: both addresses lead to one place.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path

from product.ingest.segment import KINDS
from product.ingest.views import CloudEventsView, SegmentView
from product.views import intake
from sync.problems import not_found


def _segment(kind: str) -> list[URLPattern]:
    view = login_not_required(SegmentView.as_view(kind=kind))
    alias = login_not_required(SegmentView.as_view(kind=kind, schema=None))
    return [
        path(f"ingest/segment/v1/{kind}", view, name=f"segment-{kind}"),
        path(f"ingest/segment/v1/{kind}/", alias),
        path(f"v1/{kind}", alias),
    ]


app_name = "product"
urlpatterns = [
    path("product/events/", intake, name="intake"),
    *(route for kind in ("batch", *KINDS) for route in _segment(kind)),
    path("ingest/cloudevents/", login_not_required(CloudEventsView.as_view()), name="cloudevents"),
    path("ingest/cloudevents", login_not_required(CloudEventsView.as_view(schema=None))),
    path("ingest/<path:path>", login_not_required(not_found)),
]
