"""What follows when contracts arrive: their accounts' revenue is to be rolled up again.

Both sides of a move are marked: the account that a contract leaves, and the one it comes to.
"""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from common.sql import load_sql
from sync.declarations import Effect


def _mark(by: str) -> Effect:
    def note(cursor: CursorWrapper) -> None:
        cursor.execute(load_sql("finance", f"note_by_{by}"))

    def mark(cursor: CursorWrapper) -> None:
        cursor.execute(load_sql("finance", f"mark_by_{by}"))
        cursor.execute(load_sql("finance", "forget_noted"))

    return Effect(mark, prepare=note)


mark_accounts_of_contracts = _mark("contract")
mark_accounts_of_lines = _mark("line")
