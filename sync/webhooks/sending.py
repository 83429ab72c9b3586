"""Deliver what is due, several at a time, each account's events one after the other.

A delivery is claimed in one transaction, attempted outside of any, and its outcome written in another. One that
is claimed is held for longer than an attempt can take; after that anybody may claim it again, so a worker that
was killed costs at most a repeat with the same webhook-id.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from standardwebhooks import Webhook

from common.encryption import UndecipherableError, decrypt
from common.outbound.http import Answer, Sender
from common.sql import load_sql
from sync.models import WebhookDelivery, WebhookEndpoint

logger = structlog.get_logger(__name__)

# In flight at a time: of the installation, and of one endpoint, so that a slow one leaves room for the others.
SLOTS = 16
SLOTS_EACH = 6
# Longer than an attempt with its search for the address may take, however slow the name service is.
HELD_FOR = timedelta(seconds=90)
WORK_SECONDS = 20.0

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=6)
LONGEST_ASKED = 6  # digits of Retry-After
JITTER = 0.2
TRIED_FOR = timedelta(days=3)
# A failing endpoint rests between attempts, for all of its accounts together.
LONGEST_REST = timedelta(minutes=5)
DISABLED_AFTER = timedelta(days=3)
SUCCESS_NOTED_EVERY = timedelta(minutes=1)
KEPT_ATTEMPTS = 20
GONE = 410
LOCK = crc32(b"sync.webhooks.claim") - 2**31


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in our hands; ``tries`` tells this attempt from a later one."""

    id: int
    tries: int
    endpoint_id: int
    event_id: str
    body: str
    url: str
    secret: str
    old_secret: str


def send_due(*, seconds: float = WORK_SECONDS) -> bool:
    """Attempt what is due until nothing is or ``seconds`` are over; return whether to come back."""
    until = time.monotonic() + seconds
    in_flight: dict[Future[Answer], Claimed] = {}
    with (
        Sender(allow_private=settings.WEBHOOKS_ALLOW_PRIVATE) as sender,
        ThreadPoolExecutor(SLOTS, thread_name_prefix="webhook") as pool,
    ):
        while True:
            # Not for each that ends: a claim costs as much as writing down some answers.
            if time.monotonic() < until and len(in_flight) <= SLOTS - SLOTS_EACH:
                for claimed in claim_due(limit=SLOTS - len(in_flight)):
                    in_flight[pool.submit(attempt, claimed, sender)] = claimed
            if not in_flight:
                return time.monotonic() >= until
            done, _ = wait(in_flight, return_when=FIRST_COMPLETED)
            for future in done:
                record_answer(in_flight.pop(future), future.result())


@transaction.atomic
def claim_due(*, limit: int = SLOTS) -> list[Claimed]:
    """Take up to ``limit`` deliveries that are due, counted over all workers; the rest have their turn later."""
    with connection.cursor() as cursor:
        # One at a time, so that the places in flight are counted right.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        limit = min(limit, SLOTS - _held().count())
        if limit <= 0:
            return []
        cursor.execute(
            load_sql("sync", "webhook_claim"),
            {"limit": limit, "each": SLOTS_EACH, "lease": HELD_FOR.total_seconds()},
        )
        return sorted((Claimed(*row) for row in cursor.fetchall()), key=lambda claimed: claimed.id)


