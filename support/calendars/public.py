"""Public holidays by country, from the ``holidays`` library."""

from __future__ import annotations

from datetime import date
from functools import cache

import holidays

from common.codes import countries

# Names in the language of most readers here, where the library has them; else in the country's own.
LANGUAGE = "en_US"


@cache
def subdivisions() -> dict[str, tuple[str, ...]]:
    """Return the parts of each country (ISO 3166-1, two letters) whose public holidays are known."""
    known = holidays.list_supported_countries(include_aliases=False)
    return {code: tuple(known[code]) for code in sorted(known) if code in countries()}


@cache
def public_holidays(country: str, subdivision: str, years: range) -> dict[date, str]:
    """Return the names of the public holidays in ``years`` by day; nothing for no country."""
    if not country:
        return {}
    found = holidays.country_holidays(
        country, subdiv=subdivision or None, years=years, language=LANGUAGE, observed=True
    )
    return {day: name for day, name in sorted(found.items()) if day.year in years}
