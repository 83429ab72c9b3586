"""Salesforce: three grants, SOQL by SystemModstamp, query locators, describe."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import jwt

from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.server import Answer, Call, Fake

SOQL = re.compile(
    r"SELECT (?P<columns>.+?) FROM (?P<name>\w+)(?: WHERE SystemModstamp >= (?P<since>\S+))?"
    r"(?: ORDER BY SystemModstamp, Id| LIMIT 1)$"
)
STANDARD = {
    "Account": "Id IsDeleted SystemModstamp Name Website Industry NumberOfEmployees BillingCountry Type ParentId",
    "Contact": "Id IsDeleted SystemModstamp AccountId Name Email Phone Title",
    "Opportunity": "Id IsDeleted SystemModstamp AccountId Name Type StageName IsWon IsClosed Amount CreatedDate "
    "CloseDate",
    "Organization": "Id Name",
}


def problem(code: str, message: str) -> list[dict[str, str]]:
    """An error as the REST API words it."""
    return [{"message": message, "errorCode": code}]


class FakeSalesforce(Fake):
    """An org. ``records`` by object; ``custom`` names further columns, ``hidden`` objects that we may not read.

    ``public_key`` checks JWTs.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.records: dict[str, list[dict[str, Any]]] = {
            "Organization": [{"Id": "00D000000000001EAA", "Name": "Ferrowick Ltd"}]
        }
        self.custom: dict[str, list[str]] = {}
        self.hidden: set[str] = set()
        self.purged: dict[str, dict[str, str]] = {}
        self.page_size = 2
        self.token = "00D!token-1"
        self.tokens = 1
        self.secret = "consumer-secret-77"
        self.password = "pass-word-88token-99"
        self.public_key: str | None = None
        self.locators: dict[str, list[dict[str, Any]]] = {}

    def add(self, name: str, number: str, modified: str, *, deleted: bool = False, **fields: Any) -> None:
        """Add or replace a record."""
        held = self.records.setdefault(name, [])
        held[:] = [record for record in held if record["Id"] != number]
        held.append({"Id": number, "SystemModstamp": modified, "IsDeleted": deleted, **fields})

    def expire(self) -> None:
        """End the token; the next sign-in gets another."""
        self.tokens += 1
        self.token = f"00D!token-{self.tokens}"

    def answer(self, call: Call) -> Answer:
        if call.path == "/services/oauth2/token":
            return self._sign_in(call.form)
        if call.headers.get("Authorization") != f"Bearer {self.token}":
            return Answer(problem("INVALID_SESSION_ID", "Session expired or invalid"), 401)
        base = re.match(r"/services/data/v[\d.]+/(?P<rest>.+)", call.path)
        assert base, call.path
        rest = base["rest"]
        if rest in ("query/", "queryAll/"):
            return self._query(call.one("q"))
        if rest.startswith("queryAll/"):
            return self._more(rest.removeprefix("queryAll/"))
        if found := re.fullmatch(r"sobjects/(\w+)/deleted/", rest):
            return self._deleted(found[1], call)
        described = re.fullmatch(r"sobjects/(\w+)/describe", rest)
        assert described, rest
        return self._describe(described[1])

    def _sign_in(self, form: dict[str, str]) -> Answer:
        grant = form["grant_type"]
        if grant.endswith("jwt-bearer"):
            assert self.public_key
            claims = jwt.decode(
                form["assertion"],
                self.public_key,
                algorithms=["RS256"],
                audience="https://login.salesforce.com",
                options={"verify_exp": False},
            )
            good = claims["sub"] == "sync@ferrowick.example"
        else:
            good = form["client_secret"] == self.secret
            if grant == "password":
                good = good and form["password"] == self.password
        if not good:
            # As real ones do, it quotes what it was given.
            return Answer(
                {
                    "error": "invalid_client",
                    "error_description": f"invalid secret {form.get('client_secret')}",
                },
                400,
            )
        return Answer({"access_token": self.token, "instance_url": self.url, "token_type": "Bearer"})

    def _query(self, query: str) -> Answer:
        found = SOQL.fullmatch(query)
        if not found:
            return Answer(problem("MALFORMED_QUERY", f"unexpected token in {query}"), 400)
        name, columns = found["name"], found["columns"].split(", ")
        if name not in STANDARD or name in self.hidden:
            return Answer(problem("INVALID_TYPE", f"sObject type '{name}' is not supported."), 400)
        known = {*STANDARD[name].split(), *self.custom.get(name, []), "Owner.Email"}
        for column in columns:
            if column not in known:
                text = f"No such column '{column}' on entity '{name}'."
                return Answer(problem("INVALID_FIELD", text), 400)
        rows = self.records.get(name, [])
        if since := found["since"]:
            first = datetime.fromisoformat(since)
            rows = [row for row in rows if datetime.fromisoformat(row["SystemModstamp"]) >= first]
        rows = sorted(rows, key=lambda row: (row.get("SystemModstamp", ""), row["Id"]))
        return self._page([self._shape(name, row, columns) for row in rows])

    def _shape(self, name: str, row: dict[str, Any], columns: list[str]) -> dict[str, Any]:
        shaped: dict[str, Any] = {"attributes": {"type": name}}
        for column in columns:
            first, _, second = column.partition(".")
            if second:
                value = row.get(column)
                shaped[first] = {"attributes": {}, second: value} if value else None
            else:
                shaped[column] = row.get(column)
        return shaped

    def _page(self, rows: list[dict[str, Any]]) -> Answer:
        now, later = rows[: self.page_size], rows[self.page_size :]
        body: dict[str, Any] = {"totalSize": len(rows), "done": not later, "records": now}
        if later:
            locator = f"01g{len(self.calls):012d}-{self.page_size}"
            self.locators[locator] = later
            body["nextRecordsUrl"] = f"/services/data/v62.0/query/{locator}"
        return Answer(body)

    def _more(self, locator: str) -> Answer:
        if locator not in self.locators:
            return Answer(problem("INVALID_QUERY_LOCATOR", "invalid query locator"), 400)
        return self._page(self.locators[locator])

    def _deleted(self, name: str, call: Call) -> Answer:
        start, end = (datetime.fromisoformat(call.one(which)) for which in ("start", "end"))
        if end - start < timedelta(minutes=1) or start < self.clock.now() - timedelta(days=30):
            return Answer(problem("INVALID_REPLICATION_DATE", "endDate before startDate"), 400)
        found = [
            {"id": number, "deletedDate": at}
            for number, at in self.purged.get(name, {}).items()
            if start <= datetime.fromisoformat(at) < end
        ]
        covered = (end - timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        return Answer({"deletedRecords": found, "latestDateCovered": covered})

    def _describe(self, name: str) -> Answer:
        if name not in STANDARD:
            return Answer(problem("NOT_FOUND", "The requested resource does not exist"), 404)
        fields = [
            {"name": column, "label": column, "type": "string", "custom": False}
            for column in STANDARD[name].split()
        ]
        fields += [
            {"name": column, "label": f"Our {column}", "type": "picklist", "custom": True}
            for column in self.custom.get(name, [])
        ]
        fields.append({"name": "BillingAddress", "label": "Address", "type": "address", "custom": False})
        return Answer({"name": name, "fields": fields})
