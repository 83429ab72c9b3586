"""A paper as plain texts: what any of them is made of."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from common.formatting import format_money
from common.typeset import typeset
from finance.billing.proration import decimals_of

TEMPLATE = Path(__file__).resolve().parent / "paper.typ"
DASH = "\u2013"


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """One table; ``wide`` are the columns that share the room left over, ``totals`` stand below, the last in bold."""

    title: str = ""
    head: tuple[str, ...]
    numeric: tuple[bool, ...]
    wide: tuple[int, ...] = (0,)
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[tuple[str, ...], ...] = ()


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """All that stands on a paper; ``notes`` come before the tables, ``payment`` after them.

    ``seller`` and ``to`` are lines, the name first. Kept as JSON for issued invoices (``Invoice.paper``), so members
    may be added with a default and are never renamed.
    """

    title: str
    author: str
    subtitle: str = ""
    to: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...] = ()
    footer: str = ""
    seller: tuple[str, ...] = ()
    payment: tuple[tuple[str, str], ...] = ()
    page: str = "Page"


def paper_pdf(paper: Paper) -> bytes:
    """Return a paper as a tagged PDF."""
    return typeset(TEMPLATE, msgspec.json.encode(paper).decode())


def amount(value: Decimal, currency: str) -> str:
    """Return an amount to the smallest unit of its currency."""
    return format_money(value, currency, decimals=decimals_of(currency))


def lines_of(parts: Sequence[str]) -> tuple[str, ...]:
    """Return the parts that say something."""
    return tuple(part for part in parts if part)
