"""What follows when contracts arrive: what they say now is to be written down as a version."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from common.sql import load_sql
from sync.declarations import Effect


def _mark(by: str) -> Effect:
    def note(cursor: CursorWrapper) -> None:
        cursor.execute(load_sql("finance", f"version_note_by_{by}"))

    def mark(cursor: CursorWrapper) -> None:
        cursor.execute(load_sql("finance", f"version_mark_by_{by}"))

    return Effect(mark, prepare=note if by == "line" else None)


record_versions_of_contracts = _mark("contract")
record_versions_of_lines = _mark("line")
