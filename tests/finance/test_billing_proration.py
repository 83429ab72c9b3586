"""What a price comes to by days: worked cases from elsewhere, and what must hold for every price and cut."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance.billing.cycles import Cycle, Plan
from finance.billing.proration import DAYS, MONTHS, Price, month_begins, round_money

# The machine may be busy; what is checked is arithmetic.
CALM = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PERIODS = [*MONTHS, *DAYS, "one_off"]


def price(amount: str, period: str = "month", since: date = date(2024, 1, 1), **more: object) -> Price:
    return Price(Decimal(amount), period, since, "EUR", **more)  # type: ignore[arg-type]


def test_ten_a_month_from_the_fifth_of_march_is_8_71() -> None:
    """27 of 31 days, the case that the product was asked to show."""
    since = date(2024, 3, 5)
    assert price("10.00", since=since).between(since, date(2024, 4, 1)) == Decimal("8.71")
    assert price("10.00", since=since).between(date(2024, 4, 1), date(2024, 5, 1)) == Decimal("10.00")


@pytest.mark.parametrize(
    ("start", "end", "share"),
    [
        (date(2025, 2, 1), date(2025, 2, 14), (13, 28)),
        (date(2025, 2, 14), date(2025, 3, 1), (15, 28)),
        (date(2024, 2, 1), date(2024, 2, 14), (13, 29)),
        (date(2024, 2, 14), date(2024, 3, 1), (16, 29)),
        (date(2024, 2, 29), date(2024, 3, 1), (1, 29)),
    ],
)
def test_a_part_of_february_is_its_days_of_28_or_29(start: date, end: date, share: tuple[int, int]) -> None:
    days, whole = share
    expected = round_money(Decimal(100) * days / whole, "EUR")
    assert price("100").between(start, end) == expected


def test_months_come_first_and_days_after_as_zuora_documents() -> None:
    """Zuora, order metrics, part 3, by actual days: 18 Aug to 31 Dec at 35.00 a month is 15.81 + 140.00 = 155.81."""
    since = date(2018, 8, 18)
    held = price("35.00", since=since)
    assert held.between(since, date(2018, 9, 1)) == Decimal("15.81")
    assert held.between(since, date(2019, 1, 1)) == Decimal("155.81")


def test_a_change_within_a_month_costs_the_rest_of_both_as_nadles_documents() -> None:
    """Nadles, upgrades and downgrades: five days left of January, 100 a month gives 16.13 back, 300 costs 48.39."""
    start, end = date(2024, 1, 27), date(2024, 2, 1)
    assert price("100").between(start, end) == Decimal("16.13")
    assert price("300", since=start).between(start, end) == Decimal("48.39")


def test_half_a_period_costs_half_as_stripe_documents() -> None:
    """Stripe, prorations: from 10 to 20 a month half-way through is −5 and +10. Half of April is 15 days."""
    middle, end = date(2024, 4, 16), date(2024, 5, 1)
    assert price("10").between(middle, end) == Decimal("5.00")
    assert price("20", since=middle).between(middle, end) == Decimal("10.00")


def test_the_31st_stays_the_bill_day_as_stripe_documents() -> None:
    """Stripe, billing cycle: anchored on 31 January, invoices on 28 (or 29) February, 31 March, 30 April."""
    days = [month_begins(2026 * 12 + month, 31) for month in range(4)]
    assert days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert month_begins(2024 * 12 + 1, 31) == date(2024, 2, 29)
    held = price("31", since=date(2026, 1, 31))
    assert held.between(date(2026, 1, 31), date(2026, 2, 28), 31) == Decimal("31.00")
    # From 28 February to 31 March are 31 days, so that a day of it costs one.
    assert held.between(date(2026, 3, 1), date(2026, 3, 2), 31) == Decimal("1.00")


def test_a_year_is_twelve_months_of_a_twelfth() -> None:
    year = price("1200", "year")
    assert year.between(date(2024, 2, 1), date(2024, 3, 1)) == Decimal("100.00")
    assert year.between(date(2024, 1, 1), date(2025, 1, 1)) == Decimal("1200.00")
    middle = price("1200", "year", date(2024, 6, 15))
    assert middle.between(date(2024, 6, 15), date(2025, 6, 15)) == Decimal("1200.00")


def test_cents_that_a_quarter_does_not_share_evenly_are_not_lost() -> None:
    quarter = price("100", "quarter")
    months = [quarter.between(date(2024, month, 1), date(2024, month + 1, 1)) for month in (1, 2, 3)]
    assert months == [Decimal("33.33"), Decimal("33.34"), Decimal("33.33")]


def test_weeks_and_days_count_days() -> None:
    assert price("70", "week").between(date(2024, 4, 1), date(2024, 5, 1)) == Decimal("300.00")
    assert price("2", "day").between(date(2024, 2, 1), date(2024, 3, 1)) == Decimal("58.00")


def test_what_is_paid_once_falls_on_its_first_day() -> None:
    once = price("500", "one_off", date(2024, 3, 5), discount_percent=Decimal(10))
    assert once.between(date(2024, 3, 1), date(2024, 3, 5)) == 0
    assert once.between(date(2024, 3, 5), date(2024, 3, 6)) == Decimal("450.00")
    assert once.between(date(2024, 3, 6), date(2024, 12, 1)) == 0


def test_usage_has_no_price_of_its_own_and_yen_no_decimals() -> None:
    assert price("500", "usage").between(date(2024, 1, 1), date(2025, 1, 1)) == 0
    yen = Price(Decimal(1000), "month", date(2024, 1, 1), "JPY")
    assert yen.between(date(2024, 1, 1), date(2024, 1, 16)) == Decimal(484)


def test_halves_are_rounded_away_from_zero_both_ways() -> None:
    assert round_money(Decimal("0.125"), "EUR") == Decimal("0.13")
    assert round_money(Decimal("-0.125"), "EUR") == Decimal("-0.13")
    assert round_money(Decimal("0.5"), "JPY") == 1


days = st.dates(min_value=date(2019, 1, 1), max_value=date(2029, 12, 31))
prices = st.builds(
    Price,
    amount=st.decimals(min_value=0, max_value=10**9, places=4),
    period=st.sampled_from(PERIODS),
    since=days,
    currency=st.sampled_from(["EUR", "JPY"]),
    discount_percent=st.decimals(min_value=0, max_value=100, places=4),
)
bill_days = st.integers(min_value=1, max_value=31)


@CALM
@given(prices, bill_days, st.lists(days, min_size=2, max_size=8))
def test_parts_add_up_to_the_whole_however_it_is_cut(held: Price, bill_day: int, cuts: list[date]) -> None:
    cuts.sort()
    parts = [held.between(start, end, bill_day) for start, end in pairwise(cuts)]
    assert sum(parts) == held.between(cuts[0], cuts[-1], bill_day)
    assert all(part >= 0 for part in parts)


@CALM
@given(prices, bill_days, days, days)
def test_a_part_is_within_a_unit_of_its_exact_share(held: Price, bill_day: int, one: date, two: date) -> None:
    start, end = sorted((one, two))
    unit = Decimal(1) if held.currency == "JPY" else Decimal("0.01")
    by_day = sum(
        (
            held.between(start + timedelta(days=day), start + timedelta(days=day + 1), bill_day)
            for day in range(min((end - start).days, 70))
        ),
        Decimal(0),
    )
    whole = held.between(start, min(end, start + timedelta(days=70)), bill_day)
    assert abs(by_day - whole) < unit


@CALM
@given(prices, bill_days, days)
def test_a_change_on_the_same_day_costs_nothing(held: Price, bill_day: int, day: date) -> None:
    assert held.between(day, day, bill_day) == 0
    assert held.between(day, day - timedelta(days=3), bill_day) == 0


@CALM
@given(st.sampled_from(sorted(MONTHS)), bill_days, st.integers(min_value=2019 * 12, max_value=2028 * 12))
def test_a_whole_period_of_the_bill_day_is_the_price(period: str, bill_day: int, number: int) -> None:
    start, end = month_begins(number, bill_day), month_begins(number + MONTHS[period], bill_day)
    held = Price(Decimal("99.99"), period, start, "EUR")
    assert held.between(start, end, bill_day) == Decimal("99.99")


@CALM
@given(
    st.sampled_from(["monthly", "quarterly", "half_yearly", "annual", "custom"]),
    bill_days,
    st.integers(min_value=1, max_value=12),
    days,
    st.sampled_from(["advance", "arrears"]),
    st.lists(days, max_size=5),
    st.integers(min_value=0, max_value=900),
)
def test_stretches_follow_each_other_without_gap_or_overlap(
    schedule: str, bill_day: int, month: int, starts_on: date, timing: str, dates: list[date], more: int
) -> None:
    until = starts_on + timedelta(days=more)
    plan = Plan(schedule, starts_on, None, bill_day, month, timing, dates)
    cycles = list(plan.cycles(until))
    for one, two in pairwise(cycles):
        assert one.end == two.start
    for cycle in cycles:
        assert starts_on <= cycle.start < cycle.end
        assert cycle.bill_on == (cycle.start if timing == "advance" else cycle.end) <= until
    if cycles:
        assert cycles[0].start == starts_on
    elif timing == "advance" and schedule != "custom":
        raise AssertionError("What is billed in advance is due at once.")


def test_quarters_begin_in_the_month_agreed_and_end_with_the_plan() -> None:
    plan = Plan("quarterly", date(2026, 1, 10), date(2026, 9, 10), bill_day=31, bill_month=2)
    cycles = list(plan.cycles(date(2027, 1, 1)))
    starts = [date(2026, 1, 10), date(2026, 2, 28), date(2026, 5, 31), date(2026, 8, 31)]
    assert [cycle.start for cycle in cycles] == starts
    assert cycles[-1].end == date(2026, 9, 10)


def test_a_custom_schedule_is_billed_on_its_days_and_then_ends() -> None:
    dates = [date(2026, 3, 1), date(2026, 6, 15)]
    plan = Plan("custom", date(2026, 1, 1), timing="arrears", dates=dates)
    assert list(plan.cycles(date(2030, 1, 1))) == [
        Cycle(date(2026, 1, 1), date(2026, 3, 1), date(2026, 3, 1)),
        Cycle(date(2026, 3, 1), date(2026, 6, 15), date(2026, 6, 15)),
    ]
    assert list(plan.cycles(date(2026, 2, 28))) == []
