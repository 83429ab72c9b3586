"""Receive records over HTTP: the transaction around a batch, its idempotency key and its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import msgspec
from django.db import connection, transaction
from django.http import HttpResponse
from rest_framework.request import Request

from sync.models import ApiToken, IdempotencyKey
from sync.pipeline.batch import Outcome
from sync.pipeline.pending import follow_up_batches
from sync.problems import CONTENT_TYPE, Problem, problem_response

IDEMPOTENCY_CLASS = crc32(b"sync.idempotency") - 2**31
MAX_KEY_LENGTH = 255
MODES = ("upsert", "update_only", "dry_run")


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say: a status and a JSON body, and what the batch did where one was run just now."""

    status: int
    body: bytes
    outcome: Outcome | None = None
    replayed: bool = False


def answer_once(request: Request, body: bytes, work: Callable[[], Answer]) -> Answer:
    """Do ``work`` in one transaction, at most once for the client's Idempotency-Key.

    The answer is stored in the transaction it describes, so a key is used exactly when the batch is in. Two
    calls with one key wait for each other. Raises Problem (422) for a key that came with another request.
    Without a key, and where nothing was committed, nothing is stored.
    """
    key = request.headers.get("Idempotency-Key")
    with transaction.atomic():
        if key is None:
            return work()
        if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
            raise Problem(
                400,
                "bad_idempotency_key",
                f"Idempotency-Key takes 1 to {MAX_KEY_LENGTH} printable characters.",
            )
        token = request.auth
        assert isinstance(token, ApiToken)
        digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + body).digest()
        with connection.cursor() as cursor:
            number = crc32(f"{token.client_id}:{key}".encode()) - 2**31
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [IDEMPOTENCY_CLASS, number])
        held = IdempotencyKey.objects.filter(client=token.client_id, key=key).first()
        if held is not None:
            if bytes(held.request_digest) != digest:
                raise Problem(
                    422, "idempotency_key_reused", "This Idempotency-Key came with another request before."
                )
            return Answer(held.status, bytes(held.body), replayed=True)
        answer = work()
        if answer.outcome is None or answer.outcome.committed:
            IdempotencyKey.objects.create(
                client_id=token.client_id,
                key=key,
                request_digest=digest,
                status=answer.status,
                body=answer.body,
            )
        return answer


def follow_up(answer: Answer) -> None:
    """Apply what waited for the records just committed, up to a batch; the beat takes the rest."""
    if answer.outcome is not None:
        follow_up_batches([answer.outcome])


def bulk_body(outcome: Outcome) -> bytes:
    """Return the answer to a bulk call."""
    return msgspec.json.encode({"batch": outcome.batch_id, **outcome.counts, "results": outcome.results})


def problem_answer(
    status: int, code: str, detail: str, *, errors: list[dict[str, Any]], outcome: Outcome
) -> Answer:
    """Return the answer to records that were refused; unlike a raised Problem it undoes nothing."""
    body = problem_response(status, code, detail, errors=errors, extra={"batch": outcome.batch_id}).content
    return Answer(status, body, outcome)


def json_response(answer: Answer) -> HttpResponse:
    """Return ``answer`` as it goes out; a replayed one says so."""
    kind = CONTENT_TYPE if answer.status >= 400 else "application/json"
    response = HttpResponse(answer.body, status=answer.status, content_type=kind)
    if answer.replayed:
        response["Idempotency-Replayed"] = "true"
    return response


def option(request: Request, name: str, known: tuple[str, ...]) -> str:
    """Return a query parameter that takes one of ``known`` words, by default the first. Raises Problem (400)."""
    value = request.query_params.get(name, known[0])
    if value not in known:
        raise Problem(400, "bad_parameter", f"{name} takes {', '.join(known)}; not {value!r}.")
    return str(value)


def refuse_unknown_parameters(request: Request, known: tuple[str, ...]) -> None:
    """Raise Problem (400) for a query parameter that the call doesn't take."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise Problem(
            400,
            "unknown_parameter",
            f"Unknown parameter {', '.join(sorted(unknown))}; known: {', '.join(known) or 'none'}.",
        )
