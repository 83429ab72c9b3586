"""Talk to Salesforce: a token for one of three grants, SOQL pages, describe."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from django.core.exceptions import ValidationError
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from sync.connectors.convert import moment
from sync.connectors.declarations import Clock, Cursor, Item, Page, Session, SourceField, Stream
from sync.connectors.errors import (
    BadCredentialsError,
    CursorExpiredError,
    MissingPermissionError,
    ObjectGoneError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
    UnrecoverableError,
    without_secrets,
)
from sync.connectors.hosts import check_address
from sync.connectors.http import error_of, retry_after, said_in
from sync.connectors.salesforce import CLIENT, JWT, PASSWORD
from sync.connectors.salesforce import Salesforce as Declared

VERSION = "62.0"
TIMEOUT = (10, 40)
# The log of deletions refuses to look further back.
LOG_KEPT = timedelta(days=29)
# A column of SOQL; anything else would be SOQL of somebody else's making.
COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")
COMPOUND = {"address", "location", "base64"}
ALWAYS = ("Id", "IsDeleted", "SystemModstamp")
HOSTS = next(setting.hosts for setting in Declared.settings if setting.key == "login_url")
MEND_KEYS = "Check key, secret and user of the connected app, then resume."


class Calls(requests.Session):
    """A requests session with time limits, no redirects and the last answer's headers at hand."""

    last_headers: Mapping[str, str]

    def __init__(self) -> None:
        super().__init__()
        self.last_headers = {}

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """Call as requests does, within the limits."""
        options.setdefault("timeout", TIMEOUT)
        options["allow_redirects"] = False
        response = super().request(*args, **options)
        self.last_headers = response.headers
        return response


