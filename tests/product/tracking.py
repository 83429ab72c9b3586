"""A tracking client for tests, and the accounts its groups are."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import msgspec
from django.http import HttpResponse
from django.test import Client

from product.models import UsageEvent
from sync.models import Batch
from sync.services import issue_token
from tests.sync.conftest import make_api


class Tracker:
    """A write key of a source and the calls made with it."""

    def __init__(self, source: str = "segment", scopes: tuple[str, ...] = ("usage:write",)) -> None:
        self.secret = issue_token(source=source, scopes=scopes).secret
        self.http = Client(raise_request_exception=False)

    def post(self, path: str, body: Any, *, kind: str = "application/json", **headers: str) -> HttpResponse:
        """Send a body; one that is no bytes goes as JSON."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        basic = base64.b64encode(f"{self.secret}:".encode()).decode()
        sent = {"Authorization": f"Basic {basic}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.http.generic("POST", path, data, content_type=kind, CONTENT_TYPE=kind, headers=sent)  # type: ignore[return-value]

    def batch(self, *messages: Any, **envelope: Any) -> Batch:
        """Deliver messages that must be taken; return what is logged of it."""
        body = msgspec.json.encode({"batch": messages, **envelope})
        response = self.post("/ingest/segment/v1/batch", gzip.compress(body), Content_Encoding="gzip")
        assert (response.status_code, msgspec.json.decode(response.content)) == (200, {"success": True})
        return Batch.objects.filter(resource="usage-events").latest("pk")

    def send(self, *messages: Any) -> None:
        """Deliver messages that must be taken, whether or not they bring an event."""
        response = self.post("/ingest/segment/v1/batch", {"batch": messages})
        assert (response.status_code, msgspec.json.decode(response.content)) == (200, {"success": True})


def track(message_id: str, *, user: str = "u1", event: str = "used", **more: Any) -> dict[str, Any]:
    """Return a track call as SDKs make it."""
    return {
        "type": "track",
        "messageId": message_id,
        "timestamp": "2026-03-05T10:00:00.123Z",
        "userId": user,
        "event": event,
        "properties": {"feature": "export"},
        "context": {"library": {"name": "analytics-python"}, "groupId": "ws_1"},
        "integrations": {},
        **more,
    }


def make_accounts(*names: str, source: str = "salesforce", **fields: Any) -> None:
    """Create accounts by the CRM's client, called as their external ids."""
    made = [{"external_id": name, "name": name, **fields} for name in names]
    answer = make_api(source).bulk("accounts", made)
    assert answer["rejected"] == answer["pending"] == 0, answer


def owners() -> dict[str, str]:
    """Return the account's name of each event by its external id."""
    return dict(UsageEvent.objects.values_list("external_id", "account__name"))
