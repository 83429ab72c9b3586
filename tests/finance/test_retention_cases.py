"""Worked cases of recurring revenue, each with where it is from, and the engine against plain arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from finance.models import ContractLine, RevenueToRecompute
from finance.querysets import PERIODS_PER_YEAR
from finance.revenue.movements import (
    DIMENSIONS,
    KINDS,
    Movement,
    account_movements_over,
    find_gaps,
    line_movements,
    movements,
    movements_over,
)
from finance.revenue.positions import movements_between, size_labels
from finance.revenue.windows import Window, monthly_windows, windows_of
from tests.metrics.facts import follow_revenue, make_account, make_line, make_rate, measure

pytestmark = pytest.mark.django_db

# Sources of the cases: ChartMogul's help centre, "MRR movements" (the story of Syncalytics) and "Data Table and MRR
# Movements"; ClariLayer's reference, "Gross Revenue Retention" (start less contraction and churn, ÷ start); and the
# formulas of this product's own domain, under "Revenue", where no public source says more.
DECEMBER = date(2025, 12, 1)
YEAR = Window(date(2024, 12, 31), date(2025, 12, 31))
CENT = Decimal("0.01")


def year_of(account: Account | None = None) -> Movement:
    follow_revenue(YEAR.end)
    return movements_over([YEAR], account_id=account.pk if account else None)[0]


def by_month(account: Account) -> list[Movement]:
    follow_revenue(YEAR.end)
    return movements_over(
        monthly_windows(date(2025, 1, 1), DECEMBER), account_id=account.pk, rates_day=YEAR.end
    )


def test_a_second_subscription_is_expansion() -> None:
    """ChartMogul: "adding a 2nd subscription" is among the increases that expansion is made of."""
    account = make_account()
    make_line(account, date(2024, 3, 1), amount=50, period="month")
    make_line(account, date(2025, 6, 1), amount=20, period="month")
    moved = year_of(account)
    assert (moved.start, moved.expansion, moved.new, moved.end) == (600, 240, 0, 840)


def test_cancelling_one_of_two_subscriptions_is_contraction() -> None:
    """ChartMogul: beside another active subscription a cancellation is a contraction."""
    account = make_account()
    make_line(account, date(2024, 3, 1), amount=50, period="month")
    make_line(account, date(2024, 3, 1), date(2025, 6, 1), amount=20, period="month")
    moved = year_of(account)
    assert (moved.contraction, moved.churn, moved.lost, moved.end) == (240, 0, 0, 600)


def test_a_cancelled_plan_churns_at_the_end_of_its_paid_period() -> None:
    """ChartMogul: reported at the end of the billing period that is paid for, not when notice is given."""
    account = make_account()
    make_line(account, date(2024, 3, 1), date(2025, 3, 1), amount=1200)
    churned = {moved.month: moved.churn for moved in by_month(account) if moved.churn}
    assert churned == {date(2025, 3, 1): 1200}
    assert by_month(account)[1].end == 1200, "it was cancelled in January, and paid for February"


def test_twelve_hundred_a_year_is_a_hundred_a_month() -> None:
    """Domain: annual ÷ 12 (as ChartMogul does: 2,000 a year is 166.67)."""
    account = make_account()
    make_line(account, date(2025, 1, 1), amount=1200)
    assert measure("finance.mrr", YEAR.end) == {account.pk: 100}


def test_the_story_of_syncalytics() -> None:
    """ChartMogul's worked example: four yearly plans for 2,000, two monthly ones for 60, and what follows."""
    account = make_account()
    make_line(account, date(2025, 1, 10), date(2026, 1, 10), amount=2000)
    make_line(account, date(2025, 3, 5), date(2025, 6, 5), amount=60, period="month")
    make_line(account, date(2026, 4, 2), amount=150, period="month")
    assert measure("finance.mrr", date(2025, 1, 10)) == {account.pk: Decimal("166.67")}
    windows = monthly_windows(date(2025, 1, 1), date(2026, 4, 1))
    moved = {
        row.month: {kind: getattr(row, kind) for kind in KINDS if getattr(row, kind)}
        for row in movements_over(windows, account_id=account.pk)
    }
    assert {month: kinds for month, kinds in moved.items() if kinds} == {
        date(2025, 1, 1): {"new": 2000},
        date(2025, 3, 1): {"expansion": 720},
        date(2025, 6, 1): {"contraction": 720},
        date(2026, 1, 1): {"churn": 2000},
        date(2026, 4, 1): {"reactivation": 1800},
    }


