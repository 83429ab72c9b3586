"""Write keys: a token's secret as the user of HTTP Basic, as tracking SDKs send it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any

from django.conf import settings
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from common.rates import count_call
from sync.authentication import TokenAuthentication
from sync.models import ApiToken
from sync.throttling import TokenThrottle


class WriteKeyAuthentication(TokenAuthentication):
    """``Authorization: Basic <secret:>`` with a blank password, or a bearer token as everywhere."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        """Return the principal and its token; None where the call names neither. Raises as its base does."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"basic":
            return super().authenticate(request)
        try:
            secret, _, password = b64decode(parts[1], validate=True).partition(b":")
        except (IndexError, binascii.Error):
            secret = password = b""
        if not secret or password:
            raise AuthenticationFailed("Send the write key as the user of Basic, with a blank password.")
        return self.identify(secret)

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes a missing login a 401."""
        return 'Basic realm="tracking"'


class TrackingThrottle(TokenThrottle):
    """At most so many calls of a write key in a minute: the token's own limit, or else ``TRACKING_RATE``."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Count the call and note the limit for the answer's headers; False over the limit."""
        token = request.auth
        if not isinstance(token, ApiToken):
            return True
        self.rate = count_call(f"tracking:{token.pk}", token.rate or settings.TRACKING_RATE)
        if self.rate is None:
            return True
        request._request.abe_rate = self.rate  # type: ignore[attr-defined]  # noqa: SLF001 - the middleware reads it
        return not self.rate.is_exceeded
