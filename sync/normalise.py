"""Types and forms that many resources share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Email = Annotated[
    str, Meta(max_length=254, pattern=r"^\s*([^@\s]+@[^@\s]+)?\s*$", description="Kept in lower case.")
]


def lower_case(value: str) -> str:
    """Return the value without outer blanks and in lower case, as addresses are compared."""
    return value.strip().lower()


def upper_case(value: str) -> str:
    """Return the value in upper case, as codes are kept."""
    return value.upper()
