"""Read what the address of a list asks for: whatever is unknown there falls back to the default."""

from __future__ import annotations

from collections.abc import Container

from django.http import QueryDict

LONGEST_TEXT = 200
# All numbers of so many digits fit the keys of rows.
KEY_DIGITS = 18


def read_key(text: str) -> int:
    """Return the key of a row, 0 where the text is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= KEY_DIGITS else 0


def read_text(params: QueryDict, name: str = "q", *, longest: int = LONGEST_TEXT) -> str:
    """Return what was typed, without what a database can't hold, cut to ``longest`` characters."""
    return params.get(name, "").replace("\x00", "").strip()[:longest]


def read_choice(params: QueryDict, name: str, choices: Container[str], default: str = "") -> str:
    """Return the choice asked for where it is one of ``choices``."""
    asked = params.get(name, "")
    return asked if asked in choices else default
