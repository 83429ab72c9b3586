"""Text as the database can hold it: systems send what no column takes."""

from __future__ import annotations

from typing import Any

INSTEAD = "\ufffd"


def whole(text: str) -> str:
    """Return ``text`` with each half of a character replaced; JSON may spell one, no other text can hold it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def storable(value: Any) -> Any:
    """Return ``value`` (of JSON's kinds) without U+0000 and half characters, down to the last key."""
    if isinstance(value, str):
        return whole(value.replace("\x00", INSTEAD))
    if isinstance(value, dict):
        return {storable(key): storable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [storable(part) for part in value]
    return value
