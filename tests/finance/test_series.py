"""Revenue as charts show it: it ends on the day looked at and knows nothing later."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Account
from finance.revenue.movements import KINDS
from finance.revenue.series import Series, account_series, company_series
from tests.metrics.facts import follow_revenue, make_account, make_line, make_rate, measure

pytestmark = pytest.mark.django_db

INSIDE = date(2026, 10, 10)
REFRESHED = date(2026, 11, 20)


def identity(series: Series) -> Decimal:
    """Return by how much the bridge of twelve months is off."""
    bridge = series.bridge(12)
    up = sum(getattr(bridge, kind) for kind in KINDS[:3])
    return bridge.end - (bridge.start + up - bridge.contraction - bridge.churn)


def read(account: Account, as_of: date) -> Series:
    return account_series(Account.objects.get(pk=account.pk), as_of)


@pytest.mark.parametrize("as_of", [INSIDE, date(2026, 10, 31), date(2026, 3, 1), REFRESHED])
def test_the_series_ends_with_the_arr_of_the_day(as_of: date) -> None:
    leaving, coming, kept = (make_account() for _ in range(3))
    make_line(leaving, date(2025, 1, 1), date(2026, 10, 20), amount=5000)
    make_line(coming, date(2026, 10, 20), amount=700)
    make_line(kept, date(2026, 3, 1), amount="1000.01", currency="EUR")
    make_rate("EUR", date(2025, 1, 1), "1.1")
    make_rate("EUR", date(2026, 10, 15), "1.3")
    follow_revenue(REFRESHED)
    arr = measure("finance.arr", as_of)
    assert company_series(as_of).values[-1] == sum(arr.values())
    assert identity(company_series(as_of)) == 0
    for account in (leaving, coming, kept):
        series = read(account, as_of)
        assert series.values[-1] == arr.get(account.pk, 0)
        assert identity(series) == 0


def test_churn_later_in_the_month_is_not_known_yet() -> None:
    account = make_account()
    make_line(account, date(2024, 1, 1), date(2026, 10, 20), amount=5000)
    follow_revenue(REFRESHED)
    assert read(account, INSIDE).bridge(12).churn == 0
    assert read(account, date(2026, 10, 20)).bridge(12).churn == 5000


def test_whole_months_before_stay_as_rolled_up() -> None:
    account = make_account()
    make_line(account, date(2026, 8, 5), date(2026, 9, 5))
    make_line(account, date(2026, 9, 20), amount=300)
    follow_revenue(REFRESHED)
    assert list(read(account, INSIDE).values[-4:]) == [0, 1200, 300, 300]
