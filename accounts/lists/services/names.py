"""Names and texts as people type them."""

from __future__ import annotations

from accounts.lists.errors import ListRefused
from accounts.lists.models import LONGEST_NAME

LONGEST_TEXT = 500


def clean_name(text: str) -> str:
    """Return a name without superfluous blanks; raises ListRefused at ``name``."""
    name = " ".join(clean_text(text, longest=10_000).split())
    if not name:
        raise ListRefused("Give it a name.", field="name")
    if len(name) > LONGEST_NAME:
        raise ListRefused(f"The name has {len(name)} letters. Use at most {LONGEST_NAME}.", field="name")
    return name


def clean_text(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return a text that can be stored, cut where it is too long."""
    return text.encode(errors="ignore").decode().replace("\x00", "").strip()[:longest]
