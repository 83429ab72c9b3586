"""Several at once, and the end of a process in the middle of a batch."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from django.db import connection, connections, transaction

from accounts.models import Account, Contact, Standing
from sync.api.writing import Answer, follow_up
from sync.models import Batch, Change, IdempotencyKey, Link, Source
from sync.pipeline.decode import decode_body
from sync.pipeline.run import run_batch
from sync.registry import resources
from sync.services import issue_token
from tests.sync.conftest import Api, make_api

pytestmark = pytest.mark.django_db(transaction=True)
CHECKOUT = Path(__file__).resolve().parents[2]


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all in threads of their own; return what each returned or raised."""
    results: list[Any] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(place: int) -> None:
        barrier.wait(20)
        try:
            results[place] = works[place]()
        except Exception as error:  # noqa: BLE001 - shown by the assertions
            results[place] = error
        connections.close_all()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_concurrent_batches_of_the_same_records_neither_deadlock_nor_double() -> None:
    api = make_api()
    records = [{"external_id": str(number), "name": f"N {number}"} for number in range(200)]

    def send(order: list[dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        return lambda: Api(api.secret).bulk("accounts", order)

    answers = at_once(send(records), send(records[::-1]), send(records[100:] + records[:100]))
    assert [answer["rejected"] for answer in answers] == [0, 0, 0]
    assert sum(answer["created"] for answer in answers) == 200
    assert sum(answer["unchanged"] for answer in answers) == 400
    assert Account.objects.count() == Link.objects.count() == Change.objects.count() == 200


def test_concurrent_batches_of_two_resources_with_shared_effects_do_not_deadlock() -> None:
    api = make_api()
    api.bulk("accounts", [{"external_id": f"a{number}", "name": "A"} for number in range(50)])
    contracts = [
        {"external_id": f"k{number}", "account": f"a{number}", "start_on": "2026-01-01", "currency": "EUR"}
        for number in range(50)
    ]
    api.bulk("contracts", contracts)
    line = {"product": "P", "start_on": "2026-01-01", "amount": 1, "billing_period": "month"}
    lines = [line | {"external_id": f"l{number}", "contract": f"k{number}"} for number in range(50)]
    for turn in range(5):
        moved = [item | {"account": f"a{(place + turn) % 50}"} for place, item in enumerate(contracts)]
        dearer = [item | {"amount": turn} for item in reversed(lines)]
        answers = at_once(
            lambda moved=moved: Api(api.secret).bulk("contracts", moved),
            lambda dearer=dearer: Api(api.secret).bulk("contract-lines", dearer),
        )
        assert [answer["rejected"] for answer in answers] == [0, 0]


def test_what_waits_and_what_it_waits_for_find_each_other_when_they_come_at_once() -> None:
    api = make_api()
    waits, account_is_in = threading.Event(), threading.Event()
    source = Source.objects.get(slug="salesforce")
    contact = decode_body(
        b'[{"external_id": "c", "account": "a", "name": "Bo"}]', resources["contacts"], lines=False
    )

    def bring_contact() -> None:
        with transaction.atomic():
            outcome = run_batch(resource=resources["contacts"], source=source, decoded=contact)
            waits.set()
            assert account_is_in.wait(20)
        follow_up(Answer(200, b"", outcome))
        connections.close_all()

    bringing = threading.Thread(target=bring_contact)
    bringing.start()
    assert waits.wait(20)
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])  # it can't see yet who waits
    assert not Contact.objects.exists()
    account_is_in.set()
    bringing.join(20)
    assert Contact.objects.get().account.name == "Acme"


