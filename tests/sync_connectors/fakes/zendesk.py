"""Zendesk: incremental exports by cursor and by time, custom fields, client credentials."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any

from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.server import Answer, Call, Fake


class FakeZendesk(Fake):
    """A help desk; ``page_size`` records a page."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.api_token = "zd-token-44"
        self.secret = "zd-secret-55"
        self.bearer = ""
        self.issued = 0
        self.page_size = 2
        self.role = "admin"
        self.records: dict[str, list[dict[str, Any]]] = {"organizations": [], "users": [], "tickets": []}
        self.people: list[dict[str, Any]] = []
        self.metric_sets: list[dict[str, Any]] = []
        self.fields: dict[str, list[dict[str, Any]]] = {
            "ticket_fields": [{"id": 1, "title": "Subject", "type": "subject", "removable": False}],
            "user_fields": [],
            "organization_fields": [],
        }

    def add(self, kind: str, number: int, updated: str, **fields: Any) -> None:
        """Add or replace a record."""
        held = self.records[kind]
        held[:] = [record for record in held if record["id"] != number]
        held.append({"id": number, "updated_at": updated, **fields})
        held.sort(key=self._time)

    @staticmethod
    def _time(record: dict[str, Any]) -> int:
        stamp = record.get("generated_timestamp")
        return int(stamp or datetime.fromisoformat(record["updated_at"]).timestamp())

    def answer(self, call: Call) -> Answer:
        if call.path == "/oauth/tokens":
            if call.json["client_secret"] != self.secret:
                return Answer(
                    {"error": "invalid_client", "error_description": "Client authentication failed"}, 401
                )
            self.issued += 1
            self.bearer = f"bearer-{self.issued}"
            return Answer({"access_token": self.bearer, "token_type": "bearer", "scope": "read"})
        pair = base64.b64encode(f"admin@ferrowick.example/token:{self.api_token}".encode()).decode()
        if call.headers.get("Authorization") not in (f"Basic {pair}", f"Bearer {self.bearer}"):
            return Answer({"error": "Couldn't authenticate you"}, 401)
        if call.path == "/api/v2/users/me.json":
            return Answer(
                {"user": {"name": "Ada Admin", "email": "admin@ferrowick.example", "role": self.role}}
            )
        if found := re.fullmatch(r"/api/v2/(\w+_fields)\.json", call.path):
            return self._fields(found[1], call)
        if call.path == "/api/v2/incremental/organizations.json":
            return self._organizations(int(call.one("start_time")))
        found = re.fullmatch(r"/api/v2/incremental/(users|tickets)/cursor\.json", call.path)
        assert found, call.path
        return self._export(found[1], call)

    def _fields(self, kind: str, call: Call) -> Answer:
        first = int(call.one("page[after]", "0"))
        held = self.fields[kind]
        has_more = first + 1 < len(held)
        return Answer(
            {kind: held[first : first + 1], "meta": {"has_more": has_more, "after_cursor": str(first + 1)}}
        )

    def _too_recent(self, start: int) -> Answer | None:
        if start > self.clock.now().timestamp() - 60:
            return Answer({"error": "StartTimeTooRecent", "description": "Too recent start_time."}, 422)
        return None

    def _export(self, kind: str, call: Call) -> Answer:
        if "cursor" in call.query:
            found = re.fullmatch(r"c(\d+)-(-?\d+)", call.one("cursor"))
            if not found:
                return Answer({"error": "InvalidValue", "description": "Invalid cursor"}, 400)
            start, last = int(found[1]), int(found[2])
        else:
            start, last = int(call.one("start_time")), -1
            if refusal := self._too_recent(start):
                return refusal
        rows = [row for row in self.records[kind] if (self._time(row), row["id"]) > (start, last)]
        shown = rows[: self.page_size]
        if shown:
            start, last = self._time(shown[-1]), shown[-1]["id"]
        body: dict[str, Any] = {
            kind: shown,
            "after_cursor": f"c{start}-{last}",
            "end_of_stream": len(rows) <= self.page_size,
        }
        if kind == "tickets":
            assert call.one("include") == "users,metric_sets"
            body |= {"users": self.people, "metric_sets": self.metric_sets}
        return Answer(body)

    def _organizations(self, start: int) -> Answer:
        if refusal := self._too_recent(start):
            return refusal
        rows = [row for row in self.records["organizations"] if self._time(row) >= start]
        shown = rows[: self.page_size]
        # Records of one second come together, or time would not move on.
        while len(shown) < len(rows) and self._time(rows[len(shown)]) == self._time(shown[-1]):
            shown.append(rows[len(shown)])
        end = self._time(shown[-1]) + (0 if len(shown) < len(rows) else 1) if shown else start
        return Answer(
            {
                "organizations": shown,
                "end_time": end,
                "count": len(shown),
                "end_of_stream": len(shown) == len(rows),
                "next_page": f"{self.url}/api/v2/incremental/organizations.json?start_time={end}",
            }
        )
