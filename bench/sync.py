"""10,000-record account batches through HTTP against the raw COPY + guarded upsert of the same rows.

A real gunicorn on loopback serves a scratch database of this state's PostgreSQL. The floor is what a hand-written
loader would do in the same database: COPY the rows into a temporary table, then one guarded upsert
into a table with the columns, constraints and indexes of ``accounts_account`` and a unique (source, external id).
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection as database
from django.db import connections

from bench.harness import Figure, interleave, median

ROWS = 10_000
ROUNDS = 7
TARGETS = {"new": 0.4, "changed": 0.4, "unchanged": 0.6}
CHECKOUT = Path(__file__).resolve().parent.parent
START = datetime(2026, 1, 1, tzinfo=UTC)

COLUMNS = [
    "name",
    "domain",
    "industry",
    "employees",
    "country",
    "currency",
    "lifecycle",
    "parent_id",
    "workspace_ids",
    "owner_email",
    "sponsor_email",
    "tier_id",
]

UPSERT = """
INSERT INTO floor_account (source_id, external_id, source_updated_at, {columns})
SELECT 1, external_id, source_updated_at, {columns} FROM floor_stage
ON CONFLICT (source_id, external_id) DO UPDATE SET
    source_updated_at = excluded.source_updated_at, {sets}
WHERE floor_account.source_updated_at < excluded.source_updated_at
    AND ({held}) IS DISTINCT FROM ({sent})
RETURNING external_id, (xmax = 0)
"""


def run() -> Iterator[Figure]:
    """Measure new, changed and unchanged batches, each in turn with its floor."""
    with scratch_database() as name, server(name) as port:
        from sync.services import issue_token

        token = issue_token(source="bench", scopes=["accounts:write"]).secret
        api = Api(port, token)
        floor = Floor()
        parents = api.make_parents(floor)
        for kind in ("new", "changed", "unchanged"):
            works = [Work(api, kind, parents), Work(floor, kind, parents)]
            ours, raw = interleave([work.next for work in works], ROUNDS)
            ratio = median(raw) / median(ours)
            note = f"{ROWS / median(ours):,.0f} rows/s through HTTP, {ROWS / median(raw):,.0f} raw"
            yield Figure(f"sync.{kind}", ratio, at_least=TARGETS[kind], note=note)
        floor.close()


FOREIGN_KEYS = """
ALTER TABLE floor_account
    ADD FOREIGN KEY (parent_id) REFERENCES floor_account DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (billing_parent_id) REFERENCES floor_account DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (tier_id) REFERENCES accounts_tier DEFERRABLE INITIALLY DEFERRED
"""


class Sender(Protocol):
    """One side of the comparison."""

    def prepare(self, batch: list[dict[str, Any]]) -> Any:
        """Return what ``send`` takes, made ahead of the clock."""

    def send(self, prepared: Any) -> None:
        """Bring one batch in."""


class Work:
    """Batches of one kind, prepared ahead of the clock: each call sends the next."""

    def __init__(self, sender: Sender, kind: str, parents: list[int]) -> None:
        self.sender = sender
        turns = range(ROUNDS + 1)
        if kind == "new":
            batches = [records(f"n{turn}", 0, parents) for turn in turns]
        elif kind == "changed":
            batches = [records("n0", turn + 1, parents) for turn in turns]
        else:
            batches = [records("n0", ROUNDS + 1, parents) for _ in turns]
        self.batches = iter([sender.prepare(batch) for batch in batches])

    def next(self) -> None:
        """Send one batch."""
        self.sender.send(next(self.batches))


def records(prefix: str, version: int, parents: list[int]) -> list[dict[str, Any]]:
    """Return a batch of CRM accounts of some 400 bytes; a version changes two fields, and each fourth name."""
    industries = ("Software", "Manufacturing", "Retail", "Health", "Energy", "Banking", "Logistics")
    return [
        {
            "external_id": f"001{prefix}{number:09d}AAA",
            "source_updated_at": (START + timedelta(hours=version)).isoformat(),
            "name": f"{industries[number % 7]} company {prefix} {number}" + f" {version}" * (number % 4 == 0),
            "domain": f"company-{prefix}-{number}.example.com",
            "industry": industries[(number + version) % 7],
            "employees": 10 + number + version,
            "country": "DE",
            "currency": "EUR",
            "lifecycle": "customer" if number % 2 else "prospect",
            "parent": f"parent-{number % len(parents)}" if number % 5 == 0 else None,
            "workspace_ids": [f"ws_{prefix}_{number}"],
            "owner_email": f"owner{number % 40}@example.com",
            "sponsor_email": f"sponsor{number % 9}@example.com",
            "tier": ("strategic", "enterprise", "growth", "standard")[number % 4],
            "parent_id": parents[number % len(parents)] if number % 5 == 0 else None,
            "tier_id": 1 + number % 4,
        }
        for number in range(ROWS)
    ]


class Api:
    """The way of a sync client."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def prepare(self, batch: list[dict[str, Any]]) -> bytes:
        """Return the body of a call."""
        own = ("parent_id", "tier_id")
        return json.dumps([{k: v for k, v in item.items() if k not in own} for item in batch]).encode()

    def send(self, prepared: bytes) -> None:
        """Post one body and read the whole answer, which must name every record."""
        # A kept connection would be closed by the server while the next batches are prepared.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("POST", "/api/v1/accounts/bulk/", prepared, self.headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status == 200, content[:500]
        assert b'"pending":0,"rejected":0' in content[:200], content[:500]

    def make_parents(self, floor: Floor) -> list[int]:
        """Create the holdings that records point to, on both sides; return their ids."""
        names = [f"parent-{number}" for number in range(100)]
        self.send(json.dumps([{"external_id": name, "name": name} for name in names]).encode())
        with database.cursor() as cursor:
            cursor.execute("SELECT object_id FROM sync_link ORDER BY external_id")
            ids = [row[0] for row in cursor.fetchall()]
        floor.make_parents(ids)
        return ids


