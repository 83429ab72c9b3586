"""Wake the relay when something was written, so that receivers needn't wait for its next turn."""

from __future__ import annotations

import threading
import time

import structlog
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)

# The schedule wakes the relay every few seconds in any case; this is for those that can't wait, and a busy intake
# needn't call for each of its batches.
AT_MOST_EVERY = 1.0
REST_AFTER_FAILURE = 60.0
_not_before = 0.0


def wake_relay_on_commit() -> None:
    """Wake the relay once the transaction is committed; without one, now. Never waits, never fails."""
    transaction.on_commit(_wake_relay, robust=True)


def _wake_relay() -> None:
    global _not_before  # noqa: PLW0603 - one number of this process
    now = time.monotonic()
    if now < _not_before:
        return
    _not_before = now + AT_MOST_EVERY
    # Beside the caller: where the broker is away, asking it took 7 seconds.
    threading.Thread(target=_call_worker, name="wake-relay", daemon=True).start()


def _call_worker() -> None:
    global _not_before  # noqa: PLW0603
    from sync.tasks import relay_webhooks

    try:
        relay_webhooks.apply_async(retry=False)
    except (KombuError, RedisError, OSError) as error:
        _not_before = time.monotonic() + REST_AFTER_FAILURE
        logger.warning("The relay could not be woken; its next turn comes by schedule", error=str(error))
