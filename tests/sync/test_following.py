"""A client that follows by cursor while others write: it ends with exactly what is there."""

from __future__ import annotations

import random
import threading
from typing import Any

import httpx
import pytest
from django.db import connections

from accounts.models import Account
from sync.models import Link
from sync.services import issue_token
from tests.sync.test_concurrency import server
from tests.sync.test_feed import settle

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 4
IN_ALL = 50_000
OBJECTS = 2_500  # of each writer, so that each is written five times
BATCH = 500


def test_who_follows_while_four_write_50_000_records_ends_with_the_final_state() -> None:
    tokens = [
        issue_token(source=f"source-{n}", scopes=["*:write"], rate=100_000).secret for n in range(WRITERS)
    ]
    reader = issue_token(source="reader", scopes=["*:read"], rate=100_000).secret
    written = threading.Event()
    failures: list[str] = []
    mirror: dict[str, dict[str, Any]] = {}
    pages = [0]

    with server() as (port, _):

        def write(number: int) -> None:
            with http(port, tokens[number]) as client:
                for batch in batches(number):
                    answer = client.post("/api/v1/accounts/bulk/", json=batch)
                    if answer.status_code != 200 or answer.json()["rejected"]:
                        failures.append(answer.text[:300])
                for gone in range(0, OBJECTS, 100):
                    client.delete(f"/api/v1/accounts/source-{number}/{gone}/")

        def follow() -> None:
            with http(port, reader) as client:
                cursor = ""
                while True:
                    was_written = written.is_set()
                    if was_written:
                        settle()
                    cursor, found = read_on(client, cursor, mirror)
                    pages[0] += found
                    if was_written:
                        break
            connections.close_all()

        following = threading.Thread(target=follow)
        following.start()
        writing = [threading.Thread(target=write, args=[number]) for number in range(WRITERS)]
        for thread in writing:
            thread.start()
        for thread in writing:
            thread.join(120)
        written.set()
        following.join(60)
        assert not following.is_alive()

    assert failures == []
    held = {
        str(pk): (name, employees, deleted_at is not None)
        for pk, name, employees, deleted_at in Account.objects.values_list(
            "pk", "name", "employees", "deleted_at"
        )
    }
    seen = {pk: (record["name"], record["employees"], record["deleted"]) for pk, record in mirror.items()}
    assert len(held) == WRITERS * OBJECTS == Link.objects.filter(resource="accounts").count()
    assert sum(deleted for _, _, deleted in held.values()) == WRITERS * OBJECTS // 100
    assert seen == held
    # It did read in between, and not only when all was over.
    assert pages[0] > len(held) // 1000 + 1


def http(port: int, token: str) -> httpx.Client:
    """Return a client with a token."""
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=120
    )


def batches(number: int) -> list[list[dict[str, Any]]]:
    """Return one writer's batches: each object in five states, out of order, the newest of which counts."""
    states = [(key, turn) for key in range(OBJECTS) for turn in range(IN_ALL // WRITERS // OBJECTS)]
    random.Random(number).shuffle(states)
    records = [
        {
            "external_id": str(key),
            "name": f"{number}-{key}-{turn}",
            "employees": turn,
            "source_updated_at": f"2026-01-0{turn + 1}T00:00:00Z",
        }
        for key, turn in states
    ]
    return [records[start : start + BATCH] for start in range(0, len(records), BATCH)]


def read_on(client: httpx.Client, cursor: str, mirror: dict[str, dict[str, Any]]) -> tuple[str, int]:
    """Lay what is new over the mirror; return the cursor to go on from and the number of pages."""
    pages = 0
    while True:
        answer = client.get("/api/v1/accounts/", params={"cursor": cursor, "page_size": 1000})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        pages += bool(page["results"])
        for record in page["results"]:
            mirror[record["id"]] = record
        cursor = page["next_cursor"]
        if page["next"] is None:
            return cursor, pages
