"""A source with a token, and a client that speaks the API as programs do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from sync.services import issue_token


class Api:
    """A client of the sync API with one token."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.http = Client()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Send a request; a body that is no bytes goes as JSON."""
        kind = headers.pop("content_type", "application/json")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        given: dict[str, Any] = {}
        if body is not None:
            data = body if isinstance(body, bytes) else msgspec.json.encode(body)
            given = {"data": data, "content_type": kind, "CONTENT_TYPE": kind}
        return self.http.generic(  # type: ignore[return-value]
            method.upper(),
            f"/api/v1/{path}",
            headers={"Authorization": f"Bearer {self.secret}", **sent},
            **given,
        )

    def bulk(self, resource: str, records: Any, query: str = "", **headers: str) -> dict[str, Any]:
        """Post a batch that must be answered with 200; return the answer."""
        response = self.call("post", f"{resource}/bulk/{query}", records, **headers)
        assert response.status_code == 200, response.content
        return dict(msgspec.json.decode(response.content))

    def statuses(self, resource: str, records: Any, query: str = "") -> list[str]:
        """Post a batch; return the status of each record."""
        return [result["status"] for result in self.bulk(resource, records, query)["results"]]

    def get(self, path: str, **headers: str) -> Any:
        """Read something that must be there."""
        response = self.call("get", path, **headers)
        assert response.status_code == 200, response.content
        return msgspec.json.decode(response.content)


def make_api(
    source: str = "salesforce", function: str = "revops", scopes: tuple[str, ...] = ("*:read", "*:write")
) -> Api:
    """Return a client for a token of its own."""
    return Api(issue_token(source=source, scopes=scopes, function=function).secret)


@pytest.fixture
def api(db: None) -> Api:
    """The CRM's client, which reads and writes everything."""
    return make_api()


@pytest.fixture
def api_for(db: None) -> Callable[..., Api]:
    """Make a client for another source, function or set of scopes."""
    return make_api


def settle() -> None:
    """Wait until no older transaction runs on this server, as other tests beside this one may have.

    Readers stop short of the oldest one, of whichever database it is.
    """
    if connection.in_atomic_block:  # what this test writes is never committed, so nothing can be waited for
        return
    query = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        mine = cursor.fetchone()[0]
        for _ in range(1200):
            cursor.execute(query)
            if cursor.fetchone()[0] > mine:
                return
            time.sleep(0.05)
    raise AssertionError("An older transaction runs for ever.")
