import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from demo.client import ApiClient, ApiError, describe_problem, retry_after, send_all

Answer = tuple[int, dict[str, str], Any]


class FakeApi:
    """A server of its own on loopback: ``script`` holds answers for the first calls, then all goes well."""

    def __init__(self) -> None:
        self.script: list[Answer | None] = []
        self.calls: list[tuple[str, dict[str, str], list[dict[str, Any]]]] = []
        self.reject: Callable[[dict[str, Any]], bool] = lambda _: False
        self.running = self.most_running = 0
        self.lock = threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
                records = [json.loads(line) for line in body.splitlines()]
                with api.lock:
                    api.calls.append((self.path, dict(self.headers), records))
                    scripted = api.script.pop(0) if api.script else (200, {}, None)
                    api.running += 1
                    api.most_running = max(api.most_running, api.running)
                time.sleep(0.02)
                with api.lock:
                    api.running -= 1
                if scripted is None:  # the connection breaks without an answer
                    self.close_connection = True
                    self.connection.close()
                    return
                status, headers, content = scripted
                self.answer(status, headers, content if content is not None else api.outcome(records))

            def answer(self, status: int, headers: dict[str, str], content: Any) -> None:
                raw = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def outcome(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        results: list[dict[str, Any]] = []
        for index, record in enumerate(records):
            bad = self.reject(record)
            errors = (
                [{"field": "employees", "code": "invalid", "detail": "Must not be negative."}] if bad else []
            )
            status = "rejected" if bad else "created"
            results.append(
                {"index": index, "external_id": record["external_id"], "status": status, "errors": errors}
            )
        rejected = sum(result["status"] == "rejected" for result in results)
        return {"batch": 1, "created": len(records) - rejected, "rejected": rejected, "results": results}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


def records(count: int) -> list[dict[str, Any]]:
    return [{"external_id": f"r{number}", "name": f"Record {number}"} for number in range(count)]


def client_of(api: FakeApi, waits: list[float] | None = None, attempts: int = 4) -> ApiClient:
    return ApiClient(api.url, "secret", attempts=attempts, sleep=(waits if waits is not None else []).append)


def test_a_batch_goes_out_as_the_contract_says(api: FakeApi) -> None:
    with client_of(api) as client:
        answer = client.send_batch("accounts", records(3))
    assert answer.counts()["created"] == 3
    (path, headers, sent) = api.calls[0]
    assert path == "/api/v1/accounts/bulk/"
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["Content-Encoding"] == "gzip"
    assert sent == records(3)


def test_the_key_follows_the_content(api: FakeApi) -> None:
    with client_of(api) as client:
        for resource, count in (("accounts", 2), ("accounts", 2), ("accounts", 3), ("contacts", 2)):
            client.send_batch(resource, records(count))
    keys = [headers["Idempotency-Key"] for _, headers, _ in api.calls]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_busy_and_broken_answers_are_tried_again_with_the_same_key(api: FakeApi) -> None:
    api.script = [(429, {"Retry-After": "7"}, {}), (503, {}, {}), None]
    waits: list[float] = []
    with client_of(api, waits) as client:
        assert client.send_batch("accounts", records(2)).created == 2
    assert len(api.calls) == 4
    assert len({headers["Idempotency-Key"] for _, headers, _ in api.calls}) == 1
    assert waits[0] == 7.0
    assert 0.25 <= waits[1] <= 1.0
    assert 0.5 <= waits[2] <= 2.0


def test_it_gives_up_after_the_last_attempt_and_says_why(api: FakeApi) -> None:
    api.script = [(503, {}, {"title": "Starting", "detail": "The database is not up."})] * 9
    with client_of(api) as client, pytest.raises(ApiError, match=r"4 attempts.*503 Starting: The database"):
        client.send_batch("accounts", records(1))
    assert len(api.calls) == 4


def test_a_server_that_is_not_there_is_an_error_not_a_hang() -> None:
    waits: list[float] = []
    nobody = ApiClient("http://127.0.0.1:9", "secret", attempts=2, sleep=waits.append)
    with nobody as client, pytest.raises(ApiError, match="ConnectError"):
        client.send_batch("accounts", records(1))
    assert len(waits) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 413, 422, 500])
