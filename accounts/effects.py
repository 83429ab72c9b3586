"""What follows when accounts arrive: set-based work in the transaction of their batch."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from common.sql import load_sql


def give_standing(cursor: CursorWrapper) -> None:
    """Give each new account its row of headline figures, empty but for the tier."""
    cursor.execute(load_sql("accounts", "give_standing"))


def record_tier_tenure(cursor: CursorWrapper) -> None:
    """Note from when on an account has been in the tier that the CRM names.

    The first tier holds since before we knew; a change holds from today on.
    """
    cursor.execute(load_sql("accounts", "close_tier_tenure"))
    cursor.execute(load_sql("accounts", "open_tier_tenure"))
