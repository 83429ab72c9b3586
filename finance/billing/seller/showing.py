"""The seller's particulars as pages and files show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from common.export import Table, table_of
from finance.billing.seller.terms import LABELS, differences
from finance.models import SellerParticulars


@dataclass(frozen=True, slots=True)
class Told:
    """One version, and what it says otherwise than the one that it was written from."""

    version: SellerParticulars
    differences: list[str]
    is_in_effect: bool


def history_of(day: date) -> list[Told]:
    """Return every version, the newest first; two queries."""
    versions = SellerParticulars.objects.select_related("author", "published_by").newest_first()
    now = SellerParticulars.objects.on(day)
    held = {one.pk: one for one in versions}
    return [
        Told(one, differences(held.get(one.based_on_id or 0), one), now is not None and now.pk == one.pk)
        for one in held.values()
    ]


def history_table(history: Sequence[Told]) -> Table:
    """Return the versions with all that they say for a file."""
    return table_of(
        "seller-versions",
        history,
        [
            ("version", "Version", lambda told: told.version.version),
            ("state", "State", lambda told: told.version.get_state_display()),
            ("starts_on", "From", lambda told: told.version.starts_on),
            ("ends_on", "First day after", lambda told: told.version.ends_on),
            *((name, label, _of(name)) for name, label in LABELS.items()),
            ("note", "Why", lambda told: told.version.note),
            ("by", "Written by", lambda told: str(told.version.author or "")),
            ("published_by", "Put in effect by", lambda told: str(told.version.published_by or "")),
        ],
    )


def _of(name: str) -> Callable[[Told], Any]:
    return lambda told: getattr(told.version, name)
