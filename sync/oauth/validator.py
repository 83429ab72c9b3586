"""What oauthlib asks about a client, answered from our tables."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_plus

from oauthlib.oauth2 import RequestValidator
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from sync.authentication import allows, digest_of
from sync.models import ClientCredential
from sync.services import issue_access_token, known_scopes

KEY = re.compile(r"abec_[0-9a-f]{24}")


class Caller:
    """The client of a request, as oauthlib looks at it."""

    def __init__(self, credential: ClientCredential) -> None:
        self.credential = credential
        self.client_id = credential.key


class CredentialValidator(RequestValidator):  # type: ignore[misc]  # oauthlib comes without types
    """Client credentials only: no users, no refresh tokens, nothing to redirect to."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Return whether id and secret, sent by HTTP Basic or in the body, are those of a live credential.

        Raises InvalidRequestError where both ways are used, which RFC 6749 forbids.
        """
        header = request.headers.get("Authorization", "")
        key, secret = request.client_id, request.client_secret
        if header:
            if secret is not None:
                raise InvalidRequestError("Send the client secret once, in the header or in the body.")
            named = key
            key, secret = basic_pair(header)
            if named not in (None, "", key):
                return False
        if not key or not secret or not KEY.fullmatch(key):
            return False
        held = ClientCredential.objects.filter(key=key, revoked_at=None).select_related("client").first()
        if held is None or not hmac.compare_digest(bytes(held.digest), digest_of(secret)):
            return False
        request.client = Caller(held)
        request.client_id = key
        return True

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Caller, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Return whether the grant is the one that there is."""
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        """Return everything that the credential may ask for."""
        return list(request.client.credential.scopes)

    def validate_scopes(
        self, client_id: str, scopes: Iterable[str], client: Caller, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Return whether each scope is one that exists and lies within those of the credential."""
        known = set(known_scopes())
        return all(
            scope in known and allows(client.credential.scopes, *scope.split(":", 1)) for scope in scopes
        )

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Store the token's digest, as of any other token."""
        issue_access_token(
            credential=request.client.credential, secret=token["access_token"], scopes=request.scopes
        )


def basic_pair(header: str) -> tuple[str, str]:
    """Return id and secret of a Basic header, both form-decoded as RFC 6749 2.3.1 says; empty where there is none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    key, _, secret = text.partition(":")
    return unquote_plus(key), unquote_plus(secret)
