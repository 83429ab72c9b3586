"""Exchange rates to the reporting currency, one a month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from demo.company.chance import months_after, rng_for
from demo.company.records import Rate

# What prices and sizes are converted with; the dated rates wander around these.
LIST_RATE = {"USD": 1.0, "EUR": 1.09, "GBP": 1.27}

_MONTHS = 48
_PULL = 0.15  # of the gap to the list rate that a month closes, so that a rate never runs away
_SWING = 0.012


def build_rates(seed: int, today: date) -> list[Rate]:
    """Return dated rates for EUR and GBP from before the first contract until the current month."""
    rates = []
    for currency in ("EUR", "GBP"):
        rng = rng_for(seed, "rates", currency)
        middle = rate = LIST_RATE[currency]
        for back in range(_MONTHS, -1, -1):
            rate += (middle - rate) * _PULL + rng.gauss(0, _SWING) * middle
            rates.append(Rate(currency, months_after(today.replace(day=1), -back), Decimal(f"{rate:.4f}")))
    return rates
