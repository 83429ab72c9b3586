"""Rounding of amounts, as people do it by hand and as PostgreSQL does."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

# PostgreSQL's numeric has no such bound; Python's default one refuses amounts beyond 28 digits.
_WIDE = Context(prec=200)
CENT = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """Return an amount to the cent, halves away from zero; never refuses a finite one, never returns minus zero."""
    return _WIDE.plus(amount.quantize(CENT, ROUND_HALF_UP, _WIDE))
