"""Their values in our types: systems send numbers as text, days as times and countries by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from common.codes import countries
from sync.declarations import Field
from sync.normalise import keep_country

WHOLE = re.compile(r"-?[0-9]{1,18}")
TRUE = frozenset({"true", "yes", "1", "t", "y"})
FALSE = frozenset({"false", "no", "0", "f", "n"})
# Names that people and CRMs write and Unicode's table doesn't have.
COUNTRY_NAMES = {
    "usa": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "united states of america": "US",
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "holland": "NL",
    "the netherlands": "NL",
    "czech republic": "CZ",
    "south korea": "KR",
    "republic of korea": "KR",
    "korea": "KR",
    "russian federation": "RU",
    "viet nam": "VN",
    "turkey": "TR",
    "hong kong": "HK",
    "macau": "MO",
    "uae": "AE",
    "ivory coast": "CI",
}
# From 1973 on, a count of milliseconds is larger than any count of seconds before the year 5138.
MILLISECONDS_FROM = 100_000_000_000
MOST_DIGITS = 18


class UnfitError(ValueError):
    """The value has no place in our field; the rest of its record has."""


def convert(field: Field, value: Any, values: Mapping[str, str]) -> Any:
    """Return ``value`` in the type of ``field``; what doesn't look like it stays, so that it is refused by name.

    ``values`` translates words, without regard to case. Raises UnfitError for a word that a field of choices doesn't
    have and nobody translated, and for what an optional field doesn't take the form of, such as a web address of
    “n/a”: CRMs are full of those, and one must not keep a record out.
    """
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return None
    if values and isinstance(value, str | bool | int):
        translated = {key.lower(): word for key, word in values.items()}
        value = translated.get(str(value).lower(), value)
    if field.reference:
        return str(value)
    if field.model_field.choices:
        known = {str(key).lower(): key for key, _ in field.model_field.flatchoices}
        word = str(value).lower()
        if word not in known:
            raise UnfitError(f"“{str(value)[:60]}” has no translation")
        return known[word]
    if field.normalise is keep_country:
        return _country(value)
    converter = next((way for kind, way in CONVERTERS if isinstance(field.model_field, kind)), None)
    converted = converter(value) if converter else value
    # Parts of a record are read by the pipeline alone, which refuses them by name.
    if field.normalise is not None and not field.required and not field.is_json:
        try:
            field.normalise(converted)
        except ValueError as error:
            raise UnfitError(str(error).rpartition("|")[2]) from error
    return converted


def moment(value: Any) -> datetime | None:
    """Return a time given as ISO 8601 or as seconds or milliseconds since 1970; None for anything else."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and WHOLE.fullmatch(value):
        value = int(value)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) >= MILLISECONDS_FROM else value
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _time(value: Any) -> Any:
    return moment(value) or value


def _day(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    found = moment(value)
    return found.astimezone(UTC).date() if found else value


def _whole(value: Any) -> Any:
    number = _number(value)
    # The digits of 1e999999999 would fill all memory before anybody could refuse it.
    if not isinstance(number, Decimal) or number.adjusted() > MOST_DIGITS:
        return value
    return int(number) if number == number.to_integral_value() else value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    try:
        number = Decimal(str(value).replace(",", "") if isinstance(value, str) else str(value))
    except InvalidOperation:
        return value
    return number if number.is_finite() else value


def _truth(value: Any) -> Any:
    word = str(value).lower()
    return True if word in TRUE else False if word in FALSE else value


def _list(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.replace(";", ",").split(",") if part.strip()]
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(str(part) for part in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _country(value: Any) -> str:
    text = str(value).strip()
    if len(text) == 2 and text.upper() in countries():
        return text.upper()
    code = _codes_by_name().get(text.lower())
    if code is None:
        raise UnfitError(f"“{text[:60]}” is no country we know")
    return code


@cache
def _codes_by_name() -> dict[str, str]:
    return {**{name.lower(): code for code, name in countries().items()}, **COUNTRY_NAMES}


# DateTimeField is a DateField too, so the order matters.
CONVERTERS: tuple[tuple[type[models.Field[Any, Any]], Callable[[Any], Any]], ...] = (
    (models.BooleanField, _truth),
    (models.DateTimeField, _time),
    (models.DateField, _day),
    (models.DecimalField, _number),
    (models.IntegerField, _whole),
    (ArrayField, _list),
    (models.CharField, _text),
    (models.TextField, _text),
)
