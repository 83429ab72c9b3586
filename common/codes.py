"""The codes of countries and currencies, and their names, from Unicode's tables."""

from __future__ import annotations

from functools import cache

from babel import Locale
from babel.numbers import list_currencies

# Two-letter codes of Unicode's list that stand for no country.
NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


@cache
def countries() -> dict[str, str]:
    """Return the English name of each ISO 3166-1 alpha-2 code."""
    names = ((str(code), str(name)) for code, name in Locale("en").territories.items())
    return {
        code: name for code, name in names if len(code) == 2 and code.isalpha() and code not in NO_COUNTRY
    }


def country_name(code: str) -> str:
    """Return a country's English name, or the code itself where no country has it."""
    return countries().get(code, code)


@cache
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes, past ones included, since old contracts name them."""
    return frozenset(list_currencies())
