"""How often a token may call: so many times in each minute, counted in Valkey."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from sync.models import ApiToken

MINUTE = 60

logger = logging.getLogger(__name__)


class TokenThrottle(BaseThrottle):
    """At most ``API_RATE`` calls of a token in a minute; people who are signed in aren't counted.

    The count is one round trip. Where the store doesn't answer, calls are let through: a lost cache must not
    stop a sync.
    """

    def __init__(self) -> None:
        self.left = MINUTE

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the call and note the limit for the answer's headers; False over the limit."""
        token = request.auth
        if not isinstance(token, ApiToken):
            return True
        now = int(time.time())
        self.left = MINUTE - now % MINUTE
        try:
            count = _count(f"abe:rate:{token.pk}:{now // MINUTE}")
        except redis.RedisError as error:
            logger.warning("The rate of calls could not be counted: %s", error)
            return True
        limit: int = settings.API_RATE
        request.rate = (limit, max(0, limit - count), self.left)  # type: ignore[attr-defined]
        return count <= limit

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return self.left


def add_rate_headers(request: Request, response: HttpResponse) -> None:
    """Tell a token's client how many calls it has left, and for how many seconds that holds."""
    rate = getattr(request, "rate", None)
    if rate:
        limit, remaining, reset = rate
        response["RateLimit-Limit"] = str(limit)
        response["RateLimit-Remaining"] = str(remaining)
        response["RateLimit-Reset"] = str(reset)


def _count(key: str) -> int:
    with _store().pipeline(transaction=False) as pipeline:
        pipeline.incr(key)
        pipeline.expire(key, 2 * MINUTE)
        return int(pipeline.execute()[0])


@cache
def _store() -> redis.Redis:
    return redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
