"""What follows when usage events arrive: their days are to be rolled up again."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from common.sql import load_sql
from sync.declarations import Effect
from sync.models import Change


def _note(cursor: CursorWrapper) -> None:
    """Note the days that held events are counted on now; new events have none."""
    if _kinds(cursor) - {Change.Kind.CREATED}:
        cursor.execute(load_sql("product", "note_days"))


def _mark(cursor: CursorWrapper) -> None:
    kinds = _kinds(cursor)
    created = Change.Kind.CREATED in kinds
    if kinds - {Change.Kind.CREATED}:
        cursor.execute(load_sql("product", "note_moved"))
        if created:
            cursor.execute(load_sql("product", "note_created"))
        cursor.execute(load_sql("product", "mark_noted"))
        cursor.execute(load_sql("product", "forget_noted"))
    elif created:
        cursor.execute(load_sql("product", "mark_created"))


def _kinds(cursor: CursorWrapper) -> set[str]:
    cursor.execute(load_sql("product", "touched_kinds"))
    return {row[0] for row in cursor.fetchall()}


mark_days_of_events = Effect(_mark, prepare=_note)
