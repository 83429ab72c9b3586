"""Sums of nights as people read them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor

from django.conf import settings

from common.formatting import format_date, format_number, format_unit
from metrics.nights.bands import Band

EPOCH = date(1970, 1, 1)
# Adding these up over accounts says nothing.
NOT_ADDED = frozenset({"ratio", "percent", "points", "date", "days", "hours", "minutes"})


def adds_up(unit: str) -> bool:
    """Return whether the sum of a number over accounts means something."""
    return unit not in NOT_ADDED


# A difference beyond so many more decimals isn't worth telling of.
MOST_MORE = 4
DIGIT = re.compile("[1-9]")


def figure_text(value: Decimal, unit: str, *, more: int = 0) -> str:
    """Return a mean or a total with its unit, with so many decimals ``more`` than usual; that of dates as a date."""
    if unit == "date":
        return format_date(EPOCH + timedelta(days=round(value)))
    if unit in ("ratio", "percent"):
        decimals = 1
    elif abs(value) >= 100 or value == value.to_integral_value():
        decimals = 0
    else:
        decimals = 2
    return format_unit(value, unit, decimals + more, settings.REPORTING_CURRENCY)


def above_none(deviation: Decimal, unit: str) -> str:
    """Return how far nights lie apart, with as many decimals as it takes not to read as none where it isn't."""
    more = 0
    while deviation and more < MOST_MORE and not DIGIT.search(figure_text(deviation, unit, more=more)):
        more += 1
    return figure_text(deviation, unit, more=more)


def told_apart(value: Decimal, band: Band, unit: str, *, is_count: bool = False) -> tuple[str, str, str]:
    """Return a value and the ends of its band, with as many decimals as it takes to see that it lies beyond.

    Of a count these are the least and the most that are usual: whole, and not below none.
    """
    if is_count:
        least, most = max(ceil(band.low), 0), floor(band.high)
        return format_number(value, 0), format_number(least, 0), format_number(most, 0)
    beyond = band.high if value > band.high else band.low
    more = 0
    while more < MOST_MORE and figure_text(value, unit, more=more) == figure_text(beyond, unit, more=more):
        more += 1
    told, low, high = (figure_text(one, unit, more=more) for one in (value, band.low, band.high))
    return told, low, high