def attempt(claimed: Claimed, sender: Sender) -> Answer:
    """Sign a delivery and send it; touches no database."""
    now = timezone.now()
    try:
        secrets = [decrypt(sealed) for sealed in (claimed.secret, claimed.old_secret) if sealed]
    except UndecipherableError as error:
        return Answer(seconds=0.0, error=str(error))
    signatures = [Webhook(secret).sign(claimed.event_id, now, claimed.body) for secret in secrets]
    headers = {
        "webhook-id": claimed.event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return sender.post(claimed.url, claimed.body.encode(), headers)


@transaction.atomic
def record_answer(claimed: Claimed, answer: Answer) -> None:
    """Write down what came of an attempt: delivered, to be tried again, or given up.

    Changes nothing where the delivery was taken up by somebody else meanwhile. Locks the endpoint, then the
    delivery.
    """
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=claimed.endpoint_id).first()
    delivery = (
        WebhookDelivery.objects.select_for_update()
        .filter(pk=claimed.id, tries=claimed.tries, state=WebhookDelivery.State.WAITING)
        .first()
    )
    if endpoint is None or delivery is None:
        return
    now = timezone.now()
    delivery.is_held = False
    delivery.response_status = answer.status
    delivery.response_body = answer.body
    noted = {
        "at": now.isoformat(),
        "status": answer.status,
        "seconds": round(answer.seconds, 3),
        "error": answer.error,
    }
    delivery.attempts = [*delivery.attempts, noted][-KEPT_ATTEMPTS:]
    if answer.is_success:
        delivery.state, delivery.finished_at = WebhookDelivery.State.DELIVERED, now
        _note_success(endpoint, now)
    else:
        wait_for = _wait(delivery.tries, answer)
        began = delivery.began_at or now
        delivery.due_at = now + wait_for
        if answer.status == GONE or delivery.due_at - began > TRIED_FOR:
            delivery.state, delivery.finished_at = WebhookDelivery.State.GIVEN_UP, now
        _note_failure(endpoint, now, answer)
    delivery.save(
        update_fields=(
            *("is_held", "response_status", "response_body", "attempts", "state"),
            *("finished_at", "due_at"),
        )
    )


def _note_success(endpoint: WebhookEndpoint, now: datetime) -> None:
    noted = endpoint.succeeded_at
    if endpoint.failing_since is None and noted is not None and now - noted < SUCCESS_NOTED_EVERY:
        return
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        succeeded_at=now, failing_since=None, failures=0, retry_at=None
    )


def _note_failure(endpoint: WebhookEndpoint, now: datetime, answer: Answer) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.retry_at = now + _back_off(endpoint.failures, LONGEST_REST)
    if answer.status == GONE:
        endpoint.state = WebhookEndpoint.State.DISABLED
        endpoint.reason = "It answered 410 Gone: it wants no more."
    elif now - endpoint.failing_since > DISABLED_AFTER:
        endpoint.state = WebhookEndpoint.State.DISABLED
        what = answer.error or f"status {answer.status}"
        endpoint.reason = f"Every attempt of {DISABLED_AFTER.days} days failed, the last with: {what}"[:500]
    if endpoint.state == WebhookEndpoint.State.DISABLED:
        logger.warning("A webhook endpoint was disabled", endpoint=endpoint.pk, reason=endpoint.reason)
    endpoint.save(update_fields=("failures", "failing_since", "retry_at", "state", "reason"))


def _wait(tries: int, answer: Answer) -> timedelta:
    """Return how long to wait after a failure; a receiver that names a longer time gets it, within our longest."""
    asked = answer.retry_after
    named = timedelta()
    if asked.isascii() and asked.isdigit():
        # A stranger's number may have any length; Python refuses to read those of thousands of digits.
        named = timedelta(seconds=int(asked)) if len(asked) <= LONGEST_ASKED else LONGEST_WAIT
    return min(max(_back_off(tries, LONGEST_WAIT), named), LONGEST_WAIT)


def _back_off(tries: int, longest: timedelta) -> timedelta:
    doubled: timedelta = FIRST_WAIT * 2 ** min(tries - 1, 20)
    return min(doubled, longest) * random.uniform(1 - JITTER, 1 + JITTER)


def is_anything_due() -> bool:
    """Return whether a worker would find something to do."""
    waiting = WebhookDelivery.objects.filter(
        Q(endpoint__retry_at=None) | Q(endpoint__retry_at__lte=timezone.now()),
        state=WebhookDelivery.State.WAITING,
        due_at__lte=timezone.now(),
        endpoint__state=WebhookEndpoint.State.ACTIVE,
    )
    return waiting.exists()


def is_sending() -> bool:
    """Return whether deliveries are in some worker's hands."""
    return _held().exists()


def _held() -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(
        state=WebhookDelivery.State.WAITING, is_held=True, due_at__gt=timezone.now()
    )
