"""Versions as a table for a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from common.export import Table, table_of
from common.versions.models import Version

V = TypeVar("V", bound=Version)


def versions_table(
    name: str, versions: Iterable[V], more: Sequence[tuple[str, str, Callable[[V], Any]]] = ()
) -> Table:
    """Return versions with who published and wrote them, as the page lists them, and what else its kind has.

    ``more`` are columns as ``common.export.table_of`` takes them; they stand ahead of the note.
    """
    return table_of(
        name,
        versions,
        (
            ("version", "Version", lambda one: one.version),
            ("state", "State", lambda one: one.get_state_display()),
            ("published_at", "Published", lambda one: one.published_at),
            ("published_by", "Published by", lambda one: str(one.published_by or "")),
            ("author", "Written by", lambda one: str(one.author or "")),
            *more,
            ("note", "Note", lambda one: one.note),
        ),
    )