def test_no_revenue_at_the_start_gives_no_rate() -> None:
    """Domain: "not defined", never 0 or a crash."""
    make_line(make_account(), date(2025, 5, 1))
    moved = year_of()
    assert (moved.nrr, moved.grr, moved.logo_churn, moved.expansion_rate) == (None, None, None, None)


def test_grr_never_exceeds_one_while_nrr_may() -> None:
    """Domain: the lesser of both ends of each account; expansion counts in NRR only."""
    account, other = make_account(), make_account()
    make_line(account, date(2024, 3, 1), amount=1000)
    make_line(account, date(2025, 5, 1), amount=5000)
    make_line(other, date(2024, 3, 1), amount=1000)
    make_line(other, date(2024, 3, 1), date(2025, 2, 1), amount=500)
    moved = year_of()
    assert moved.nrr == Decimal(7000) / 2500
    assert moved.grr == Decimal(2000) / 2500


def test_a_dip_that_recovers_separates_point_to_point_from_flow() -> None:
    """ClariLayer's formula takes off every contraction on the way; point to point sees the two ends only."""
    steady, dipped = make_account(), make_account()
    make_line(steady, date(2024, 3, 1), amount=1000)
    make_line(dipped, date(2024, 3, 1), date(2025, 4, 1), amount=1000)
    make_line(dipped, date(2025, 4, 1), date(2025, 9, 1), amount=400)
    make_line(dipped, date(2025, 9, 1), amount=1000)
    moved = year_of()
    assert moved.grr == 1
    monthly = account_movements_over(monthly_windows(date(2025, 1, 1), DECEMBER), rates_day=YEAR.end)
    lost = {row.account_id: row.contraction + row.churn for row in monthly if row.contraction + row.churn}
    assert lost == {dipped.pk: 600}, "the account that makes the difference"
    assert 1 - sum(lost.values()) / moved.start == Decimal("0.7")


def test_an_account_that_leaves_and_returns_within_the_window_is_kept() -> None:
    """Point to point it never left; month by month it churned and was reactivated."""
    account = make_account()
    make_line(account, date(2024, 3, 1), date(2025, 4, 1))
    make_line(account, date(2025, 8, 1), amount=900)
    moved = year_of(account)
    assert (moved.contraction, moved.churn, moved.lost) == (300, 0, 0)
    monthly = by_month(account)
    assert {row.month: (row.churn, row.reactivation) for row in monthly if row.churn or row.reactivation} == {
        date(2025, 4, 1): (1200, 0),
        date(2025, 8, 1): (0, 900),
    }


def test_a_contract_of_a_leap_year_ends_on_its_day() -> None:
    account = make_account()
    make_line(account, date(2024, 2, 29), date(2025, 2, 28), amount=100, period="day")
    assert measure("finance.arr", date(2025, 2, 27)) == {account.pk: Decimal("36525.00")}
    assert measure("finance.arr", date(2025, 2, 28)) == {account.pk: 0}


def test_dated_rates_show_what_currencies_did_as_a_line_of_its_own() -> None:
    account = make_account()
    make_line(account, date(2024, 3, 1), amount=1000, currency="EUR")
    make_line(account, date(2025, 6, 1), amount=200, currency="EUR")
    make_rate("EUR", date(2024, 1, 1), "1.00")
    make_rate("EUR", date(2025, 7, 1), "1.10")
    follow_revenue(YEAR.end)
    dated = movements_over([YEAR], constant_currency=False)[0]
    assert (dated.start, dated.fx, dated.expansion, dated.end, dated.gap) == (1000, 100, 220, 1320, 0)
    constant = movements_over([YEAR])[0]
    assert (constant.start, constant.fx, constant.expansion, constant.end) == (1100, 0, 220, 1320)
    (first, second) = sorted(
        line_movements(account.pk, YEAR, constant_currency=False), key=lambda row: row.line_id
    )
    assert (first.start_own, first.start, first.base, first.end) == (1000, 1000, 1100, 1100)
    assert (second.start, second.end_own, second.end) == (0, 200, 220)


