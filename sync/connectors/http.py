"""Calls to a system by HTTPS, with each answer told apart: fine, later, never."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from sync.connectors.errors import (
    MissingPermissionError,
    ObjectGoneError,
    RateLimitedError,
    RefusedError,
    TokenExpiredError,
    UnavailableError,
    without_secrets,
)

TIMEOUT = httpx.Timeout(40.0, connect=10.0)


class Http:
    """JSON over HTTP to one system; redirects aren't followed, so a token goes nowhere else."""

    def __init__(self, vendor: str, base_url: str) -> None:
        self.vendor = vendor
        self.tokens: list[str] = []
        self.client = httpx.Client(base_url=base_url, timeout=TIMEOUT, headers={"User-Agent": "ABE"})

    def close(self) -> None:
        """Let go of connections."""
        self.client.close()

    def authorize(self, value: str) -> None:
        """Send ``value``, such as ``Bearer <token>``, as Authorization from now on; no error quotes it."""
        self.client.headers["Authorization"] = value
        self.tokens.append(value.partition(" ")[2])

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON of a GET; raises a ConnectorError."""
        return self.call("GET", path, params=params)

    def post(self, path: str, *, json: Any = None, data: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON of a POST; raises a ConnectorError."""
        return self.call("POST", path, json=json, data=data)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON that a call is answered with; raises a ConnectorError."""
        try:
            response = self.client.request(method, path, **options)
        except httpx.TimeoutException as error:
            raise UnavailableError(f"{self.vendor} did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(f"{self.vendor} could not be reached: {type(error).__name__}.") from error
        if response.is_success:
            try:
                return response.json()
            except ValueError as error:
                raise UnavailableError(f"{self.vendor} answered with something that is no JSON.") from error
        said = without_secrets(quote_of(response), self.tokens)
        raise error_of(self.vendor, response.status_code, said, response.headers)


def error_of(vendor: str, status: int, said: str, headers: Mapping[str, str]) -> Exception:
    """Return the ConnectorError that an answer of ``status`` stands for."""
    quoted = f" It says: {said}" if said else ""
    if status == 401:
        return TokenExpiredError(f"{vendor} does not accept the sign-in any more.{quoted}")
    if status == 403:
        return MissingPermissionError(
            f"{vendor} refuses this to the account we sign in with.{quoted}",
            "Give it the permissions listed in the set-up, then resume.",
        )
    if status in (404, 410):
        return ObjectGoneError(
            f"{vendor} does not have what was asked for.{quoted}",
            "Check the address and whether the object still exists there; switch the object off if it doesn't.",
        )
    if status == 429:
        return RateLimitedError(
            f"{vendor} asks for fewer calls.{quoted}", retry_after=retry_after(headers.get("Retry-After"))
        )
    if status >= 500 or status in (408, 425):
        return UnavailableError(
            f"{vendor} has trouble (HTTP {status}).{quoted}",
            retry_after=retry_after(headers.get("Retry-After")),
        )
    return RefusedError(
        f"{vendor} refused the call (HTTP {status}).{quoted}", "Check settings and mapping, then resume."
    )


def quote_of(response: httpx.Response) -> str:
    """Return what a refusal says."""
    try:
        body = response.json()
    except ValueError:
        return ""
    return said_in(body)


def said_in(body: Any) -> str:
    """Return the sentence in an error's JSON, whichever of the usual places it stands in."""
    if isinstance(body, list):
        body = body[0] if body else {}
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    for key in ("message", "error_description", "description", "error", "title", "detail"):
        value = body.get(key)
        if isinstance(value, dict):
            return said_in(value)
        if value and isinstance(value, str):
            return value
    return ""


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as seconds or as a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
