"""How often somebody may call: so many times in each minute, counted in Valkey, and told in the answer's headers."""

from __future__ import annotations

import logging
import threading
import time
from functools import cache
from typing import NamedTuple

import redis
from django.conf import settings
from django.http import HttpResponse

MINUTE = 60

_making = threading.Lock()

logger = logging.getLogger(__name__)


class Rate(NamedTuple):
    """Where a caller stands: calls allowed in a minute, calls it made, and seconds until the next minute."""

    limit: int
    calls: int
    reset: int

    @property
    def is_exceeded(self) -> bool:
        """Whether the call just counted is one too many."""
        return self.calls > self.limit

    @property
    def left(self) -> int:
        """How many calls are left in this minute."""
        return max(0, self.limit - self.calls)


def count_call(caller: str, limit: int) -> Rate | None:
    """Count a call in the present minute and return where the caller stands; None where the store doesn't answer."""
    now = int(time.time())
    try:
        count = _count(f"abe:rate:{caller}:{now // MINUTE}")
    except redis.RedisError as error:
        logger.warning("The rate of calls could not be counted: %s", error)
        return None
    return Rate(limit, count, MINUTE - now % MINUTE)


def add_rate_headers(response: HttpResponse, rate: Rate | None) -> None:
    """Say where a caller stands: the three headers that most clients know, and the two of the IETF's later draft."""
    if rate is None:
        return
    response["RateLimit-Limit"] = str(rate.limit)
    response["RateLimit-Remaining"] = str(rate.left)
    response["RateLimit-Reset"] = str(rate.reset)
    response["RateLimit-Policy"] = f'"minute";q={rate.limit};w={MINUTE}'
    response["RateLimit"] = f'"minute";r={rate.left};t={rate.reset}'


def _count(key: str) -> int:
    with (
        _making
    ):  # Of two made at once, the cache would drop one, and what is dropped closes its connections.
        store = _store()
    with store.pipeline(transaction=False) as pipeline:
        pipeline.incr(key)
        pipeline.expire(key, 2 * MINUTE)
        return int(pipeline.execute()[0])


@cache
def _store() -> redis.Redis:
    return redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
