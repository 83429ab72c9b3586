"""Let the panels and chips of one page share what they read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from accounts.models import Account

Answer = TypeVar("Answer")


def read_once(account: Account, key: tuple[Any, ...], read: Callable[[], Answer]) -> Answer:
    """Return what ``read`` returned the first time for this account object, which lives for one page."""
    held: dict[tuple[Any, ...], Any] = vars(account).setdefault("_read_once", {})
    if key not in held:
        held[key] = read()
    answer: Answer = held[key]
    return answer
