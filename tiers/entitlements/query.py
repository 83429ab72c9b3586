"""What accounts are entitled to, as a statement over all of them."""

from __future__ import annotations

from datetime import date

from metrics.statements import NOTHING, Statement, load
from tiers.entitlements.registry import contract_sources, kinds
from tiers.entitlements.tables import table_in_force


def entitled_spans(key: str, *, as_of: date) -> Statement:
    """Return rows of (account_id, span): the interval that each account was entitled to on a day.

    That is what its contract says, else its tier. Reads the rules in force that day when it is called.
    """
    kind, table = kinds[key], table_in_force(as_of)
    source = contract_sources.get(key)
    return load(
        "tiers",
        "entitled_spans",
        agreed=source.query(as_of).values("account_id", "value") if source else NOTHING,
        day=as_of,
        slugs=list(table.tiers),
        minutes=[table.value(kind, held) for held in table.tiers.values()],
        otherwise=table.value(kind, None),
    )
