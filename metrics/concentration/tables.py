"""What the page of concentration shows, as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from django.conf import settings

from common.export import Table, table_of
from metrics.concentration.numbers import Counted
from metrics.concentration.reading import NAMES, OVER_LABELS, Holder, Past, Place

LABELS = {
    "top_1": "Largest",
    "top_5": "Largest 5",
    "top_10": "Largest 10",
    "top_fifth": "Top 20%",
    "hhi": "HHI",
}


def holders_table(holders: Sequence[Holder], counted: Counted, day: date | None) -> Table:
    """Return the largest holders with what they hold together."""
    return table_of(
        f"largest-{counted}s",
        holders,
        (
            ("place", "Place", lambda row: row.place),
            ("id", "Account id", lambda row: row.account_id),
            ("name", "Account" if counted == "account" else "Company at the top", lambda row: row.name),
            ("tier", "Tier", lambda row: row.tier["label"] if row.tier else ""),
            ("accounts", "Accounts that pay", lambda row: row.members),
            ("arr", f"ARR ({settings.REPORTING_CURRENCY})", lambda row: row.arr),
            ("share", "Share", lambda row: _exact(row.share)),
            ("cumulated", "Share with all above", lambda row: _exact(row.cumulated)),
            ("as_of", "Day", lambda _: day),
        ),
    )


def places_table(places: Sequence[Place], over: str, day: date | None) -> Table:
    """Return where revenue lies, and how concentrated it is inside."""
    return table_of(
        f"arr-by-{over.replace('_', '-')}",
        places,
        (
            ("key", "Key", lambda row: row.key),
            ("segment", OVER_LABELS[over], lambda row: row.label),
            ("arr", f"ARR ({settings.REPORTING_CURRENCY})", lambda row: row.arr),
            ("share", "Share", lambda row: row.share),
            ("accounts", "Accounts", lambda row: row.accounts),
            (
                "top_1",
                "Largest account of it",
                lambda row: row.inside.values["top_1"] if row.inside else None,
            ),
            (
                "top_fifth",
                "Its top 20% of accounts",
                lambda row: row.inside.values["top_fifth"] if row.inside else None,
            ),
            ("hhi", "HHI of its accounts", lambda row: row.inside.values["hhi"] if row.inside else None),
            ("as_of", "Day", lambda _: day),
        ),
    )


def past_table(past: Sequence[Past], counted: Counted) -> Table:
    """Return the figures of the last stored day of each month."""
    return table_of(
        f"concentration-of-{counted}s-by-month",
        past,
        (
            ("as_of", "Day", lambda row: row.day),
            *((name, LABELS[name], _figure(name)) for name in NAMES),
        ),
    )


def _figure(name: str) -> Callable[[Past], Decimal | None]:
    return lambda row: row.values.get(name)


def _exact(share: Decimal) -> Decimal:
    return round(share, 6)
