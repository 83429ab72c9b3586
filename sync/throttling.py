"""How often a token may call: so many times in each minute, counted in Valkey."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from sync.models import ApiToken

MINUTE = 60

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


class TokenThrottle(BaseThrottle):
    """At most so many calls of a token in a minute; people who are signed in aren't counted.

    The limit is the token's own, that of its OAuth credential, whose tokens are counted together, or else
    ``API_RATE``. The count is one round trip. Where the store doesn't answer, calls are let through: a lost
    cache must not stop a sync.
    """

    def __init__(self) -> None:
        self.rate: Rate | None = None

    def allow_request(self, request: Request, view: object) -> bool:
        """Count the call and note the limit for the answer's headers; False over the limit."""
        token = request.auth
        if not isinstance(token, ApiToken):
            return True
        credential = token.credential
        limit = token.rate or (credential.rate if credential else None) or settings.API_RATE
        self.rate = count_call(f"c{credential.pk}" if credential else str(token.pk), limit)
        if self.rate is None:
            return True
        request._request.abe_rate = self.rate  # type: ignore[attr-defined]  # noqa: SLF001 - the middleware reads it
        return not self.rate.is_exceeded

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return self.rate.reset if self.rate else MINUTE


class RateHeadersMiddleware:
    """Tell on every answer to a token, refusals included, how many calls are left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers where the call was counted."""
        response = self.get_response(request)
        add_rate_headers(response, getattr(request, "abe_rate", None))
        return response


def add_rate_headers(response: HttpResponse, rate: Rate | None) -> None:
    """Say where a caller stands: the three headers that most clients know, and the two of the IETF's later draft."""
    if rate is None:
        return
    response["RateLimit-Limit"] = str(rate.limit)
    response["RateLimit-Remaining"] = str(rate.left)
    response["RateLimit-Reset"] = str(rate.reset)
    response["RateLimit-Policy"] = f'"minute";q={rate.limit};w={MINUTE}'
    response["RateLimit"] = f'"minute";r={rate.left};t={rate.reset}'


def count_call(caller: str, limit: int) -> Rate | None:
    """Count a call in the present minute and return where the caller stands; None where the store doesn't answer."""
    now = int(time.time())
    try:
        count = _count(f"abe:rate:{caller}:{now // MINUTE}")
    except redis.RedisError as error:
        logger.warning("The rate of calls could not be counted: %s", error)
        return None
    return Rate(limit, count, MINUTE - now % MINUTE)


def _count(key: str) -> int:
    with _store().pipeline(transaction=False) as pipeline:
        pipeline.incr(key)
        pipeline.expire(key, 2 * MINUTE)
        return int(pipeline.execute()[0])


@cache
def _store() -> redis.Redis:
    return redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
