"""Talk to HubSpot: search by last change, associations, archived records.

A search is read by time, never by the number of results passed over: what changes meanwhile moves to its end, and
the first record behind would be passed over unseen. A search tells of no more than 10,000 results, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sync.connectors.convert import moment
from sync.connectors.declarations import Clock, Cursor, Item, Page, Session, SourceField, Stream
from sync.connectors.errors import (
    BadCredentialsError,
    ConnectorError,
    RateLimitedError,
    RefusedError,
    TokenExpiredError,
)
from sync.connectors.http import Http
from sync.connectors.hubspot import COMPANY, OAUTH

PAGE = 200
ARCHIVED_PAGE = 100
CHANGED = {"contacts": "lastmodifieddate"}
MERGED = "hs_merged_object_ids"
COMPUTED = {
    "name_or_domain": ("name", "domain"),
    "full_name": ("firstname", "lastname", "email"),
    COMPANY: (),
}


class HubSpotSession(Session):
    """One sign-in to one portal."""

    def __init__(self, config: Mapping[str, str], clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.http = Http("HubSpot", config.get("base_url") or "https://api.hubapi.com")
        self.is_signed_in = False

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()

    def sign_in(self) -> None:
        """Get an access token; a private app has one for good, so there is no fresh one to get."""
        if self.config["way"] != OAUTH:
            raise BadCredentialsError(
                "HubSpot does not accept the access token.",
                "Make a new token in the private app, type it in, then resume.",
            )
        grant = {
            "grant_type": "refresh_token",
            "client_id": self.config["client_id"],
            "client_secret": self.config["client_secret"],
            "refresh_token": self.config["refresh_token"],
        }
        try:
            token = self.http.post("/oauth/v1/token", data=grant)["access_token"]
        except (RefusedError, TokenExpiredError, KeyError, TypeError) as error:
            said = error.message if isinstance(error, ConnectorError) else "HubSpot answered without a token."
            raise BadCredentialsError(
                said, "Check id, secret and refresh token of the app, then resume."
            ) from error
        self.http.authorize(f"Bearer {token}")
        self.is_signed_in = True

    def test(self) -> str:
        """Return the portal's number."""
        details = self._call("GET", "/account-info/v3/details")
        return f"Portal {details.get('portalId')}"

    def describe(self, stream: Stream) -> list[SourceField]:
        """Return the object's properties; those that HubSpot didn't define are custom."""
        found = self._call("GET", f"/crm/v3/properties/{stream.key}")["results"]
        return [
            SourceField(
                item["name"],
                item.get("label") or item["name"],
                item.get("type", ""),
                not item.get("hubspotDefined"),
            )
            for item in found
            if not item.get("archived")
        ]

    def fetch(self, stream: Stream, cursor: Cursor, fields: Collection[str]) -> Page:
        """Return the next page: first what changed, oldest first, then what was archived."""
        if cursor.get("phase") == "archived":
            return self._archived(stream, cursor)
        if "window" not in cursor:
            since = cursor.get("since")
            start = max(0, since - _ms(stream.overlap)) if since is not None else 0
            cursor = {**({"since": since, "from": start} if since is not None else {}), "window": start}
        return self._changed(stream, cursor, fields)

    def restart(self, stream: Stream, cursor: Cursor) -> Cursor:
        """Begin the pass again."""
        return {"since": cursor["since"]} if "since" in cursor else {}

    def _changed(self, stream: Stream, cursor: Cursor, fields: Collection[str]) -> Page:
        changed = CHANGED.get(stream.key, "hs_lastmodifieddate")
        window, tie = cursor["window"], cursor.get("tie")
        if tie is None:
            filters = [{"propertyName": changed, "operator": "GTE", "value": str(window)}]
        else:
            filters = [
                {"propertyName": changed, "operator": "EQ", "value": str(window)},
                {"propertyName": "hs_object_id", "operator": "GT", "value": tie},
            ]
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": changed if tie is None else "hs_object_id", "direction": "ASCENDING"}],
            "properties": sorted({changed, MERGED, *_asked(fields)}),
            "limit": PAGE,
        }
        answer = self._call("POST", f"/crm/v3/objects/{stream.key}/search", json=body)
        records = answer["results"]
        companies = self._companies(stream, records) if COMPANY in fields else {}
        items: list[Item] = []
        for record in records:
            items += _items(stream, record, changed, fields, companies)
        times = [round(item.changed_at.timestamp() * 1000) for item in items if item.changed_at]
        # A pass that an earlier version began may still hold the number of results passed over.
        moved = {key: value for key, value in cursor.items() if key not in ("after", "tie")}
        if times:
            moved["since"] = max([*times, cursor.get("since", 0)])
        newest = max(times, default=window)
        if tie is not None:
            if len(records) < PAGE:
                moved["window"] = window + 1
            else:
                moved["tie"] = str(records[-1]["id"])
        elif "next" not in answer.get("paging", {}):
            moved = {key: value for key, value in moved.items() if key != "window"}
            moved["phase"] = "archived"
        elif newest > window:
            moved["window"] = newest
        else:
            # A page full of records that changed in one millisecond: go through those by number.
            moved["tie"] = "0"
        return Page(items, moved, is_last=False)

    def _archived(self, stream: Stream, cursor: Cursor) -> Page:
        params = {"archived": "true", "limit": ARCHIVED_PAGE}
        if "after" in cursor:
            params["after"] = cursor["after"]
        answer = self._call("GET", f"/crm/v3/objects/{stream.key}", params=params)
        first = datetime.fromtimestamp(cursor.get("from", 0) / 1000, UTC)
        items = [
            Item(stream.parts[0].resource, str(record["id"]), archived_at, is_deleted=True)
            for record in answer["results"]
            if (archived_at := moment(record.get("archivedAt"))) is None or archived_at >= first
        ]
        after = answer.get("paging", {}).get("next", {}).get("after")
        if after is not None:
            return Page(items, {**cursor, "after": after}, is_last=False)
        return Page(items, {"since": cursor.get("since", 0)}, is_last=True)

    def _companies(self, stream: Stream, records: list[dict[str, Any]]) -> dict[str, str]:
        """Return the company of each record, the primary one where it has several."""
        if not records:
            return {}
        answer = self._call(
            "POST",
            f"/crm/v4/associations/{stream.key}/companies/batch/read",
            json={"inputs": [{"id": str(record["id"])} for record in records]},
        )
        found: dict[str, str] = {}
        for result in answer["results"]:
            ends = sorted(result.get("to", []), key=lambda end: not _is_primary(end))
            if ends:
                found[str(result["from"]["id"])] = str(ends[0]["toObjectId"])
        return found

    def _call(self, method: str, path: str, **options: Any) -> Any:
        if not self.is_signed_in:
            if self.config["way"] == OAUTH:
                self.sign_in()
            else:
                self.http.authorize(f"Bearer {self.config['token']}")
                self.is_signed_in = True
        try:
            return self.http.call(method, path, **options)
        except RateLimitedError as error:
            # HubSpot names the limit in its sentence instead of a time: those by the second pass by themselves.
            if error.retry_after is None and "secondly" in error.message.lower():
                error.retry_after = 10.0 if "ten" in error.message.lower() else 1.0
            raise


