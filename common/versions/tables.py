"""Versions as a table for a file."""

from __future__ import annotations

from collections.abc import Iterable

from common.export import Table, table_of
from common.versions.models import Version


def versions_table(name: str, versions: Iterable[Version]) -> Table:
    """Return versions with who published and wrote them, as the page lists them."""
    return table_of(
        name,
        versions,
        (
            ("version", "Version", lambda one: one.version),
            ("state", "State", lambda one: one.get_state_display()),
            ("published_at", "Published", lambda one: one.published_at),
            ("published_by", "Published by", lambda one: str(one.published_by or "")),
            ("author", "Written by", lambda one: str(one.author or "")),
            ("note", "Note", lambda one: one.note),
        ),
    )
