from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from common.formatting import (
    format_count,
    format_date,
    format_datetime,
    format_distance,
    format_key,
    format_money,
    format_number,
    format_percent,
    format_short,
    format_unit,
)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, None, "0"),
        (1234567, None, "1,234,567"),
        (Decimal("12.34"), None, "12.3"),
        (Decimal("-0.04"), 1, "0.0"),
        (-1234.5, 2, "−1,234.50"),
        (Decimal("2.5"), 0, "3"),
        (0.1 + 0.2, 2, "0.30"),
        (float("nan"), None, "not defined"),
        (float("inf"), 1, "not defined"),
    ],
)
def test_numbers_have_commas_a_true_minus_and_round_half_up(value, decimals, text):
    assert format_number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (1234, "1.23k"),
        (12345, "12.3k"),
        (999_499, "999k"),
        (999_600, "1M"),
        (1_240_000, "1.24M"),
        (-98_765_432, "−98.8M"),
        (7_100_000_000, "7.1B"),
        (5_000_000_000_000_000, "5,000T"),
        (Decimal("-0.001"), "0"),
    ],
)
def test_short_numbers_keep_three_digits(value, text):
    assert format_short(value) == text


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_a_short_number_is_within_half_a_per_cent_of_the_value(value):
    text = format_short(value).replace("−", "-").replace(",", "")
    factor = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}.get(text[-1], 1)
    shown = Decimal(text.rstrip("kMBT")) * factor
    assert abs(shown - value) <= abs(value) * Decimal("0.0051")


@pytest.mark.parametrize(
    ("value", "currency", "options", "text"),
    [
        (Decimal("1234.5"), "EUR", {}, "€1,235"),
        (Decimal("999.5"), "EUR", {}, "€999.50"),
        (Decimal("1234.5"), "EUR", {"decimals": 2}, "€1,234.50"),
        (-12, "USD", {}, "−$12.00"),
        (12, "CHF", {}, "CHF\u00a012.00"),
        (12, "jpy", {}, "¥12"),
        (1_240_000, "EUR", {"short": True}, "€1.24M"),
        (5, "", {}, "5.00"),
    ],
)
def test_money_has_its_symbol_or_its_code(value, currency, options, text):
    assert format_money(value, currency, **options) == text


def test_a_ratio_is_shown_as_per_cent():
    assert format_percent(Decimal("1.124")) == "112.4%"
    assert format_percent(Decimal("-0.021"), 0) == "−2%"
    assert format_percent(float("nan")) == "not defined"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("0.5"), "ratio", "50.0%"),
        (50, "percent", "50.0%"),
        (3, "tickets", "3\u00a0tickets"),
        (1, "tickets", "1\u00a0ticket"),
        (-1, "days", "−1\u00a0day"),
        (1, "opportunities", "1\u00a0opportunity"),
        (1, "people", "1\u00a0person"),
        (1, "touches", "1\u00a0touch"),
        (0, "days", "0\u00a0days"),
        (1, "ms", "1\u00a0ms"),
        (3, "", "3"),
    ],
)
def test_a_unit_decides_how_a_value_reads(value, unit, text):
    assert format_unit(value, unit) == text


def test_dates_are_day_month_year_in_the_readers_zone():
    moment = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert format_date(date(2026, 1, 2)) == "2 Jan 2026"
    with timezone.override("Asia/Tokyo"):
        assert format_datetime(moment) == "23 Nov 2026, 08:30"
    with timezone.override("UTC"):
        assert format_datetime(moment) == "22 Nov 2026, 23:30"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "today"),
        (1, "tomorrow"),
        (-1, "yesterday"),
        (13, "in 13 days"),
        (-14, "2 weeks ago"),
        (59, "in 8 weeks"),
        (-60, "2 months ago"),
        (800, "in 2 years"),
    ],
)
def test_a_distance_is_said_in_plain_words(days, text):
    assert format_distance(days) == text


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("single_sign_on", "Single sign on"),
        ("api", "API"),
        ("audit-log", "Audit log"),
        ("Already Written", "Already Written"),
        ("SSO", "SSO"),
        ("", ""),
        ("_", "_"),
    ],
)
def test_keys_of_machines_read_as_words(key: str, text: str) -> None:
    assert format_key(key) == text


def test_a_count_agrees_with_its_noun() -> None:
    assert format_count(1, "person", "people") == "1 person"
    assert format_count(1200, "person", "people") == "1,200 people"
    assert format_count(0, "ticket") == "0 tickets"
