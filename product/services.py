"""Writes of usage roll-ups."""

from __future__ import annotations

from django.db import transaction

from metrics.statements import load


@transaction.atomic
def roll_up_usage(*, first: int, last: int) -> int:
    """Recompute the marked days of accounts ``first`` to ``last`` from raw events; return the rows written.

    Locks the marks in the order of account and day. Events that arrive meanwhile keep or renew their mark,
    so none is lost; the next call counts them.
    """
    load("product", "usage_taken").execute()
    if not load("product", "usage_take", first=first, last=last).execute():
        return 0
    load("product", "usage_analyze").execute()
    load("product", "usage_look_up").execute()
    load("product", "usage_clear_users").execute()
    load("product", "usage_clear_features").execute()
    return load("product", "usage_fill_users").execute() + load("product", "usage_fill_features").execute()