def _asked(fields: Collection[str]) -> set[str]:
    return {part for name in fields for part in COMPUTED.get(name, (name,))}


def _items(
    stream: Stream,
    record: Mapping[str, Any],
    changed: str,
    fields: Collection[str],
    companies: Mapping[str, str],
) -> list[Item]:
    properties = record.get("properties") or {}
    number = str(record["id"])
    changed_at = moment(properties.get(changed)) or moment(record.get("updatedAt"))
    values: dict[str, Any] = {name: properties[name] for name in fields if name in properties}
    if COMPANY in fields:
        values[COMPANY] = companies.get(number)
    if "name_or_domain" in fields:
        values["name_or_domain"] = properties.get("name") or properties.get("domain")
    if "full_name" in fields:
        names = [properties.get("firstname"), properties.get("lastname")]
        values["full_name"] = " ".join(filter(None, names)) or properties.get("email")
    resource = stream.parts[0].resource
    merged = [loser for loser in (properties.get(MERGED) or "").split(";") if loser and loser != number]
    return [
        Item(resource, number, changed_at, values),
        *(Item(resource, loser, changed_at, is_deleted=True) for loser in merged),
    ]


def _is_primary(end: Mapping[str, Any]) -> bool:
    return any("primary" in str(kind.get("label") or "").lower() for kind in end.get("associationTypes", []))


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
