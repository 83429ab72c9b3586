"""What follows when accounts arrive: set-based work in the transaction of their batch."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from common.sql import load_sql


def give_standing(cursor: CursorWrapper) -> None:
    """Give each new account its row of headline figures, empty but for the tier."""
    cursor.execute(load_sql("accounts", "give_standing"))
