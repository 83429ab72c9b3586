"""Monthly revenue: every month of accounts that changed, the newest months of all, nothing twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from finance.models import ContractLine, MonthlyRevenue, RevenueToRecompute
from tests.metrics.facts import make_account, make_line, refresh, roll_up

pytestmark = pytest.mark.django_db
KEY = "finance.monthly_revenue"
NOV = date(2026, 11, 20)


def months_of(account: Any) -> dict[date, int]:
    return {
        row.month: int(row.arr)
        for row in MonthlyRevenue.objects.filter(account=account).order_by("month", "currency")
    }


def test_a_marked_account_gets_all_its_months() -> None:
    account = make_account()
    make_line(account, date(2026, 7, 15), date(2026, 10, 31))
    assert roll_up(KEY, NOV) == 3
    assert months_of(account) == {date(2026, month, 1): 1200 for month in (7, 8, 9)}
    assert not RevenueToRecompute.objects.exists()


def test_the_running_month_shows_the_day_of_the_refresh() -> None:
    account = make_account()
    make_line(account, date(2026, 10, 1), date(2026, 11, 15))
    roll_up(KEY, date(2026, 11, 10))
    assert date(2026, 11, 1) in months_of(account)
    roll_up(KEY, NOV)
    assert date(2026, 11, 1) not in months_of(account), "it is redone without any mark"


def test_a_month_is_closed_at_its_end_however_late_the_next_refresh_comes() -> None:
    account = make_account()
    make_line(account, date(2026, 1, 1), date(2026, 8, 25))
    refresh(date(2026, 8, 10))
    assert date(2026, 8, 1) in months_of(account)
    refresh(NOV)
    assert max(months_of(account)) == date(2026, 7, 1)


def test_months_between_two_refreshes_are_filled() -> None:
    account = make_account()
    make_line(account, date(2026, 1, 1))
    refresh(date(2026, 5, 10))
    refresh(NOV)
    assert set(months_of(account)) == {date(2026, month, 1) for month in range(1, 12)}


def test_the_refresh_of_an_earlier_day_leaves_the_running_month_as_it_is() -> None:
    account = make_account()
    make_line(account, date(2026, 1, 1), amount=1200)
    make_line(account, date(2026, 11, 15), amount=600)
    refresh(NOV)
    before = months_of(account)
    refresh(date(2026, 11, 3))
    assert months_of(account) == before
    assert before[date(2026, 11, 1)] == 1800


def test_a_change_in_the_past_is_followed_in_every_month() -> None:
    account, other = make_account(), make_account()
    line = make_line(account, date(2026, 1, 1))
    make_line(other, date(2026, 1, 1))
    refresh(NOV)
    ContractLine.objects.filter(pk=line.pk).update(start_on=date(2026, 6, 1), amount=2400)
    RevenueToRecompute.objects.create(account=account)
    refresh(NOV)
    assert months_of(account) == {date(2026, month, 1): 2400 for month in range(6, 12)}
    assert len(months_of(other)) == 11


def test_currencies_are_kept_apart() -> None:
    account = make_account()
    make_line(account, date(2026, 11, 1), amount=100)
    make_line(account, date(2026, 11, 1), amount=200, currency="EUR")
    roll_up(KEY, NOV)
    assert dict(MonthlyRevenue.objects.values_list("currency", "arr")) == {"EUR": 200, "USD": 100}


def test_rows_that_already_say_the_same_are_not_written() -> None:
    account = make_account()
    make_line(account, date(2026, 1, 1))
    assert roll_up(KEY, NOV) == 11
    RevenueToRecompute.objects.create(account=account)
    assert roll_up(KEY, NOV) == 0


def test_only_accounts_of_the_slice_are_touched() -> None:
    account, other = make_account(), make_account()
    for each in (account, other):
        make_line(each, date(2026, 11, 1))
    from finance.revenue.roll_up import roll_up_revenue

    roll_up_revenue(as_of=NOV, first=account.pk, last=account.pk)
    assert months_of(account)
    assert not months_of(other)
    assert RevenueToRecompute.objects.filter(account=other).exists()


def test_the_number_of_statements_does_not_grow_with_accounts() -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            roll_up(KEY, NOV)
        return len(captured)

    make_line(make_account(), date(2026, 1, 1))
    one = statements()
    for _ in range(5):
        make_line(make_account(), date(2026, 1, 1))
    assert statements() == one
