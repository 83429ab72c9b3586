"""Events as SDKs send them, against a raw COPY of the same rows; and the memory that the largest body takes.

Through HTTP to one gunicorn worker: Segment batches of 10,000 track calls with the surroundings that SDKs send
along, for a thousand accounts that are found by their workspaces. The floor copies the rows those make into a
table with the same indexes and foreign key, in one transaction for each batch.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection as database

from bench.harness import Figure, interleave, median
from bench.sync import scratch_database, server

ROWS = 10_000
ROUNDS = 7
TARGET = 0.25
LARGEST_BODY = 64 * 1024 * 1024
MOST_MEMORY = 400.0  # MiB
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
LIBRARY = {"name": "analytics-python", "version": "2.3.4"}
COLUMNS = (
    "source_id",
    "external_id",
    "account_id",
    "event",
    "occurred_at",
    "user",
    "feature",
    "properties",
    "batch_id",
    "xid",
)


def run() -> Iterator[Figure]:
    """Measure new events in turn with their floor, then the memory of bodies as large as may be."""
    with scratch_database() as name:
        with server(name) as port:
            from sync.services import issue_token

            secret = issue_token(source="bench", scopes=["*:write"]).secret
            sender = Sender(port, secret)
            accounts = sender.make_accounts()
            floor = Floor(name, accounts)
            batches = iter([calls(turn) for turn in range(2 * (ROUNDS + 1))])
            bodies = [sender.pack(next(batches)) for _ in range(ROUNDS + 1)]
            rows = [floor.rows(next(batches)) for _ in range(ROUNDS + 1)]
            sent, copied = iter(bodies), iter(rows)
            ours, raw = interleave(
                [lambda: sender.deliver(next(sent)), lambda: floor.copy(next(copied))], ROUNDS
            )
            note = f"{ROWS / median(ours):,.0f} events/s through HTTP, {ROWS / median(raw):,.0f} raw"
            yield Figure("tracking.events", median(raw) / median(ours), at_least=TARGET, note=note)
            floor.close()
        peaks = {}
        for kind, take in (("events", Sender.deliver_largest), ("records", Sender.sync_largest)):
            with server(name) as port:
                take(Sender(port, secret))
                peaks[kind] = peak_memory(port)
        note = ", ".join(f"{peak:.0f} MiB for 64 MiB of {kind}" for kind, peak in peaks.items())
        yield Figure(
            "tracking.memory", max(peaks.values()), at_most=MOST_MEMORY, note=f"peak of a worker: {note}"
        )


def calls(turn: int, rows: int = ROWS, padding: str = "") -> list[dict[str, Any]]:
    """Return track calls of some 600 bytes."""
    features = ("export", "import", "dashboard", "alert", "search", "share", "api")
    return [
        {
            "type": "track",
            "messageId": str(uuid.uuid4()),
            "timestamp": (START + timedelta(seconds=turn * rows + number)).isoformat(),
            "userId": f"user-{number % 5000}",
            "anonymousId": None,
            "event": f"{features[number % 7].capitalize()} used",
            "properties": {
                "feature": features[number % 7],
                "plan": "enterprise",
                "duration_ms": number % 4000,
                "path": f"/workspaces/{number % 1000}/{features[number % 7]}",
                "is_new": number % 3 == 0,
                **({"padding": padding} if padding else {}),
            },
            "context": {
                "library": LIBRARY,
                "groupId": f"ws_{number % 1000}",
                "ip": "192.0.2.7",
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
            },
            "integrations": {},
        }
        for number in range(rows)
    ]


def padded(body: Callable[[str], bytes]) -> bytes:
    """Return a body of the size that is just taken, its rows padded alike."""
    room = LARGEST_BODY - len(body("x"))
    made = body("x" * (room // ROWS))
    assert LARGEST_BODY * 0.99 < len(made) <= LARGEST_BODY, len(made)
    return made


class Sender:
    """The way of an SDK."""

    def __init__(self, port: int, secret: str) -> None:
        self.port = port
        self.secret = secret

    def make_accounts(self) -> dict[str, int]:
        """Create a thousand accounts with a workspace each; return their ids by workspace."""
        made = [
            {"external_id": f"a{number}", "name": f"Account {number}", "workspace_ids": [f"ws_{number}"]}
            for number in range(1000)
        ]
        self._post(
            "/api/v1/accounts/bulk/", json.dumps(made).encode(), {"Authorization": f"Bearer {self.secret}"}
        )
        with database.cursor() as cursor:
            cursor.execute("SELECT workspace_ids[1], id FROM accounts_account")
            return dict(cursor.fetchall())

    def pack(self, batch: list[dict[str, Any]]) -> bytes:
        """Return the body of a call, packed as SDKs may."""
        return gzip.compress(json.dumps({"batch": batch, "sentAt": START.isoformat()}).encode(), 1)

    def deliver(self, body: bytes) -> None:
        """Post one body and read the answer."""
        packed = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
        basic = base64.b64encode(f"{self.secret}:".encode()).decode()
        answer = self._post("/ingest/segment/v1/batch", body, {"Authorization": f"Basic {basic}", **packed})
        assert json.loads(answer) == {"success": True}, answer

    def deliver_largest(self) -> None:
        """Deliver as many bytes of events as a call may bring."""
        self.deliver(padded(lambda text: json.dumps({"batch": calls(100, padding=text)}).encode()))

    def sync_largest(self) -> None:
        """Sync as many bytes of accounts as a call may bring."""
        body = padded(
            lambda text: json.dumps(
                [
                    {
                        "external_id": f"largest-{number}",
                        "name": f"Account {number}",
                        "custom": {"first": text[:3500], "second": text[3500:]},
                    }
                    for number in range(ROWS)
                ]
            ).encode()
        )
        answer = self._post("/api/v1/accounts/bulk/", body, {"Authorization": f"Bearer {self.secret}"})
        assert b'"created":10000' in answer[:200], answer[:300]

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        # A kept connection would be closed by the server while the next batches are prepared.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status == 200, content[:500]
        return content


class Floor:
    """The same rows by COPY alone."""

    def __init__(self, name: str, accounts: dict[str, int]) -> None:
        held = settings.DATABASES["default"]
        given = {
            "host": held["HOST"],
            "port": held["PORT"],
            "user": held["USER"],
            "password": held["PASSWORD"],
        }
        self.connection = psycopg.connect(
            **{key: value for key, value in given.items() if value}, dbname=name
        )
        self.accounts = accounts
        self.connection.execute("CREATE TABLE floor_event (LIKE product_usageevent INCLUDING ALL)")
        self.connection.execute(
            "ALTER TABLE floor_event ADD FOREIGN KEY (account_id) REFERENCES accounts_account "
            "DEFERRABLE INITIALLY DEFERRED"
        )
        self.connection.commit()

    def rows(self, batch: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        """Return the rows that a batch makes."""
        return [
            (
                1,
                call["messageId"],
                self.accounts[call["context"]["groupId"]],
                call["event"],
                call["timestamp"],
                call["userId"],
                call["properties"]["feature"],
                json.dumps(call["properties"]),
                1,
                1,
            )
            for call in batch
        ]

    def copy(self, rows: list[tuple[Any, ...]]) -> None:
        """Load one batch in one transaction."""
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        copied = f"COPY floor_event ({names}) FROM STDIN"
        with self.connection.transaction(), self.connection.cursor() as cursor, cursor.copy(copied) as copy:
            for row in rows:
                copy.write_row(row)

    def close(self) -> None:
        """Let go of the scratch database."""
        self.connection.close()


def peak_memory(port: int) -> float:
    """Return the peak resident memory, in MiB, of the largest process that serves ``port`` here."""
    peaks = []
    for folder in Path("/proc").iterdir():
        try:
            if f"PORT={port}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                peaks.append(_peak(folder / "status"))
        except OSError:  # it ended, or is nobody's business
            continue
    return max(peaks)


def _peak(status: Path) -> float:
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
