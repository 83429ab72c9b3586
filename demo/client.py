"""An ordinary client of our public API: bulk batches over HTTP, sent again until the server has answered.

It knows nothing of the sample company or of Django; a sync from a real CRM could use it as it is.
"""

from __future__ import annotations

import gzip
import hashlib
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

BATCH_LIMIT = 10_000  # records in one call, as the API has it
RETRIED_STATUSES = frozenset({429, 502, 503, 504})

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0


class ApiError(Exception):
    """The server refused a call, or did not answer as its contract says."""


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field of a rejected record."""

    field: str
    code: str
    detail: str


class RecordResult(msgspec.Struct):
    """What became of one record of a batch."""

    index: int
    status: str
    external_id: str | None = None
    errors: list[FieldError] = []


class BatchAnswer(msgspec.Struct):
    """What became of a batch."""

    results: list[RecordResult]
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    pending: int = 0
    rejected: int = 0

    def counts(self) -> dict[str, int]:
        """Return how many records met each fate."""
        return {name: getattr(self, name) for name in STATUSES}


STATUSES = ("created", "updated", "unchanged", "stale", "pending", "rejected")


@dataclass(frozen=True, slots=True)
class Rejection:
    """One rejected record; ``position`` counts from 0 over all records sent, ``index`` within its batch."""

    resource: str
    position: int
    index: int
    external_id: str | None
    errors: tuple[FieldError, ...]

    def __str__(self) -> str:
        reasons = (
            "; ".join(f"{e.field or 'record'}: {e.detail} ({e.code})" for e in self.errors)
            or "no reason given"
        )
        return f"{self.resource} record {self.position} ({self.external_id}): {reasons}"


@dataclass(slots=True)
class SyncReport:
    """What became of all records of one resource, and how long it took."""

    resource: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    rejections: list[Rejection] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        """How many records were answered for."""
        return sum(self.counts.values())

    def add(self, answer: BatchAnswer, first_position: int) -> None:
        """Count a batch whose first record stood at ``first_position``."""
        for status, count in answer.counts().items():
            self.counts[status] += count
        self.rejections += [
            Rejection(self.resource, first_position + r.index, r.index, r.external_id, tuple(r.errors))
            for r in answer.results
            if r.status == "rejected"
        ]


class ApiClient:
    """Sends batches for one source; safe to use from several threads.

    A call is sent again after 429, 502, 503, 504 and lost connections, waiting as long as ``Retry-After``
    asks or else twice as long each time, up to ``attempts`` calls. The idempotency key follows from the
    content, so that a repeat, even by a later run, is answered and not done twice.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        attempts: int = 8,
        timeout: float = 120.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._attempts = attempts
        self._sleep = sleep
        self._jitter = random.Random()
        self._http = httpx.Client(
            base_url=url,
            timeout=httpx.Timeout(timeout, connect=10.0),
            headers={"Authorization": f"Bearer {token}", "User-Agent": "abe-sample-client/1"},
            trust_env=False,  # a proxy from the environment would swallow calls to the own machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send_batch(self, resource: str, records: list[dict[str, Any]]) -> BatchAnswer:
        """Upsert up to 10,000 records in one call; raise ApiError unless each of them is answered for."""
        lines = b"\n".join(map(msgspec.json.encode, records))
        headers = {
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "Idempotency-Key": hashlib.sha256(resource.encode() + b"\n" + lines).hexdigest(),
        }
        body = gzip.compress(lines, compresslevel=1, mtime=0)
        response = self._post(f"/api/v1/{resource}/bulk/", body, headers)
        try:
            answer = msgspec.json.decode(response.content, type=BatchAnswer)
        except msgspec.MsgspecError as error:
            raise ApiError(f"{resource}: the answer is not what the API promises: {error}") from error
        if sum(answer.counts().values()) != len(records) or len(answer.results) != len(records):
            raise ApiError(f"{resource}: sent {len(records)} records, answered for {len(answer.results)}")
        return answer

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        trouble = ""
        for attempt in range(self._attempts):
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) * self._jitter.uniform(0.5, 1.0)
            try:
                response = self._http.post(path, content=body, headers=headers)
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}"
            else:
                if response.is_success:
                    return response
                trouble = describe_problem(response)
                if response.status_code not in RETRIED_STATUSES:
                    raise ApiError(f"{path}: {trouble}")
                wait = max(wait, retry_after(response))
            if attempt + 1 < self._attempts:
                self._sleep(wait)
        raise ApiError(f"{path}: given up after {self._attempts} attempts; the last one: {trouble}")


def retry_after(response: httpx.Response) -> float:
    """Return the seconds that ``Retry-After`` asks to wait (a number or a date), 0 where it says nothing."""
    value = response.headers.get("Retry-After", "")
    if value.strip().isdigit():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def describe_problem(response: httpx.Response) -> str:
    """Return in one line what a problem+json answer says, or how any other body starts."""
    try:
        problem = response.json()
        said = f"{problem['title']}: {problem.get('detail', '')}"
    except (ValueError, KeyError, TypeError):
        said = " ".join(response.text.split())[:300]
    return f"{response.status_code} {said}"


def send_all(
    client: ApiClient,
    resource: str,
    records: Iterable[dict[str, Any]],
    *,
    batch_size: int = BATCH_LIMIT,
    in_flight: int = 3,
    on_batch: Callable[[int], object] | None = None,
) -> SyncReport:
    """Send all records in batches, a few calls at a time; ``on_batch`` hears of each answer's size.

    No more than ``in_flight`` batches are held in memory beside the one being made. Rejected records don't
    stop the others: the report names them.
    """
    report = SyncReport(resource)
    started = time.monotonic()
    waiting: deque[tuple[int, int, Future[BatchAnswer]]] = deque()

    def settle() -> None:
        position, count, future = waiting.popleft()
        report.add(future.result(), position)
        if on_batch:
            on_batch(count)

    position = 0
    with ThreadPoolExecutor(max_workers=in_flight, thread_name_prefix=resource) as pool:
        try:
            for batch in _batches(records, batch_size):
                if len(waiting) >= in_flight:
                    settle()
                waiting.append((position, len(batch), pool.submit(client.send_batch, resource, batch)))
                position += len(batch)
            while waiting:
                settle()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    report.seconds = time.monotonic() - started
    return report


def _batches(records: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(records)
    while batch := list(islice(iterator, size)):
        yield batch