class SalesforceSession(Session):
    """One sign-in to one org."""

    def __init__(self, config: Mapping[str, str], clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.calls = Calls()
        self.tokens: list[str] = []
        self.salesforce: Salesforce | None = None

    def close(self) -> None:
        """Let go of connections."""
        self.calls.close()

    def sign_in(self) -> None:
        """Get an access token by the chosen grant."""
        login_url = self.config["login_url"]
        try:
            response = self.calls.post(f"{login_url}/services/oauth2/token", data=self._grant(login_url))
        except requests.RequestException as error:
            raise _unreachable(error) from error
        try:
            body = response.json()
        except ValueError:
            body = {}
        if response.status_code in (400, 401, 403):
            raise BadCredentialsError(f"Salesforce refuses the sign-in. It says: {said_in(body)}", MEND_KEYS)
        if not response.ok or response.is_redirect:
            raise error_of("Salesforce", response.status_code, said_in(body), response.headers)
        try:
            token, instance_url = str(body["access_token"]), check_address(str(body["instance_url"]), HOSTS)
        except (KeyError, TypeError, ValidationError) as error:
            raise RefusedError(
                "Salesforce answered the sign-in without a token or with an address that isn't its own.",
                "Check the login address.",
            ) from error
        self.tokens.append(token)
        self.salesforce = Salesforce(
            session_id=token, instance_url=instance_url, version=VERSION, session=self.calls
        )
        # The library writes https in front, whatever the instance's address says.
        self.salesforce.base_url = f"{instance_url}/services/data/v{VERSION}/"

    def _grant(self, login_url: str) -> dict[str, str]:
        config = self.config
        if config["way"] == JWT:
            return {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": self._assertion(login_url),
            }
        grant = {"client_id": config["client_id"], "client_secret": config["client_secret"]}
        if config["way"] == PASSWORD:
            return {
                "grant_type": "password",
                **grant,
                "username": config["username"],
                "password": config["password"] + config.get("security_token", ""),
            }
        return {"grant_type": CLIENT, **grant}

    def _assertion(self, login_url: str) -> str:
        host = urlsplit(login_url).hostname or ""
        is_sandbox = host.startswith("test.") or ".sandbox." in host
        claims = {
            "iss": self.config["client_id"],
            "sub": self.config["username"],
            "aud": f"https://{'test' if is_sandbox else 'login'}.salesforce.com",
            "exp": self.clock.now() + timedelta(minutes=3),
        }
        try:
            return jwt.encode(claims, self.config["private_key"], algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise BadCredentialsError(
                "The private key can't be read.", "Paste it as PEM, with its first and last line."
            ) from error

    def test(self) -> str:
        """Return the org's name and id."""
        rows = self._ask(lambda held: held.query("SELECT Id, Name FROM Organization LIMIT 1"))["records"]
        return f"{rows[0]['Name']} ({rows[0]['Id']})" if rows else "An org without a name"

    def describe(self, stream: Stream) -> list[SourceField]:
        """Return the fields that the user may read, without compound and binary ones."""
        found = self._ask(lambda held: held.restful(f"sobjects/{stream.key}/describe"))
        return [
            SourceField(field["name"], field["label"], field["type"], bool(field.get("custom")))
            for field in found["fields"]
            if field["type"] not in COMPOUND
        ]

    def fetch(self, stream: Stream, cursor: Cursor, fields: Collection[str]) -> Page:
        """Return the next page by SystemModstamp, then what was deleted for good since the last pass.

        The recycle bin is read with the rest, which is how other deletions show.
        """
        if cursor.get("phase") == "purged":
            return self._purged(stream, cursor)
        cursor = {"looked_to": self.clock.now().isoformat(), **cursor}
        if locator := cursor.get("next"):
            answer = self._ask(lambda held: held.query_more(locator, include_deleted=True))
        else:
            query = _soql(stream, cursor, fields)
            answer = self._ask(lambda held: held.query(query, include_deleted=True))
        items = [_item(stream, record, fields) for record in answer["records"]]
        times = [item.changed_at.isoformat() for item in items if item.changed_at]
        since = max([*times, cursor.get("since", "")])
        moved: Cursor = {"looked_to": cursor["looked_to"], **({"since": since} if since else {})}
        if answer["done"]:
            return Page(items, {**moved, "phase": "purged"}, is_last=False)
        moved["next"] = str(answer["nextRecordsUrl"]).rpartition("/")[2]
        return Page(items, moved, is_last=False)

    def _purged(self, stream: Stream, cursor: Cursor) -> Page:
        """Return the records that Salesforce's log of deletions names, which outlives the recycle bin."""
        end = self.clock.now()
        start = max(datetime.fromisoformat(cursor["looked_to"]) - stream.overlap, end - LOG_KEPT)
        times = {"start": _iso(start), "end": _iso(end)}
        answer = self._ask(lambda held: held.restful(f"sobjects/{stream.key}/deleted/", params=times))
        items = [
            Item(stream.parts[0].resource, str(gone["id"]), moment(gone["deletedDate"]), is_deleted=True)
            for gone in answer["deletedRecords"]
        ]
        looked_to = moment(answer.get("latestDateCovered")) or end
        moved: Cursor = {"since": cursor["since"]} if "since" in cursor else {}
        return Page(items, {**moved, "looked_to": looked_to.isoformat()}, is_last=True)

    def restart(self, stream: Stream, cursor: Cursor) -> Cursor:
        """Go on from the newest change that is in, without the list that Salesforce no longer keeps."""
        return {key: value for key, value in cursor.items() if key != "next"}

    def _ask(self, call: Any) -> Any:
        if self.salesforce is None:
            self.sign_in()
        try:
            answer = call(self.salesforce)
        except SalesforceError as error:
            said = without_secrets(said_in(error.content), self.tokens)
            raise _translated(error, said, self.calls.last_headers) from error
        except requests.RequestException as error:
            raise _unreachable(error) from error
        if answer is None:
            raise UnavailableError("Salesforce answered with nothing.")
        return answer


def _soql(stream: Stream, cursor: Cursor, fields: Collection[str]) -> str:
    unknown = [name for name in fields if not COLUMN.fullmatch(name)]
    if unknown:
        raise UnrecoverableError(
            f"Salesforce can have no field {unknown[0]!r}.", "Correct the mapping, then resume."
        )
    columns = ", ".join(dict.fromkeys([*ALWAYS, *sorted(fields)]))
    where = ""
    if since := cursor.get("since"):
        start = datetime.fromisoformat(since) - stream.overlap
        where = f" WHERE SystemModstamp >= {_iso(start)}"
    return f"SELECT {columns} FROM {stream.key}{where} ORDER BY SystemModstamp, Id"  # noqa: S608 - columns are checked


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}Z"


def _item(stream: Stream, record: Mapping[str, Any], fields: Collection[str]) -> Item:
    return Item(
        stream.parts[0].resource,
        str(record["Id"]),
        moment(record["SystemModstamp"]),
        # A list that was begun before the mapping changed has the columns of then.
        {name: _value(record, name) for name in fields if name.partition(".")[0] in record},
        is_deleted=bool(record.get("IsDeleted")),
    )


def _value(record: Mapping[str, Any], name: str) -> Any:
    value: Any = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _unreachable(error: requests.RequestException) -> UnavailableError:
    if isinstance(error, requests.Timeout):
        return UnavailableError("Salesforce did not answer in time.")
    return UnavailableError(f"Salesforce could not be reached: {type(error).__name__}.")


def _translated(error: SalesforceError, said: str, headers: Mapping[str, str]) -> Exception:
    content: Any = error.content
    first = content[0] if isinstance(content, list) and content else content
    code = str(first.get("errorCode", "")) if isinstance(first, Mapping) else ""
    if code in ("REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE"):
        # The daily limit is a rolling one: calls come free as the day's older ones drop out.
        asked = retry_after(headers.get("Retry-After"))
        return RateLimitedError(f"Salesforce's limit of calls is used up. It says: {said}", retry_after=asked)
    if code in ("INVALID_QUERY_LOCATOR", "QUERY_TIMEOUT"):
        return CursorExpiredError(f"Salesforce no longer keeps the list that was being read. It says: {said}")
    if code == "INVALID_FIELD":
        return ObjectGoneError(
            f"Salesforce no longer has a mapped field, or hides it from the user. It says: {said}",
            "Read the fields again under “Mapping”, choose another one or allow the user to see it, then resume.",
        )
    if code in ("INVALID_TYPE", "INSUFFICIENT_ACCESS", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"):
        return MissingPermissionError(
            f"Salesforce refuses this to the user. It says: {said}",
            "Allow the user “API Enabled” and to read the object, or switch the object off, then resume.",
        )
    return error_of("Salesforce", error.status, said, headers)
