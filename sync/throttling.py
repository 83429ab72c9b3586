"""How often a token may call."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.rates import MINUTE, Rate, add_rate_headers, count_call
from sync.models import ApiToken


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
