"""RFC 9457: every error under /api/ is ``application/problem+json``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.views import set_rollback

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "/api/docs/#problem-"

logger = logging.getLogger(__name__)


class Problem(exceptions.APIException):
    """An error to answer with: a status, a code for programs and a sentence for people."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.text = detail
        self.errors = errors or []
        self.headers = headers or {}
        self.extra = extra or {}


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[Any] | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Return the answer for an error."""
    body = {
        "type": TYPE_PREFIX + code.replace("_", "-"),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors or [],
        **(extra or {}),
    }
    return HttpResponse(
        msgspec.json.encode(body), status=status, content_type=CONTENT_TYPE, headers=dict(headers or {})
    )


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Turn whatever a view raised into a problem; what nobody foresaw is logged and answered with 500."""
    set_rollback()
    if isinstance(error, Problem):
        return problem_response(
            error.status_code,
            error.code,
            error.text,
            errors=error.errors,
            headers=error.headers,
            extra=error.extra,
        )
    if isinstance(error, Http404):
        return problem_response(404, "not_found", str(error) or "There is nothing at this address.")
    if isinstance(error, PermissionDenied):
        return problem_response(403, "forbidden", str(error) or "This is not allowed.")
    if isinstance(error, RequestDataTooBig):
        return too_large()
    if isinstance(error, SuspiciousOperation):
        return problem_response(400, "bad_request", "The request is not well formed.")
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("The database did not answer", exc_info=error)
        detail = "The database did not answer. Nothing was written; try again."
        return problem_response(503, "unavailable", detail, headers={"Retry-After": "5"})
    request = context.get("request")
    logger.error("Unforeseen error at %s", getattr(request, "path", "?"), exc_info=error)
    return problem_response(
        500, "server_error", "Something failed here. Nothing was written; it has been logged."
    )


def too_large() -> HttpResponse:
    """Return the answer to a body over the limit."""
    return problem_response(
        413, "body_too_large", "A body may take up to 64 MiB, also after decompression. Split it."
    )


@csrf_exempt
def not_found(request: HttpRequest, path: str = "") -> HttpResponse:
    """Answer an address under /api/ that nothing serves."""
    detail = f"Nothing is served at {request.path}."
    if not request.path.endswith("/"):
        detail += " Addresses end with a slash."
    return problem_response(404, "not_found", detail)


def _from_framework(error: exceptions.APIException) -> HttpResponse:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    detail = error.detail if isinstance(error.detail, str) else "The request is not valid."
    errors = [] if isinstance(error.detail, str) else [error.detail]
    code = str(error.get_codes()) if isinstance(error.get_codes(), str) else "invalid"
    return problem_response(error.status_code, code, str(detail), errors=errors, headers=headers)
