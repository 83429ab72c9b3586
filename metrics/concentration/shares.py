"""How unevenly amounts are spread, in plain arithmetic; the database counts the same for the nightly numbers."""

from __future__ import annotations

from decimal import Decimal

# Below this many, "a fifth of them" says nothing: the test of 80/20 isn't defined.
FEWEST = 5
# The share of revenue that the top fifth must hold for working by account to pay (DOMAIN.md, Concentration).
READY_SHARE = Decimal("0.5")
# How the curve is drawn: so many of its points, however many accounts there are.
CURVE_POINTS = 50


def is_concentrated(top_fifth: Decimal | None, holders: int) -> bool | None:
    """Return whether the top fifth holds half or more; None where too few pay for a fifth of them to be anything."""
    if top_fifth is None or holders < FEWEST:
        return None
    return top_fifth >= READY_SHARE
