"""Talk to Zendesk: incremental exports by cursor (tickets, users) and by time (organizations)."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sync.connectors.convert import moment
from sync.connectors.declarations import Clock, Cursor, Item, Page, Session, SourceField, Stream
from sync.connectors.errors import (
    BadCredentialsError,
    ConnectorError,
    CursorExpiredError,
    MissingPermissionError,
    RefusedError,
    TokenExpiredError,
)
from sync.connectors.http import Http
from sync.connectors.zendesk import CLIENT

FIELDS = {"organizations": "organization_fields", "users": "user_fields", "tickets": "ticket_fields"}
STAFF = ("agent", "admin")
# What changed in the last minute isn't exported yet, and asking for it is refused.
RECENT = timedelta(minutes=2)
FULL_PAGE = 1000


class ZendeskSession(Session):
    """One sign-in to one help desk."""

    def __init__(self, config: Mapping[str, str], clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.http = Http("Zendesk", config["base_url"])
        self.is_signed_in = False

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()

    def sign_in(self) -> None:
        """Get an access token; an API token is one for good, so there is no fresh one to get."""
        if self.config["way"] != CLIENT:
            raise BadCredentialsError(
                "Zendesk does not accept e-mail and API token.",
                "Check that token access is on and the token is active, type it in anew, then resume.",
            )
        grant = {
            "grant_type": "client_credentials",
            "client_id": self.config["client_id"],
            "client_secret": self.config["client_secret"],
            "scope": "read",
        }
        try:
            token = self.http.post("/oauth/tokens", json=grant)["access_token"]
        except (RefusedError, TokenExpiredError, KeyError, TypeError) as error:
            said = error.message if isinstance(error, ConnectorError) else "Zendesk answered without a token."
            raise BadCredentialsError(
                said, "Check identifier and secret of the client, then resume."
            ) from error
        self.http.authorize(f"Bearer {token}")
        self.is_signed_in = True

    def test(self) -> str:
        """Return who we are there; only agents and administrators may export."""
        user = self._get("/api/v2/users/me.json")["user"]
        if user.get("role") not in STAFF:
            raise MissingPermissionError(
                f"Zendesk lets us in as {user.get('name')}, who is no administrator.",
                "Use an administrator's token.",
            )
        return f"{user.get('name')} ({user.get('email')})"

    def describe(self, stream: Stream) -> list[SourceField]:
        """Return the custom fields; those of tickets go by number, the others by key."""
        kind = FIELDS[stream.key]
        found: list[SourceField] = []
        params: dict[str, Any] = {"page[size]": 100}
        while True:
            answer = self._get(f"/api/v2/{kind}.json", params)
            for field in answer[kind]:
                if field.get("active", True) and (kind != "ticket_fields" or field.get("removable")):
                    name = (
                        f"custom_fields.{field['id']}"
                        if kind == "ticket_fields"
                        else f"{kind}.{field['key']}"
                    )
                    found.append(SourceField(name, field["title"], field["type"], is_custom=True))
            meta = answer.get("meta") or {}
            if not meta.get("has_more"):
                return found
            params["page[after]"] = meta["after_cursor"]

    def fetch(self, stream: Stream, cursor: Cursor, fields: Collection[str]) -> Page:
        """Return the next page of an export."""
        if stream.key == "organizations":
            return self._organizations(stream, cursor, fields)
        params: dict[str, Any] = {"per_page": FULL_PAGE}
        if "cursor" in cursor:
            params["cursor"] = cursor["cursor"]
        else:
            params["start_time"] = self._start(stream, cursor)
        if stream.key == "tickets":
            params["include"] = "users,metric_sets"
        try:
            answer = self._get(f"/api/v2/incremental/{stream.key}/cursor.json", params)
        except RefusedError as error:
            if "cursor" in cursor:
                raise CursorExpiredError(error.message) from error
            raise
        items = _tickets(answer, fields) if stream.key == "tickets" else _users(answer, fields)
        moved: Cursor = {"since": _newest(items, cursor)}
        if after := answer.get("after_cursor") or cursor.get("cursor"):
            moved["cursor"] = after
        return Page(items, moved, is_last=bool(answer.get("end_of_stream", True)))

    def restart(self, stream: Stream, cursor: Cursor) -> Cursor:
        """Go on from the newest change that is in."""
        return {"since": cursor.get("since", 0)}

    def _organizations(self, stream: Stream, cursor: Cursor, fields: Collection[str]) -> Page:
        start = cursor["next"] if "next" in cursor else self._start(stream, cursor)
        answer = self._get(
            "/api/v2/incremental/organizations.json", {"start_time": start, "per_page": FULL_PAGE}
        )
        items = [_organization(record, fields) for record in answer["organizations"]]
        end = answer.get("end_time") or start
        # The flag is younger than the count, and a page that doesn't move on would be read for ever.
        is_last = answer.get("end_of_stream", answer.get("count", 0) < FULL_PAGE) or end <= start
        moved: Cursor = {"since": max(int(end), cursor.get("since", 0))}
        if not is_last:
            moved["next"] = end
        return Page(items, moved, is_last=bool(is_last))

    def _start(self, stream: Stream, cursor: Cursor) -> int:
        since = int(cursor.get("since", 0) - stream.overlap.total_seconds())
        return max(0, min(since, int((self.clock.now() - RECENT).timestamp())))

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        if not self.is_signed_in:
            if self.config["way"] == CLIENT:
                self.sign_in()
            else:
                pair = f"{self.config['email']}/token:{self.config['token']}".encode()
                self.http.authorize(f"Basic {base64.b64encode(pair).decode()}")
                self.is_signed_in = True
        return self.http.get(path, params)


def _newest(items: list[Item], cursor: Cursor) -> int:
    times = [int(item.changed_at.timestamp()) for item in items if item.changed_at]
    return max([*times, int(cursor.get("since", 0))])


def _organization(record: Mapping[str, Any], fields: Collection[str]) -> Item:
    if record.get("deleted_at"):
        return Item("accounts", str(record["id"]), moment(record["deleted_at"]), is_deleted=True)
    domains = record.get("domain_names") or [None]
    values = {**_own(record, "organization_fields"), **record, "first_domain": domains[0]}
    return Item("accounts", str(record["id"]), moment(record.get("updated_at")), _chosen(values, fields))


def _users(answer: Mapping[str, Any], fields: Collection[str]) -> list[Item]:
    items = []
    for record in answer["users"]:
        if record.get("role", "end-user") != "end-user":
            continue
        changed_at = moment(record.get("updated_at"))
        if record.get("active") is False:
            items.append(Item("contacts", str(record["id"]), changed_at, is_deleted=True))
        else:
            values = {**_own(record, "user_fields"), **record}
            items.append(Item("contacts", str(record["id"]), changed_at, _chosen(values, fields)))
    return items


def _tickets(answer: Mapping[str, Any], fields: Collection[str]) -> list[Item]:
    emails = {user["id"]: user.get("email") for user in answer.get("users", [])}
    metrics = {item["ticket_id"]: item for item in answer.get("metric_sets", [])}
    items = []
    for record in answer["tickets"]:
        # ``updated_at`` stays when only the system changes a ticket, the export's own time doesn't.
        changed_at = moment(record.get("generated_timestamp")) or moment(record.get("updated_at"))
        if record.get("status") == "deleted":
            items.append(Item("tickets", str(record["id"]), changed_at, is_deleted=True))
            continue
        values = dict(record)
        values["subject_or_number"] = record.get("subject") or record.get("raw_subject") or f"#{record['id']}"
        values["via.channel"] = (record.get("via") or {}).get("channel")
        values["requester_email"] = emails.get(record.get("requester_id"))
        values["assignee_email"] = emails.get(record.get("assignee_id"))
        for field in record.get("custom_fields") or []:
            values[f"custom_fields.{field['id']}"] = field.get("value")
        if (metric := metrics.get(record["id"])) is not None:
            values.update(_clocks(record, metric))
        items.append(Item("tickets", str(record["id"]), changed_at, _chosen(values, fields)))
    return items


def _clocks(record: Mapping[str, Any], metric: Mapping[str, Any]) -> dict[str, Any]:
    opened_at = moment(record.get("created_at"))
    minutes = (metric.get("reply_time_in_minutes") or {}).get("calendar")
    replied_at = opened_at + timedelta(minutes=minutes) if opened_at and minutes is not None else None
    is_solved = record.get("status") in ("solved", "closed")
    return {"first_replied_at": replied_at, "solved_at": metric.get("solved_at") if is_solved else None}


def _own(record: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {f"{kind}.{key}": value for key, value in (record.get(kind) or {}).items()}


def _chosen(values: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {name: values[name] for name in fields if name in values}
