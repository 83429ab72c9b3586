"""What a price comes to between two days, to the smallest unit of its currency: pure, without a database.

By months first, then by days: a whole month of an account's bill day costs its share of the price (a twelfth of a
yearly one), and a part of a month its days ÷ the days of that month. So a whole quarter or year is the price itself,
and 10.00 a month from 5 March to the end of the month is 10.00 × 27 ÷ 31 = 8.71. Prices by the week or day are counted
by days throughout.

Amounts are rounded half up, once: what was charged up to a day is the rounded price of all the time up to it, and a
part is the difference of two such sums. So parts add up to the whole however it is cut, and none is negative.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from common.formatting import NO_MINOR_UNIT

MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
DAYS = {"day": 1, "week": 7}
ONE_OFF = "one_off"
FIRST_MONTH, LAST_MONTH = 12, 9999 * 12 + 11
HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Price:
    """What somebody pays: ``amount`` for one ``period`` (of ``BillingPeriod``), from the first day ``since`` on.

    The amount isn't negative, before ``discount_percent``. Usage has no price of its own: it comes to nothing here.
    """

    amount: Decimal
    period: str
    since: date
    currency: str
    discount_percent: Decimal = Decimal(0)

    def between(self, start: date, end: date, bill_day: int = 1) -> Decimal:
        """Return what the days from ``start`` to before ``end`` cost; nothing where there are none."""
        first, last = max(start, self.since), max(end, self.since)
        if first >= last:
            return self._money(0)
        return self._until(last, bill_day) - self._until(first, bill_day)

    def _until(self, day: date, bill_day: int) -> Decimal:
        """Return the rounded price of all time up to ``day``, from the start of the first month on."""
        net = Fraction(self.amount) * (100 - Fraction(self.discount_percent)) / 100
        if self.period in MONTHS:
            months = months_until(day, bill_day) - month_of(self.since, bill_day)
            return self._money(_rounded(net * months / MONTHS[self.period], self.currency))
        days = (day - self.since).days
        if self.period in DAYS:
            return self._money(_rounded(net * days / DAYS[self.period], self.currency))
        return self._money(_rounded(net, self.currency) if self.period == ONE_OFF and days > 0 else 0)

    def _money(self, units: int) -> Decimal:
        return Decimal(units).scaleb(-decimals_of(self.currency))


def decimals_of(currency: str) -> int:
    """Return how many decimals amounts of a currency have."""
    return 0 if currency in NO_MINOR_UNIT else 2


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Return an amount in the smallest unit of its currency, halves away from zero."""
    units = _rounded(abs(Fraction(amount)), currency)
    return Decimal(units if amount >= 0 else -units).scaleb(-decimals_of(currency))


def month_of(day: date, bill_day: int) -> int:
    """Return the number of the bill month that ``day`` lies in; months are counted from year 0."""
    number = day.year * 12 + day.month - 1
    return number if day >= month_begins(number, bill_day) else number - 1


def month_begins(number: int, bill_day: int) -> date:
    """Return the first day of a bill month.

    A bill day that the month lacks is its last day: the 31st, then 28 or 29 February, then the 31st again.
    """
    number = min(max(number, FIRST_MONTH), LAST_MONTH)
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(bill_day, monthrange(year, month)[1]))


def months_until(day: date, bill_day: int) -> Fraction:
    """Return how many bill months have passed before ``day``, a month begun by its days."""
    number = month_of(day, bill_day)
    begins, ends = month_begins(number, bill_day), month_begins(number + 1, bill_day)
    if day <= begins or begins == ends:  # the ends of the calendar
        return Fraction(number)
    return number + Fraction((day - begins).days, (ends - begins).days)


def _rounded(amount: Fraction, currency: str) -> int:
    scale: int = 10 ** decimals_of(currency)
    scaled = amount * scale + HALF
    return scaled.numerator // scaled.denominator
