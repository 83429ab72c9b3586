"""What follows when usage events arrive: their days are to be rolled up again."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from common.sql import load_sql
from sync.declarations import Effect


def _note(cursor: CursorWrapper) -> None:
    cursor.execute(load_sql("product", "note_days"))


def _mark(cursor: CursorWrapper) -> None:
    cursor.execute(load_sql("product", "mark_days"))
    cursor.execute(load_sql("product", "forget_noted"))


mark_days_of_events = Effect(_mark, prepare=_note)
