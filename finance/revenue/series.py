"""Revenue as series for charts: the movements of months, summed and with gaps filled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.cache import cache

from accounts.lenses.memo import read_once
from accounts.models import Account
from common.periods import months_until
from finance.revenue.movements import KINDS, Movement, movements
from finance.revenue.positions import currencies_without_rate

ZERO = Decimal(0)
SHOWN_MONTHS = 25
KEPT_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """What led from one ARR to another; end = start + new + expansion + reactivation − contraction − churn.

    In constant currency, so that rates move nothing.
    """

    first: date
    last: date
    start: Decimal
    new: Decimal
    expansion: Decimal
    reactivation: Decimal
    contraction: Decimal
    churn: Decimal
    end: Decimal


@dataclass(frozen=True, kw_only=True)
class Series:
    """ARR at the end of each of ``months``, of the newest on the day asked for, and what moved it.

    ``left_out`` names the currencies without a rate, with the number of accounts whose revenue they keep out.
    """

    months: Sequence[date]
    values: Sequence[Decimal]
    moved: Sequence[Movement]
    left_out: Sequence[tuple[str, int]] = ()

    def bridge(self, count: int) -> Bridge:
        """Return the sum of the movements of the last ``count`` months."""
        first = self.months[-count]
        shown = [movement for movement in self.moved if movement.month >= first]
        return Bridge(
            first=self.months[-count - 1],
            last=self.months[-1],
            start=self.values[-count - 1],
            end=self.values[-1],
            **{kind: _sum(getattr(movement, kind) for movement in shown) for kind in KINDS},
        )


def account_series(account: Account, as_of: date) -> Series:
    """Return two years of one account's ARR at the exchange rates of ``as_of``.

    Two queries, which the panels of a page share.
    """
    return read_once(account, ("finance.series", as_of), lambda: _series(as_of, account.pk))


def company_series(as_of: date) -> Series:
    """Return two years of the ARR of all accounts at the exchange rates of ``as_of``.

    It reads every account's months, so the answer is kept for ten minutes; the roll-up changes once a night.
    """
    key = f"finance.company_series:{as_of.isoformat()}"
    held: Series | None = cache.get(key)
    if held is None:
        held = _series(as_of, None)
        cache.set(key, held, KEPT_SECONDS)
    return held


def _series(as_of: date, account_id: int | None) -> Series:
    months = months_until(as_of, SHOWN_MONTHS)
    moved = movements(months[0], months[-1], account_id=account_id, rates_day=as_of, until=as_of)
    ends = dict.fromkeys(months, ZERO) | {movement.month: movement.end for movement in moved}
    left_out = currencies_without_rate(months[0], as_of, account_id=account_id)
    return Series(
        months=months, values=[ends[month] for month in months], moved=moved, left_out=tuple(left_out)
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)
