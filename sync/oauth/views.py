"""``POST /oauth/token/``: RFC 6749, section 4.4."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from oauthlib.oauth2 import BackendApplicationServer, OAuth2Error

from common.rates import Rate, add_rate_headers, count_call
from sync.models import ClientCredential
from sync.oauth.validator import CredentialValidator, basic_pair
from sync.services.credentials import ACCESS_TOKEN_SECONDS
from sync.services.tokens import new_secret

FORM = "application/x-www-form-urlencoded"
LARGEST_BODY = 16_384

logger = logging.getLogger(__name__)


@csrf_exempt
@login_not_required
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a client id and secret for a bearer token; errors are those of RFC 6749, section 5.2.

    So many calls a minute for each client id and address; 429 beyond. Nothing of it may be stored on the way.
    """
    if request.method != "POST":
        return _error(405, "invalid_request", "Send a POST.", {"Allow": "POST"})
    if request.content_type != FORM:
        return _error(400, "invalid_request", f"Send {FORM}.")
    try:
        body = request.body.decode("ascii") if _length(request) <= LARGEST_BODY else None
    except (UnicodeDecodeError, RequestDataTooBig):
        body = None
    if body is None or "%00" in body:
        return _error(400, "invalid_request", "The body is no form of up to 16 KiB.")
    if request.META.get("QUERY_STRING"):
        return _error(400, "invalid_request", "Parameters belong into the body, not into the address.")
    rate = _rate(request, body)
    if rate is not None and rate.is_exceeded:
        answer = _error(
            429,
            "temporarily_unavailable",
            "Too many calls; a token is good for an hour.",
            {"Retry-After": str(rate.reset)},
        )
    else:
        answer = _answer(request, body)
    add_rate_headers(answer, rate)
    return answer


def _answer(request: HttpRequest, body: str) -> HttpResponse:
    headers = {"Authorization": request.headers.get("Authorization", "")}
    try:
        given, text, status = _server().create_token_response(request.path, "POST", body, headers)
    except OAuth2Error as error:
        given, text, status = error.headers, error.json, error.status_code
    except ClientCredential.DoesNotExist:  # revoked a moment ago
        return _error(401, "invalid_client", "The client is not known here.", CHALLENGE)
    if status == 401:
        given = {**given, **CHALLENGE}
    return _plain(text.encode(), status, given)


# oauthlib challenges with Bearer, but a client signs in here with its secret.
CHALLENGE = {"WWW-Authenticate": 'Basic realm="oauth", charset="UTF-8"'}


def _rate(request: HttpRequest, body: str) -> Rate | None:
    named = dict(parse_qsl(body)).get("client_id", "")
    key = basic_pair(request.headers.get("Authorization", ""))[0] or named
    caller = hashlib.sha256(f"{request.META.get('REMOTE_ADDR', '')} {key}".encode()).hexdigest()[:32]
    return count_call(f"oauth:{caller}", settings.OAUTH_RATE)


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else LARGEST_BODY + 1


@cache
def _server() -> Any:
    return BackendApplicationServer(
        CredentialValidator(),
        token_generator=lambda _: new_secret(),
        token_expires_in=ACCESS_TOKEN_SECONDS,
    )


def _error(
    status: int, code: str, description: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    body = msgspec.json.encode({"error": code, "error_description": description})
    return _plain(body, status, headers or {})


def _plain(body: bytes, status: int, headers: Mapping[str, str]) -> HttpResponse:
    response = HttpResponse(body, status=status)
    for name, value in headers.items():
        response[name] = value
    response["Content-Type"] = "application/json"
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response
