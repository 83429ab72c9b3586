"""Every part of the configuration with who changed it last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from common.export import Table, table_of
from people.access import Access
from people.configuration.history import Asked, Save, read_saves
from people.configuration.registry import ConfigSection, sections

# The newest saves may have changed nothing that is shown.
LOOKED_AT = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A section with its page, its history and its last change, None where nobody has changed it.

    ``closed`` says why a reader doesn't see these; its last change is None then too.
    """

    section: ConfigSection
    url: str
    history_url: str
    last: Save | None
    closed: str = ""

    @property
    def is_in_files(self) -> bool:
        """Whether ``manage.py config`` writes and reads it."""
        return self.section.file is not None


def settings_parts(access: Access) -> list[Part]:
    """Return every section by its label; a few queries for each table whose history is kept and may be read."""
    return [_part(section, access) for section in sorted(sections, key=lambda each: each.label.casefold())]


def settings_table(parts: Sequence[Part]) -> Table:
    """Return the sections as a table for a file."""
    return table_of(
        "settings",
        parts,
        [
            ("section", "Section", lambda part: part.section.label),
            ("changed_at", "Last changed", lambda part: part.last and part.last.at),
            ("changed_by", "By", lambda part: part.last.author if part.last else ""),
            (
                "change",
                "What changed",
                lambda part: part.closed or ([str(line) for line in part.last.lines] if part.last else []),
            ),
            ("in_files", "In files", lambda part: part.is_in_files),
        ],
    )


def _part(section: ConfigSection, access: Access) -> Part:
    if section.category is not None and not access.allows(section.category):
        return Part(
            section=section, url="", history_url="", last=None, closed=access.why_not(section.category)
        )
    audit = reverse("people:configuration")
    return Part(
        section=section,
        url=reverse(section.url_name) if section.url_name else "",
        history_url=f"{audit}?section={section.key}" if section.tracks else "",
        last=_last(section),
    )


def _last(section: ConfigSection) -> Save | None:
    if not section.tracks:
        return None
    saves, _ = read_saves(Asked([section]), size=LOOKED_AT)
    return saves[0] if saves else None
