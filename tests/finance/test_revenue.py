"""Recurring revenue of a day: which lines count, for how much, in which currency."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Standing
from finance.models import Contract
from finance.querysets import PERIODS_PER_YEAR
from finance.revenue.positions import missing_rates, month_start, year_before
from metrics.models import RefreshStep
from tests.metrics.facts import LAST, TODAY, ago, make_account, make_line, make_rate, measure, refresh

pytestmark = pytest.mark.django_db

CENT = Decimal("0.01")


def mrr_of(**line: Any) -> Decimal | None:
    account = make_account()
    make_line(account, line.pop("start", ago(10)), line.pop("end", None), **line)
    return measure("finance.mrr").get(account.pk)


@pytest.mark.parametrize(
    ("period", "amount", "mrr"),
    [
        ("year", "1200", "100.00"),
        ("half_year", "600", "100.00"),
        ("quarter", "300", "100.00"),
        ("month", "100", "100.00"),
        ("week", "100", "433.33"),
        ("day", "10", "304.38"),
    ],
)
def test_a_recurring_amount_is_brought_to_a_month(period: str, amount: str, mrr: str) -> None:
    assert mrr_of(period=period, amount=amount) == Decimal(mrr)


def test_arr_is_twelve_times_the_unrounded_mrr() -> None:
    account = make_account()
    make_line(account, ago(10), amount="1000")
    assert measure("finance.mrr")[account.pk] == Decimal("83.33")
    assert measure("finance.arr")[account.pk] == Decimal("1000.00")


def test_the_amount_is_for_the_whole_quantity_and_before_the_discount() -> None:
    assert mrr_of(period="month", amount="100", quantity=50, discount_percent="12.5") == Decimal("87.50")


@pytest.mark.parametrize(
    "line",
    [
        {"period": "one_off"},
        {"period": "usage"},
        {"period": "month", "is_trial": True},
        {"period": "month", "amount": 0},
        {"period": "month", "discount_percent": 100},
        {"start": TODAY + timedelta(days=1)},
    ],
)
def test_what_is_not_recurring_or_not_paid_is_no_revenue(line: dict[str, Any]) -> None:
    assert mrr_of(**line) is None


def test_a_line_counts_from_its_first_day_to_the_day_before_its_end() -> None:
    account = make_account()
    make_line(account, ago(10), ago(3), amount=1200)
    counted = {days: measure("finance.arr", ago(days)).get(account.pk) for days in (11, 10, 4, 3)}
    assert counted == {11: None, 10: 1200, 4: 1200, 3: 0}


def test_a_contract_bounds_its_lines_unless_it_renews_by_itself() -> None:
    ended, renewed = make_account(), make_account()
    make_line(ended, ago(400), terms={"end_on": ago(35)})
    make_line(renewed, ago(400), terms={"end_on": ago(35), "auto_renew": True})
    arr = measure("finance.arr")
    assert (arr[ended.pk], arr[renewed.pk]) == (0, 1200)


@pytest.mark.parametrize("what", ["line", "contract", "account"])
def test_what_a_source_has_deleted_does_not_count(what: str) -> None:
    account = make_account()
    line = make_line(account, ago(10))
    gone: Any = {"line": line, "contract": line.contract, "account": account}[what]
    gone.deleted_at = "2026-11-01T00:00:00Z"
    gone.save()
    assert account.pk not in measure("finance.arr")


def test_an_account_that_left_has_zero_and_one_that_never_paid_has_nothing() -> None:
    left, never = make_account(), make_account()
    make_line(left, ago(300), ago(100))
    assert measure("finance.arr") == {left.pk: 0}
    assert never.pk not in measure("finance.mrr")


def test_foreign_money_counts_at_the_latest_rate_on_or_before_the_day() -> None:
    account = make_account()
    make_line(account, ago(100), amount=1000, currency="EUR")
    make_line(account, ago(100), amount=1000)
    make_rate("EUR", ago(50), "1.10")
    make_rate("EUR", ago(5), "1.25")
    make_rate("EUR", TODAY + timedelta(days=1), "9")
    assert measure("finance.arr", ago(6))[account.pk] == Decimal("2100.00")
    assert measure("finance.arr", ago(5))[account.pk] == Decimal("2250.00")


def test_a_missing_rate_gives_no_value_and_is_told() -> None:
    account, other = make_account(), make_account()
    make_line(account, ago(100), currency="SEK")
    make_line(account, ago(100), amount=500)
    make_line(other, ago(100))
    assert measure("finance.arr") == {other.pk: 1200}
    assert "SEK (1 account)" in missing_rates(TODAY, 0, LAST)
    run = refresh()
    assert "SEK" in RefreshStep.objects.get(run=run, key="finance.arr").note
    assert Standing.objects.get(account=account).arr is None


def test_an_ended_line_needs_no_rate() -> None:
    account = make_account()
    make_line(account, ago(100), ago(50), currency="SEK")
    make_line(account, ago(100), amount=500)
    assert measure("finance.arr")[account.pk] == 500
    assert missing_rates(TODAY, 0, LAST) == ""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(sorted(PERIODS_PER_YEAR)),
            st.decimals("0.01", "99999999", places=4),
            st.decimals("0", "99.9999", places=4),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_mrr_is_the_sum_of_its_lines_to_the_cent(lines: list[tuple[str, Decimal, Decimal]]) -> None:
    with transaction.atomic():
        account = make_account()
        contract = Contract.objects.create(account=account, start_on=ago(9), currency="USD")
        for period, amount, discount in lines:
            make_line(
                account, ago(9), None, amount, period=period, contract=contract, discount_percent=discount
            )
        yearly = sum(
            amount * PERIODS_PER_YEAR[period] * (100 - discount) / 100 for period, amount, discount in lines
        )
        wanted = (Decimal(yearly) / 12).quantize(CENT, ROUND_HALF_UP)
        assert measure("finance.mrr")[account.pk] == wanted
        assert measure("finance.arr")[account.pk] == Decimal(yearly).quantize(CENT, ROUND_HALF_UP)
        transaction.set_rollback(True)


def test_a_year_before_a_leap_day_is_the_end_of_february() -> None:
    assert year_before(date(2024, 2, 29)) == date(2023, 2, 28)
    assert year_before(date(2025, 2, 28)) == date(2024, 2, 28)
    assert month_start(date(2024, 3, 31)) == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("terms", "as_of", "renewal"),
    [
        ({"end_on": date(2026, 12, 31)}, TODAY, date(2026, 12, 31)),
        ({"end_on": TODAY}, TODAY, None),
        ({"end_on": TODAY, "auto_renew": True, "renewal_months": 12}, TODAY, date(2027, 11, 20)),
        (
            {"end_on": date(2024, 1, 31), "auto_renew": True, "renewal_months": 1},
            date(2024, 2, 28),
            date(2024, 2, 29),
        ),
        (
            {"end_on": date(2024, 1, 31), "auto_renew": True, "renewal_months": 1},
            date(2024, 2, 29),
            date(2024, 3, 31),
        ),
        (
            {"end_on": date(2020, 2, 29), "auto_renew": True, "renewal_months": 12},
            date(2024, 2, 28),
            date(2024, 2, 29),
        ),
        ({"end_on": date(2023, 5, 1), "auto_renew": True, "renewal_months": None}, TODAY, date(2027, 5, 1)),
        (
            {"end_on": date(2023, 5, 1), "auto_renew": True, "renewal_months": 6},
            date(2026, 11, 1),
            date(2027, 5, 1),
        ),
        ({}, TODAY, None),
    ],
)
def test_the_next_renewal_follows_the_terms(terms: dict[str, Any], as_of: date, renewal: date | None) -> None:
    account = make_account()
    make_line(account, date(2019, 5, 1), terms={"start_on": date(2019, 5, 1), **terms})
    stored = measure("finance.renewal_on", as_of).get(account.pk)
    assert (None if stored is None else date(1970, 1, 1) + timedelta(days=int(stored))) == renewal


def test_a_contract_whose_lines_have_ended_is_not_renewed() -> None:
    account = make_account()
    make_line(account, ago(400), ago(20), terms={"end_on": ago(-100), "auto_renew": True})
    assert measure("finance.renewal_on") == {}