def test_an_idempotency_key_replays_the_first_answer() -> None:
    api = make_api()
    record = [{"external_id": "1", "name": "A"}]
    first = api.call("post", "accounts/bulk/", record, Idempotency_Key="k")
    again = api.call("post", "accounts/bulk/", record, Idempotency_Key="k")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Batch.objects.count() == 1
    other = api.call("post", "accounts/bulk/", [{"external_id": "1", "name": "B"}], Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = api.call("post", "contacts/bulk/", record, Idempotency_Key="k")
    assert elsewhere.status_code == 422
    foreign = make_api(source="hubspot").call("post", "accounts/bulk/", record, Idempotency_Key="k")
    assert (foreign.status_code, foreign.json()["created"]) == (200, 1)


def test_a_key_is_kept_for_put_and_delete_and_not_for_what_was_undone() -> None:
    api = make_api()
    put = [api.call("put", "accounts/salesforce/a/", {"name": "A"}, Idempotency_Key="p") for _ in range(2)]
    assert [response.status_code for response in put] == [201, 201]
    refused = [api.call("put", "accounts/salesforce/b/", {"name": ""}, Idempotency_Key="q") for _ in range(2)]
    assert [response.status_code for response in refused] == [422, 422]
    assert refused[1]["Content-Type"] == "application/problem+json"
    gone = [api.call("delete", "accounts/salesforce/a/", Idempotency_Key="d") for _ in range(2)]
    assert [response.json()["status"] for response in gone] == ["deleted", "deleted"]
    bad = [{"external_id": "1", "name": ""}]
    api.call("post", "accounts/bulk/?atomic=true", bad, Idempotency_Key="u")
    api.call("post", "accounts/bulk/", b"[", Idempotency_Key="m")
    api.call("post", "accounts/bulk/?mode=dry_run", bad, Idempotency_Key="y")
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"p", "q", "d"}


def test_two_calls_at_once_with_one_key_are_done_once() -> None:
    api = make_api()
    record = [{"external_id": "1", "name": "A"}]
    works = [lambda: Api(api.secret).call("post", "accounts/bulk/", record, Idempotency_Key="k")] * 4
    answers = at_once(*works)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert Batch.objects.count() == 1


def test_a_web_process_killed_in_mid_batch_leaves_none_of_it_and_a_repeat_brings_all() -> None:
    token = issue_token(source="salesforce", scopes=["*:write"]).secret
    records = [{"external_id": str(number), "name": f"N {number}"} for number in range(2_000)]
    body = msgspec.json.encode(records)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": "k"}
    with server() as (port, process):
        url = f"http://127.0.0.1:{port}/api/v1/accounts/bulk/"
        # Holding the standing table stops the batch after its accounts, links and changes are written.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE accounts_standing IN ACCESS EXCLUSIVE MODE")
            call = threading.Thread(target=post_and_lose, args=[url, body, headers])
            call.start()
            wait_for(lambda: waiting_inserts(cursor) == 1)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
            call.join(20)
    wait_for(backends_gone)
    assert not Account.objects.exists()
    assert not Link.objects.exists()
    assert not Change.objects.exists()
    assert not Batch.objects.exists()
    with server() as (port, _):
        answer = httpx.post(
            f"http://127.0.0.1:{port}/api/v1/accounts/bulk/",
            content=body,
            headers=headers,
            timeout=60,
            trust_env=False,
        )
    assert answer.json()["created"] == 2_000
    assert Account.objects.count() == Standing.objects.count() == Link.objects.count() == 2_000


def post_and_lose(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Send a call whose answer never comes."""
    with pytest.raises(httpx.TransportError):
        httpx.post(url, content=body, headers=headers, timeout=60, trust_env=False)


def waiting_inserts(cursor: Any) -> int:
    """Return how many sessions of this database wait for the lock that the test holds."""
    cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees its first look for ever
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO accounts_standing%'"
    )
    return int(cursor.fetchone()[0])


def backends_gone() -> bool:
    """Return whether no other session is left in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0]) == 0


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds; fail after half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "It never came about."
        time.sleep(0.05)


@contextmanager
def server() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Serve this test's database by a gunicorn in a process group of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    held = connection.settings_dict
    password = f":{quote(held['PASSWORD'])}" if held["PASSWORD"] else ""
    where = f"host={quote(held['HOST'], safe='/')}&port={held['PORT']}"
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{held['USER']}{password}@/{held['NAME']}?{where}",
        "ABE_SECRET_KEY": "x" * 50,
        "ABE_HTTPS": "false",
        "ABE_WEB_WORKERS": "1",
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "abe.settings",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:abe.gunicorn", "abe.wsgi"]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, start_new_session=True)
    try:
        wait_for(lambda: is_open(port))
        yield port, process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


def is_open(port: int) -> bool:
    """Return whether something listens on ``port``."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