def test_what_left_in_the_meantime_has_its_exchange_effect_and_churns_at_the_later_rate() -> None:
    account = make_account()
    make_line(account, date(2024, 3, 1), date(2025, 9, 1), amount=1000, currency="EUR")
    make_rate("EUR", date(2024, 1, 1), "1.00")
    make_rate("EUR", date(2025, 7, 1), "0.90")
    follow_revenue(YEAR.end)
    moved = movements_over([YEAR], constant_currency=False)[0]
    assert (moved.start, moved.fx, moved.churn, moved.end, moved.gap) == (1000, -100, 900, 0, 0)


def test_quarters_and_years_end_where_months_do() -> None:
    quarters = windows_of(date(2025, 3, 1), DECEMBER, months=3, step=3)
    assert [(item.start, item.end) for item in quarters][:2] == [
        (date(2024, 12, 31), date(2025, 3, 31)),
        (date(2025, 3, 31), date(2025, 6, 30)),
    ]
    years = windows_of(date(2024, 2, 1), date(2024, 3, 1), months=12)
    assert [(item.start, item.end) for item in years] == [
        (date(2023, 2, 28), date(2024, 2, 29)),
        (date(2023, 3, 31), date(2024, 3, 31)),
    ]
    account = make_account()
    make_line(account, date(2024, 11, 5), amount=100)
    make_line(account, date(2025, 2, 5), date(2025, 8, 5), amount=30)
    follow_revenue(YEAR.end)
    found = [(row.start, row.expansion, row.contraction, row.end) for row in movements_over(quarters)]
    assert found == [(100, 30, 0, 130), (130, 0, 0, 130), (130, 0, 30, 100), (100, 0, 0, 100)]


def test_sizes_are_named_by_their_employees() -> None:
    assert size_labels([50, 250])[:3] == ["1-49", "50-249", "250+"]
    assert size_labels([])[:1] == ["1+"]


@dataclass(frozen=True)
class Drawn:
    """A random line and what became of it later."""

    account: int
    start: int
    days: int | None
    amount: Decimal
    period: str
    currency: str
    discount: Decimal
    later: tuple[int, int | None, Decimal] | None


# Few days, so that lines overlap, begin and end on the same day, and cross the ends of leap years' Februaries.
DAYS = st.sampled_from([0, 1, 28, 29, 31, 60, 61, 366, 400, 425, 426, 455])
drawn_lines = st.lists(
    st.builds(
        Drawn,
        account=st.integers(0, 2),
        start=DAYS,
        days=st.none() | st.sampled_from([1, 27, 28, 60, 300, 366]),
        amount=st.decimals("0.01", "99999.99", places=4),
        period=st.sampled_from(sorted(PERIODS_PER_YEAR)),
        currency=st.sampled_from(["USD", "EUR", "JPY"]),
        discount=st.decimals("0", "99", places=2),
        later=st.none()
        | st.tuples(DAYS, st.none() | st.sampled_from([1, 90, 300]), st.decimals("0.01", "999", places=4)),
    ),
    max_size=7,
)
BEGIN = date(2024, 1, 31)
RATES = {
    "EUR": [(BEGIN - timedelta(days=400), Decimal("1.07")), (date(2025, 3, 1), Decimal("1.1313"))],
    "JPY": [(BEGIN - timedelta(days=400), Decimal("0.00667")), (date(2024, 2, 29), Decimal("0.007"))],
}


def rate_of(currency: str, day: date) -> Decimal:
    return max((on, rate) for on, rate in RATES.get(currency, [(date.min, Decimal(1))]) if on <= day)[1]


def arr_of(lines: list[ContractLine], day: date, rates_day: date) -> Decimal:
    """Work out an account's ARR without the database."""
    total = Decimal(0)
    for currency in ("USD", "EUR", "JPY"):
        exact = sum(
            line.amount * PERIODS_PER_YEAR[line.billing_period] * (100 - line.discount_percent) / 100
            for line in lines
            if line.contract.currency == currency
            and line.start_on <= day
            and (line.end_on is None or line.end_on > day)
        )
        own = Decimal(exact).quantize(CENT, ROUND_HALF_UP)
        total += (own * rate_of(currency, rates_day)).quantize(CENT, ROUND_HALF_UP)
    return total


