"""Codes of countries and currencies."""

from __future__ import annotations

import pytest

from common.codes import countries, country_name, currencies


@pytest.mark.parametrize(
    ("code", "name"), [("CA", "Canada"), ("GB", "United Kingdom"), ("ZZ", "ZZ"), ("", "")]
)
def test_a_country_is_told_by_its_name(code: str, name: str) -> None:
    assert country_name(code) == name


def test_what_is_no_country_or_currency_is_not_listed() -> None:
    assert not {"EU", "ZZ", "QO", "D1"} & set(countries())
    assert {"USD", "EUR", "DEM"} <= currencies()
    assert "ZZZ" not in currencies()
