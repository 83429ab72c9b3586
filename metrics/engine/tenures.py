"""Keep the time that accounts spend in tiers, as the source of tiers changes."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from metrics.statements import load


@transaction.atomic
def keep_tenures(as_of: date, first: int, last: int) -> int:
    """Bring the tenures of a slice of accounts up to their present tier; return the rows written.

    An account's first tenure is open at its start. On a change the running tenure ends at ``as_of``, from
    which day the new one runs, and the change is told to other systems. Call only for the newest day: tenures
    never change backward.
    """
    parts = {"as_of": as_of, "first": first, "last": last}
    load("metrics", "tenures_changed", **parts).execute()
    names = ("tenures_first", "tenures_correct", "tenures_close", "tenures_open")
    return sum(load("metrics", name, **parts).execute() for name in names)
