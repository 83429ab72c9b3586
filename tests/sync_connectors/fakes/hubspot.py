"""HubSpot: search with its limit of results, associations, archived lists, properties, OAuth."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.server import Answer, Call, Fake

CHANGED = {"contacts": "lastmodifieddate"}


def ms(text: str) -> int:
    """A time as HubSpot filters by it."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class FakeHubSpot(Fake):
    """A portal. ``limit`` is how many results a search tells of."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.token = "pat-eu1-token-11"
        self.refresh_token = "refresh-22"
        self.secret = "client-secret-33"
        self.issued = 0
        self.limit = 10_000
        self.records: dict[str, dict[str, dict[str, Any]]] = {"companies": {}, "contacts": {}, "deals": {}}
        self.archived: dict[str, list[dict[str, str]]] = {"companies": [], "contacts": [], "deals": []}
        self.company_of: dict[tuple[str, str], list[tuple[str, bool]]] = {}
        self.custom: dict[str, list[str]] = {}

    def add(self, kind: str, number: str, modified: str, **properties: Any) -> None:
        """Add or replace a record."""
        named = {CHANGED.get(kind, "hs_lastmodifieddate"): modified, **properties}
        self.records[kind][number] = {"id": number, "updatedAt": modified, "properties": named}

    def archive(self, kind: str, number: str, at: str) -> None:
        """Archive a record."""
        self.records[kind].pop(number, None)
        self.archived[kind].append({"id": number, "archivedAt": at})

    def answer(self, call: Call) -> Answer:
        if call.path == "/oauth/v1/token":
            return self._sign_in(call.form)
        if call.headers.get("Authorization") != f"Bearer {self.token}":
            return Answer(
                {"status": "error", "category": "EXPIRED_AUTHENTICATION", "message": "expired"}, 401
            )
        if call.path == "/account-info/v3/details":
            return Answer({"portalId": 62515, "uiDomain": "app.hubspot.com"})
        if found := re.fullmatch(r"/crm/v3/objects/(\w+)/search", call.path):
            return self._search(found[1], call.json)
        if found := re.fullmatch(r"/crm/v3/objects/(\w+)", call.path):
            assert call.one("archived") == "true"
            return self._archived(found[1], call)
        if found := re.fullmatch(r"/crm/v4/associations/(\w+)/companies/batch/read", call.path):
            return self._companies(found[1], [item["id"] for item in call.json["inputs"]])
        found = re.fullmatch(r"/crm/v3/properties/(\w+)", call.path)
        assert found, call.path
        names = [(name, True) for name in ("name", "domain")] + [
            (n, False) for n in self.custom.get(found[1], [])
        ]
        return Answer(
            {
                "results": [
                    {"name": name, "label": name.title(), "type": "string", "hubspotDefined": own}
                    for name, own in names
                ]
            }
        )

    def _sign_in(self, form: dict[str, str]) -> Answer:
        if form["client_secret"] != self.secret or form["refresh_token"] != self.refresh_token:
            return Answer(
                {"status": "BAD_REFRESH_TOKEN", "message": f"bad token {form['refresh_token']}"}, 400
            )
        self.issued += 1
        self.token = f"access-{self.issued}"
        return Answer({"access_token": self.token, "expires_in": 1800})

    def _search(self, kind: str, body: dict[str, Any]) -> Answer:
        after, limit = int(body.get("after", 0)), body["limit"]
        if after + limit > self.limit:
            return Answer({"status": "error", "message": "The maximum number of results is reached."}, 400)
        rows = list(self.records[kind].values())
        for item in body["filterGroups"][0]["filters"]:
            rows = [row for row in rows if self._fits(row, item)]
        sort = body["sorts"][0]["propertyName"]
        rows.sort(
            key=lambda row: (
                int(row["id"]) if sort == "hs_object_id" else (ms(row["properties"][sort]), -int(row["id"]))
            )
        )
        shown = rows[after : after + limit]
        answer: dict[str, Any] = {
            "total": len(rows),
            "results": [
                row | {"properties": {name: row["properties"].get(name) for name in body["properties"]}}
                for row in shown
            ],
        }
        if after + limit < len(rows):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return Answer(answer)

    @staticmethod
    def _fits(row: dict[str, Any], item: dict[str, Any]) -> bool:
        if item["propertyName"] == "hs_object_id":
            return int(row["id"]) > int(item["value"])
        held, wanted = ms(row["properties"][item["propertyName"]]), int(item["value"])
        return held == wanted if item["operator"] == "EQ" else held >= wanted

    def _archived(self, kind: str, call: Call) -> Answer:
        first = int(call.one("after", "0"))
        shown = self.archived[kind][first : first + 1]
        body: dict[str, Any] = {"results": [{**item, "archived": True, "properties": {}} for item in shown]}
        if first + 1 < len(self.archived[kind]):
            body["paging"] = {"next": {"after": str(first + 1)}}
        return Answer(body)

    def _companies(self, kind: str, numbers: list[str]) -> Answer:
        results = [
            {
                "from": {"id": number},
                "to": [
                    {
                        "toObjectId": int(company),
                        "associationTypes": [
                            {
                                "category": "HUBSPOT_DEFINED",
                                "typeId": 1,
                                "label": "Primary" if primary else None,
                            }
                        ],
                    }
                    for company, primary in self.company_of[kind, number]
                ],
            }
            for number in numbers
            if (kind, number) in self.company_of
        ]
        return Answer({"status": "COMPLETE", "results": results}, 207 if len(results) < len(numbers) else 200)