def compare_with_arithmetic(
    own: dict[int, list[ContractLine]], windows: list[Window], *, constant: bool
) -> None:
    """Assert that both ends of every account and window are what plain sums say, with one movement between them."""
    rows = account_movements_over(windows, constant_currency=constant)
    held = {(row.account_id, row.end_day): row for row in rows}
    assert [row.gap for row in rows if row.gap] == []
    assert all(sum(bool(getattr(row, kind)) for kind in KINDS) <= 1 for row in rows)
    for window in windows:
        start_rates, end_rates = (windows[-1].end,) * 2 if constant else (window.start, window.end)
        for pk, lines in own.items():
            row = held.get((pk, window.end))
            found = (row.start, row.end) if row else (0, 0)
            assert found == (arr_of(lines, window.start, start_rates), arr_of(lines, window.end, end_rates))


def compare_segments(windows: list[Window], *, constant: bool) -> None:
    """Assert that the members of every dimension add up to the whole, in every number."""
    whole = movements_over(windows, constant_currency=constant)
    names = ("start", "fx", *KINDS, "end", "kept", "least", "accounts", "lost")
    for dimension in DIMENSIONS:
        parts = movements_over(windows, dimension, constant_currency=constant)
        for total in whole:
            summed = [part for part in parts if part.end_day == total.end_day]
            for name in names:
                assert sum(getattr(part, name) for part in summed) == getattr(total, name)


def compare_with_one_window(window: Window, *, constant: bool) -> None:
    """Assert that a pair of days alone gives what the same pair among many does."""
    one = movements_between(window.start, window.end, constant_currency=constant).fetch_dicts()
    many = account_movements_over([window], constant_currency=constant)
    names = ("start", "fx", *KINDS, "end")
    assert {
        row["account_id"]: [row[f"{name}_arr"] for name in names]
        for row in one
        if row["start_arr"] or row["end_arr"]
    } == {row.account_id: [getattr(row, name) for name in names] for row in many if row.start or row.end}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=drawn_lines)
def test_the_engine_counts_what_arithmetic_does_however_lines_overlap_and_were_amended(
    drawn: list[Drawn],
) -> None:
    with transaction.atomic():
        accounts = [
            make_account(("growth", None, "standard")[place], industry=f"I{place % 2}", employees=place * 60)
            for place in range(3)
        ]
        for currency, quotes in RATES.items():
            for on, rate in quotes:
                make_rate(currency, on, str(rate))
        lines = []
        for item in drawn:
            start = BEGIN + timedelta(days=item.start)
            lines.append(
                make_line(
                    accounts[item.account],
                    start,
                    None if item.days is None else start + timedelta(days=item.days),
                    item.amount,
                    period=item.period,
                    currency=item.currency,
                    discount_percent=item.discount,
                )
            )
        follow_revenue(YEAR.end)
        for line, item in zip(lines, drawn, strict=True):  # amendments, dated back
            if item.later is None:
                continue
            begins, days, line.amount = item.later
            line.start_on = BEGIN + timedelta(days=begins)
            line.end_on = None if days is None else line.start_on + timedelta(days=days)
            line.save()
            RevenueToRecompute.objects.get_or_create(account=line.contract.account)
        follow_revenue(YEAR.end)
        assert find_gaps(date(2024, 1, 1), date(2025, 6, 1)) == []

        own = {
            account.pk: [line for line in lines if line.contract.account_id == account.pk]
            for account in accounts
        }
        for months, step in ((1, 1), (3, 3), (12, 1)):
            windows = windows_of(date(2024, 3, 1), date(2025, 6, 1), months=months, step=step)
            for constant in (True, False):
                compare_with_arithmetic(own, windows, constant=constant)
                compare_segments(windows, constant=constant)
                compare_with_one_window(windows[-1], constant=constant)
        transaction.set_rollback(True)


def test_the_running_month_ends_on_the_day_that_was_refreshed_last() -> None:
    account = make_account()
    make_line(account, date(2025, 11, 1), date(2025, 12, 20))
    follow_revenue(YEAR.end)
    assert movements(DECEMBER, DECEMBER, until=date(2025, 12, 10))[0].churn == 0
    assert movements(DECEMBER, DECEMBER, until=date(2025, 12, 20))[0].churn == 1200
