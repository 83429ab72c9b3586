"""Who calls the API: a client with a bearer token, or a signed-in person who reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sync.models import ApiToken, Client
from sync.throttling import TokenThrottle

SAFE = ("GET", "HEAD", "OPTIONS")


def digest_of(secret: str) -> bytes:
    """Return what is stored of a token. Its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """The user of a request made with a token: a client, reading with its token's function."""

    client: Client
    function: str

    is_authenticated = True
    is_anonymous = False
    is_active = True
    time_zone = ""

    @property
    def pk(self) -> None:
        """A client is no person: nothing may be stored as done by a user."""
        return


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        """Return the principal and its token; None without a bearer token.

        Raises AuthenticationFailed (401) for a token that is unknown, expired or revoked. Notes the use
        at most once a minute.
        """
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Send the token as: Authorization: Bearer <token>.")
        return self.identify(parts[1])

    def identify(self, secret: bytes) -> tuple[Any, ApiToken]:
        """Return the principal and the token of a secret; raises as ``authenticate`` does."""
        token = (
            ApiToken.objects.select_related("client__source", "credential")
            .filter(digest=hashlib.sha256(secret).digest())
            .first()
        )
        if token is None:
            raise AuthenticationFailed("The token is not known here.")
        now = timezone.now()
        if token.revoked_at is not None:
            raise AuthenticationFailed("The token has been revoked.")
        if token.expires_at is not None and token.expires_at <= now:
            raise AuthenticationFailed("The token has expired.")
        minute_ago = now - timedelta(minutes=1)
        if token.last_used_at is None or token.last_used_at < minute_ago:
            unnoted = Q(last_used_at=None) | Q(last_used_at__lt=minute_ago)
            ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
        return ServicePrincipal(token.client, token.function), token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes a missing login a 401."""
        return 'Bearer realm="api"'


def allows(scopes: list[str], scope: str, action: str) -> bool:
    """Return whether ``scopes`` hold ``scope:action``, by name or by ``*``."""
    return f"{scope}:{action}" in scopes or f"*:{action}" in scopes


class HasScope(BasePermission):
    """A token needs the scope that the view names for the method; a signed-in person may only read.

    A view names its scope as ``scope`` (``accounts``); one without asks only for a login.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return False (401 or 403) with the missing scope as the message."""
        action = "read" if request.method in SAFE else "write"
        if isinstance(request.auth, ApiToken):
            scope = getattr(view, "scope", "")
            if not scope or allows(request.auth.scopes, scope, action):
                return True
            # The framework counts only calls that are let in; refused ones have to count too.
            throttle = TokenThrottle()
            if not throttle.allow_request(request, view):
                raise Throttled(throttle.wait())
            self.message = f"The token lacks the scope {scope}:{action}."
            return False
        self.message = "Writing needs a token; a signed-in person can only read here."
        return bool(request.user and request.user.is_authenticated) and action == "read"