class Floor:
    """The same rows by hand: COPY into a temporary table, one guarded upsert, the answer read."""

    def __init__(self) -> None:
        self.connection = psycopg.connect(**_parameters(settings.DATABASES["default"]["NAME"]))
        names = ", ".join(COLUMNS)
        self.columns = f"external_id, source_updated_at, {names}"
        self.upsert = UPSERT.format(
            columns=names,
            sets=", ".join(f"{name} = excluded.{name}" for name in COLUMNS),
            held=", ".join(f"floor_account.{name}" for name in COLUMNS),
            sent=", ".join(f"excluded.{name}" for name in COLUMNS),
        )
        self.connection.execute(
            "CREATE TABLE floor_account (LIKE accounts_account INCLUDING ALL, source_id bigint NOT NULL, "
            "external_id varchar(255) NOT NULL, source_updated_at timestamptz NOT NULL, "
            "UNIQUE (source_id, external_id))"
        )
        self.connection.execute("ALTER TABLE floor_account ALTER COLUMN id RESTART WITH 1000000")
        self.connection.execute(FOREIGN_KEYS)
        self.connection.commit()

    def make_parents(self, ids: list[int]) -> None:
        """Create the rows that others point to."""
        for number in ids:
            self.connection.execute(
                "INSERT INTO floor_account (id, name, domain, industry, country, currency, lifecycle, owner_email, "
                "sponsor_email, source_id, external_id, source_updated_at) OVERRIDING SYSTEM VALUE "
                "VALUES (%s, 'parent', '', '', '', '', 'target', '', '', 1, %s, %s)",
                [number, f"parent-{number}", START],
            )
        self.connection.commit()

    def prepare(self, batch: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        """Return the rows."""
        names = ["external_id", "source_updated_at", *COLUMNS]
        return [tuple(item[name] for name in names) for item in batch]

    def send(self, prepared: list[tuple[Any, ...]]) -> None:
        """Load one batch in one transaction."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE floor_stage ON COMMIT DROP AS TABLE floor_account WITH NO DATA")
            with cursor.copy(f"COPY floor_stage ({self.columns}) FROM STDIN") as copy:
                for row in prepared:
                    copy.write_row(row)
            cursor.execute(self.upsert)
            cursor.fetchall()

    def close(self) -> None:
        """Let go of the scratch database."""
        self.connection.close()


def _parameters(name: str) -> dict[str, Any]:
    held = settings.DATABASES["default"]
    given = {"host": held["HOST"], "port": held["PORT"], "user": held["USER"], "password": held["PASSWORD"]}
    return {key: value for key, value in given.items() if value} | {"dbname": name}


@contextmanager
def scratch_database() -> Iterator[str]:
    """Give this process a migrated database of its own, dropped afterwards."""
    name = f"abe_bench_sync_{os.getpid()}"
    before = settings.DATABASES["default"]["NAME"]
    with psycopg.connect(**_parameters("postgres"), autocommit=True) as maintenance:
        maintenance.execute(f"CREATE DATABASE {name}")
        try:
            connections.close_all()
            settings.DATABASES["default"]["NAME"] = database.settings_dict["NAME"] = name
            call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
            yield name
        finally:
            connections.close_all()
            settings.DATABASES["default"]["NAME"] = database.settings_dict["NAME"] = before
            maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def server(name: str) -> Iterator[int]:
    """Serve the scratch database on a free port with one gunicorn worker."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    given = _parameters(name)
    password = f":{given['password']}" if "password" in given else ""
    address = f"postgresql://{given['user']}{password}@/{name}?host={given['host']}"
    environment = os.environ | {
        "DATABASE_URL": address + (f"&port={given['port']}" if "port" in given else ""),
        "ABE_SECRET_KEY": settings.SECRET_KEY,
        "ABE_HTTPS": "false",
        "ABE_WEB_WORKERS": "1",
        "ABE_API_RATE": "1000000",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:abe.gunicorn", "abe.wsgi"]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment)
    try:
        _wait_until_open(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The web server did not start.") from error
            time.sleep(0.1)
        else:
            return
