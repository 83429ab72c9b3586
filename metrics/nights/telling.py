"""Sums of nights as people read them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings

from common.formatting import format_date, format_unit

EPOCH = date(1970, 1, 1)
# Adding these up over accounts says nothing.
NOT_ADDED = frozenset({"ratio", "percent", "points", "date", "days", "hours", "minutes"})


def adds_up(unit: str) -> bool:
    """Return whether the sum of a number over accounts means something."""
    return unit not in NOT_ADDED


def figure_text(value: Decimal, unit: str) -> str:
    """Return a mean or a total with its unit; that of dates as a date."""
    if unit == "date":
        return format_date(EPOCH + timedelta(days=round(value)))
    if unit in ("ratio", "percent"):
        decimals = 1
    elif abs(value) >= 100 or value == value.to_integral_value():
        decimals = 0
    else:
        decimals = 2
    return format_unit(value, unit, decimals, settings.REPORTING_CURRENCY)