def test_a_refusal_is_not_tried_again(api: FakeApi, status: int) -> None:
    api.script = [(status, {}, {"title": "Refused", "detail": "Line 3, column 9."})]
    with client_of(api) as client, pytest.raises(ApiError, match=f"{status} Refused: Line 3"):
        client.send_batch("accounts", records(1))
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    "content",
    [
        {"created": 2, "results": []},
        {"created": 1, "results": [{"index": 0, "status": "created"}]},
        {"created": "many"},
        ["surprise"],
    ],
)
def test_an_answer_that_does_not_account_for_every_record_is_an_error(api: FakeApi, content: Any) -> None:
    api.script = [(200, {}, content)]
    with client_of(api) as client, pytest.raises(ApiError):
        client.send_batch("accounts", records(2))


def test_all_records_arrive_once_in_batches_a_few_at_a_time(api: FakeApi) -> None:
    heard: list[int] = []
    with client_of(api) as client:
        report = send_all(
            client, "accounts", iter(records(95)), batch_size=10, in_flight=3, on_batch=heard.append
        )
    arrived = [record["external_id"] for _, _, sent in api.calls for record in sent]
    assert sorted(arrived) == sorted(record["external_id"] for record in records(95))
    assert sum(heard) == report.sent == report.counts["created"] == 95
    assert len(heard) == 10
    assert 2 <= api.most_running <= 3


def test_the_source_is_read_no_further_than_what_is_on_its_way(api: FakeApi) -> None:
    read = answered = furthest = 0

    def source() -> Iterator[dict[str, Any]]:
        nonlocal read, furthest
        for record in records(200):
            read += 1
            furthest = max(furthest, read - answered)
            yield record

    def hear(count: int) -> None:
        nonlocal answered
        answered += count

    with client_of(api) as client:
        send_all(client, "accounts", source(), batch_size=10, in_flight=2, on_batch=hear)
    assert read == answered == 200
    assert furthest <= 30


def test_rejected_records_are_named_by_place_and_field_and_do_not_stop_the_rest(api: FakeApi) -> None:
    api.reject = lambda record: record["external_id"] in {"r4", "r23"}
    with client_of(api) as client:
        report = send_all(client, "accounts", records(30), batch_size=10)
    assert report.counts["created"] == 28
    assert [(r.position, r.index, r.external_id) for r in report.rejections] == [(4, 4, "r4"), (23, 3, "r23")]
    assert str(report.rejections[1]) == (
        "accounts record 23 (r23): employees: Must not be negative. (invalid)"
    )


def test_one_refused_batch_ends_the_run(api: FakeApi) -> None:
    api.script = [(403, {}, {"title": "Scope missing"})]
    with client_of(api) as client, pytest.raises(ApiError, match="Scope missing"):
        send_all(client, "accounts", records(500), batch_size=10, in_flight=2)
    assert len(api.calls) < 10


def test_retry_after_may_be_seconds_a_date_or_nonsense() -> None:
    def wait(value: str) -> float:
        return retry_after(httpx.Response(429, headers={"Retry-After": value}))

    assert wait("12") == 12.0
    assert wait("Fri, 01 Jan 2100 00:00:00 GMT") > 1e9
    assert wait("Fri, 01 Jan 1999 00:00:00 GMT") == 0.0
    assert wait("soon") == 0.0
    assert retry_after(httpx.Response(503)) == 0.0


def test_a_page_instead_of_a_problem_is_quoted_short() -> None:
    said = describe_problem(httpx.Response(502, text="<h1>Bad\n gateway</h1>" * 100))
    assert said.startswith("502 <h1>Bad gateway</h1>")
    assert len(said) <= 304
