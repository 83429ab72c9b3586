"""What can go wrong while pulling, in words for whoever set the connection up, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

HIDDEN = "•••"
LONGEST_TOLD = 500


class ConnectorError(Exception):
    """Something went wrong; ``remedy`` says what a person can do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class RecoverableError(ConnectorError):
    """It goes by itself: try again, not before ``retry_after`` seconds where the system named a time."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, "Nothing to do: it is tried again by itself.")
        self.retry_after = retry_after


class RateLimitedError(RecoverableError):
    """The system wants fewer calls."""


class UnavailableError(RecoverableError):
    """The system is down, slow or out of reach."""


class UnrecoverableError(ConnectorError):
    """Only a person can mend it, so asking again would only annoy the system."""


class BadCredentialsError(UnrecoverableError):
    """The system doesn't know us."""


class MissingPermissionError(UnrecoverableError):
    """The system knows us and says no."""


class ObjectGoneError(UnrecoverableError):
    """What was asked for isn't there any more."""


class RefusedError(UnrecoverableError):
    """The system doesn't understand what it was asked."""


class TokenExpiredError(ConnectorError):
    """The token worked once and doesn't any more."""


class CursorExpiredError(ConnectorError):
    """The system no longer takes this cursor."""


class InterruptedRunError(Exception):
    """The connection was paused, reset, deleted or taken over while a page was under way."""


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with every secret in it hidden, since systems like to quote what they refuse."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def told(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` as people may read it; cut only once nothing secret is left in it that a cut could halve."""
    text = without_secrets(text, secrets)
    return text if len(text) <= LONGEST_TOLD else f"{text[: LONGEST_TOLD - 1]}…"
