"""Amounts, periods, discounts and trials of subscriptions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.connectors.stripe_money import contract_values, in_units, lines_of
from tests.sync_connectors.fakes.stripe import item, price

AT = datetime(2026, 6, 1, tzinfo=UTC)
START = int(datetime(2026, 1, 10, 15, tzinfo=UTC).timestamp())


def stamp(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T15:00:00+00:00").timestamp())


def subscription(*items: dict[str, Any], currency: str = "usd", **fields: Any) -> dict[str, Any]:
    return {
        "id": "sub_1",
        "customer": "cus_1",
        "currency": currency,
        "start_date": START,
        "created": START,
        "discounts": [],
        "items": {"data": list(items)},
        **fields,
    }


def only_line(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    [line] = lines_of(subscription(*items, **fields), {"prod_1": "Platform"}, AT)
    return line.values


@pytest.mark.parametrize(
    ("currency", "units"),
    [
        ("usd", "12345.67"),
        ("JPY", "1234567"),
        ("krw", "1234567"),
        ("kwd", "1234.567"),
        ("isk", "12345.67"),
        ("ugx", "12345.67"),
    ],
)
def test_amounts_are_in_the_smallest_unit_of_their_currency(currency: str, units: str) -> None:
    assert in_units(Decimal(1234567), currency) == Decimal(units)


@pytest.mark.parametrize(
    ("interval", "count", "period", "amount"),
    [
        ("day", 1, "day", "120"),
        ("week", 1, "week", "120"),
        ("month", 1, "month", "120"),
        ("month", 3, "quarter", "120"),
        ("month", 6, "half_year", "120"),
        ("month", 12, "year", "120"),
        ("year", 1, "year", "120"),
        ("month", 2, "month", "60"),
        ("year", 3, "year", "40"),
        ("week", 4, "week", "30"),
        ("month", 9, "month", "13.3333"),
    ],
)
def test_periods_we_have_no_word_for_are_broken_down(
    interval: str, count: int, period: str, amount: str
) -> None:
    line = only_line(item("si_1", price("p", 12000, interval, count)))
    assert (line["billing_period"], line["amount"]) == (period, Decimal(amount))


def test_fractions_of_the_smallest_unit_count() -> None:
    line = only_line(item("si_1", price("p", None, unit_amount_decimal="0.25"), quantity=10_000))
    assert line["amount"] == Decimal(25)


def test_one_off_and_metered_prices_are_no_recurring_revenue() -> None:
    once = price("p", 5000) | {"recurring": None}
    assert only_line(item("si_1", once))["billing_period"] == "one_off"
    metered = price("p", 7)
    metered["recurring"]["usage_type"] = "metered"
    line = only_line(item("si_1", metered))
    assert (line["billing_period"], line["amount"]) == ("usage", Decimal("0.07"))


def test_tiers_by_volume_and_packages() -> None:
    volume = price(
        "p",
        None,
        billing_scheme="tiered",
        tiers_mode="volume",
        tiers=[{"up_to": 10, "unit_amount": 1000}, {"up_to": None, "unit_amount": 700, "flat_amount": 100}],
    )
    assert only_line(item("si_1", volume, quantity=10))["amount"] == Decimal(100)
    assert only_line(item("si_1", volume, quantity=11))["amount"] == Decimal(78)
    packed = price("p", 1000, transform_quantity={"divide_by": 10, "round": "up"})
    assert only_line(item("si_1", packed, quantity=11))["amount"] == Decimal(20)


def off(**coupon: Any) -> dict[str, Any]:
    return {"id": "di_1", "end": coupon.pop("end", None), "coupon": {"duration": "forever", **coupon}}


@pytest.mark.parametrize(
    ("discounts", "percent"),
    [
        ([], "0"),
        ([off(percent_off=25)], "25"),
        ([off(percent_off=50), off(percent_off=50)], "75"),
        ([off(percent_off=25, duration="once")], "0"),
        ([off(percent_off=25, duration="repeating", end=stamp("2026-07-01"))], "25"),
        ([off(percent_off=25, duration="repeating", end=stamp("2026-05-01"))], "0"),
        ([off(amount_off=3000)], "30"),
        ([off(amount_off=99000)], "100"),
        (
            [{"id": "di_1", "end": None, "source": {"coupon": {"duration": "forever", "percent_off": 10}}}],
            "10",
        ),
        (["di_unexpanded"], "0"),
    ],
)
def test_recurring_discounts_become_one_percentage(discounts: list[Any], percent: str) -> None:
    line = only_line(item("si_1", price("p", 10000)), discounts=discounts)
    assert line["discount_percent"] == Decimal(percent)


def test_a_fixed_discount_is_spread_over_the_items() -> None:
    lines = lines_of(
        subscription(
            item("si_1", price("p", 6000)), item("si_2", price("q", 14000)), discounts=[off(amount_off=2000)]
        ),
        {},
        AT,
    )
    assert {line.values["discount_percent"] for line in lines} == {Decimal(10)}


def test_a_trial_is_a_line_of_its_own_and_revenue_begins_at_its_end() -> None:
    lines = lines_of(
        subscription(item("si_1", price("p", 6000)), trial_end=stamp("2026-01-24"), status="trialing"), {}, AT
    )
    spans = [
        (line.external_id, line.values["is_trial"], line.values["start_on"], line.values["end_on"])
        for line in lines
    ]
    assert spans == [
        ("si_1-trial", True, date(2026, 1, 10), date(2026, 1, 24)),
        ("si_1:px1", False, date(2026, 1, 24), None),
    ]


def test_who_leaves_during_the_trial_was_never_revenue() -> None:
    lines = lines_of(
        subscription(
            item("si_1", price("p", 6000)), trial_end=stamp("2026-01-24"), ended_at=stamp("2026-01-20")
        ),
        {},
        AT,
    )
    assert [(line.values["is_trial"], line.values["end_on"]) for line in lines] == [(True, date(2026, 1, 20))]


def test_a_contract_lasts_a_day_at_least() -> None:
    values = contract_values(subscription(item("si_1", price("p", 1)), ended_at=START + 60))
    assert (values["start_on"], values["end_on"]) == (date(2026, 1, 10), date(2026, 1, 11))


def test_a_contract_renews_for_the_longest_of_its_terms() -> None:
    values = contract_values(
        subscription(
            item("si_1", price("p", 1, "month", 3)), item("si_2", price("q", 1, "year")), days_until_due=30
        )
    )
    assert (values["renewal_months"], values["days_until_due"], values["is_renewing"]) == (12, 30, True)


@given(
    amount=st.integers(0, 10**9),
    quantity=st.integers(1, 10_000),
    percents=st.lists(st.integers(0, 100), max_size=3),
    amount_off=st.integers(0, 10**9),
    trial=st.booleans(),
    ended=st.booleans(),
)
def test_lines_always_fit_our_rules(
    amount: int, quantity: int, percents: list[int], amount_off: int, trial: bool, ended: bool
) -> None:
    discounts = [off(percent_off=percent) for percent in percents] + [off(amount_off=amount_off)]
    lines = lines_of(
        subscription(
            item("si_1", price("p", amount), quantity=quantity),
            discounts=discounts,
            trial_end=stamp("2026-02-01") if trial else None,
            ended_at=stamp("2026-01-25") if ended else None,
        ),
        {},
        AT,
    )
    assert lines
    assert len({line.external_id for line in lines}) == len(lines)
    for line in lines:
        assert line.values["amount"] >= 0
        assert 0 <= line.values["discount_percent"] <= 100
        assert line.values["end_on"] is None or line.values["end_on"] > line.values["start_on"]
