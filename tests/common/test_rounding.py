"""Amounts to the cent."""

from decimal import Decimal

import pytest

from common.rounding import to_cents


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0.005", "0.01"),
        ("2.345", "2.35"),
        ("-2.345", "-2.35"),
        ("-0.001", "0.00"),
        ("123456789012345678901234567890.125", "123456789012345678901234567890.13"),
    ],
)
def test_halves_go_away_from_zero_and_no_amount_is_too_large(amount: str, rounded: str) -> None:
    assert str(to_cents(Decimal(amount))) == rounded
