"""The values that conditions compare with: checked when read, written as JSON, told in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.conditions.operators import Operator
from accounts.conditions.registry import NUMERIC, ConditionField, Kind
from common.formatting import (
    format_count,
    format_date,
    format_money,
    format_number,
    format_percent,
    format_unit,
)

LONGEST_TEXT = 255
MOST_VALUES = 100
MOST_DAYS = 3660
LARGEST = Decimal("1e15")
MOST_DECIMALS = 6
MOST_DIGITS = 15  # what a JSON number carries through every reader unchanged
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)

JSON_WORDS = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list"}


class BadValueError(ValueError):
    """A value that can't be compared with; says what is wrong and what to do instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def check_value(field: ConditionField, operator: Operator, raw: Any) -> Any:
    """Return the value of a condition as it is compared; raises BadValueError.

    Numbers become Decimal, dates date, lists and pairs tuples; None where the operator takes no value.
    """
    if operator.shape == "none":
        if raw is not None:
            raise BadValueError(f"“{operator.label}” takes no value.", "Leave the value out.")
        return None
    if raw is None:
        raise BadValueError(f"“{field.label} {operator.label}” needs a value.", _wanted(field, operator))
    if operator.shape == "days":
        return _days(raw)
    if operator.shape == "many":
        return _many(field, operator, raw)
    if operator.shape == "pair":
        return _pair(field, operator, raw)
    return _one(field, field.kind, raw)


def _many(field: ConditionField, operator: Operator, raw: Any) -> tuple[Any, ...]:
    if not isinstance(raw, list | tuple):
        raise BadValueError(f"“{operator.label}” takes a list, not {_said(raw)}.", _wanted(field, operator))
    if not raw:
        raise BadValueError("The list is empty.", _wanted(field, operator))
    if len(raw) > MOST_VALUES:
        raise BadValueError(
            f"The list has {len(raw):,} values.", f"Use at most {MOST_VALUES}, or another comparison."
        )
    return tuple(dict.fromkeys(_one(field, field.kind, one) for one in raw))


def _pair(field: ConditionField, operator: Operator, raw: Any) -> tuple[Any, Any]:
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise BadValueError(f"“{operator.label}” takes two values, from and to.", _wanted(field, operator))
    first, last = (_one(field, field.kind, one) for one in raw)
    if first > last:
        raise BadValueError("It starts after it ends.", "Put the smaller value first.")
    return first, last


def _one(field: ConditionField, kind: Kind, raw: Any) -> Any:
    if kind in NUMERIC:
        return _number(raw)
    if kind == "date":
        return _date(raw)
    if kind == "boolean":
        if not isinstance(raw, bool):
            raise BadValueError(f"{field.label} is true or false, not {_said(raw)}.", "Choose yes or no.")
        return raw
    text = _text(field, raw)
    if kind == "choice":
        known = {choice.value for choice in field.choices()}
        if text not in known:
            raise BadValueError(f"{field.label} has no value “{text[:40]}”.", _offer(field))
    return text


def _number(raw: Any) -> Decimal:
    remedy = f"Write a number such as 250000, with up to {MOST_DECIMALS} decimals and {MOST_DIGITS} digits."
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        said = (
            f"“{raw[:40]}” is no number."
            if isinstance(raw, str)
            else f"A number is compared here, not {_said(raw)}."
        )
        raise BadValueError(said, remedy)
    if isinstance(raw, int) and abs(raw) > LARGEST:
        raise BadValueError("The number is too large.", f"Stay below {LARGEST:,.0f}.")
    number = raw if isinstance(raw, Decimal) else Decimal(str(raw))
    if not number.is_finite():
        raise BadValueError("This is no number that anything could be compared with.", remedy)
    if abs(number) > LARGEST:
        raise BadValueError("The number is too large.", f"Stay below {LARGEST:,.0f}.")
    _, digits, exponent = number.normalize().as_tuple()
    if isinstance(exponent, int) and (-exponent > MOST_DECIMALS or len(digits) > MOST_DIGITS):
        raise BadValueError("The number has too many digits.", remedy)
    return number.normalize() + 0


def _days(raw: Any) -> int:
    # Bounded first: a Decimal of many digits can't even be divided.
    if isinstance(raw, float | Decimal) and -1 < raw <= MOST_DAYS and raw == int(raw):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= MOST_DAYS:
        said = f"“{raw[:40]}”" if isinstance(raw, str) else "This"
        raise BadValueError(f"{said} is no number of days.", f"Write a whole number from 0 to {MOST_DAYS}.")
    return raw


def _date(raw: Any) -> date:
    remedy = "Write a day such as 2026-11-22."
    if isinstance(raw, date):
        day = raw
    elif isinstance(raw, str):
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            raise BadValueError(f"“{raw[:40]}” is no date.", remedy) from None
    else:
        raise BadValueError(f"A date is compared here, not {_said(raw)}.", remedy)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadValueError(
            "The date is too far away.", f"Stay between {FIRST_DAY.year} and {LAST_DAY.year}."
        )
    return day


def _text(field: ConditionField, raw: Any) -> str:
    if not isinstance(raw, str):
        raise BadValueError(f"{field.label} is a text, not {_said(raw)}.", "Put the value in quotes.")
    if not raw.strip():
        raise BadValueError("The text is empty.", "Write a text, or ask whether the field is empty.")
    if len(raw) > LONGEST_TEXT:
        raise BadValueError(f"The text has {len(raw):,} letters.", f"Use at most {LONGEST_TEXT}.")
    if not is_storable(raw):
        raise BadValueError("The text has characters that can't be stored.", "Write it again.")
    return raw.strip()


def is_storable(text: str) -> bool:
    """Return whether the database can hold the text: no NUL, no half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _said(raw: Any) -> str:
    return JSON_WORDS.get(type(raw), "this")


def _wanted(field: ConditionField, operator: Operator) -> str:
    if field.kind == "choice":
        return _offer(field)
    return {
        "many": "Give a list with at least one value.",
        "pair": "Give a list of two values, the smaller one first.",
        "days": f"Give a whole number of days from 0 to {MOST_DAYS}.",
    }.get(operator.shape, "Give a value to compare with.")


def _offer(field: ConditionField) -> str:
    values = [choice.value for choice in field.choices()]
    shown = ", ".join(values[:12])
    return (
        f"Choose from {shown}{' and others' if len(values) > 12 else ''}."
        if values
        else "Choose another field."
    )


def value_data(value: Any) -> Any:
    """Return a checked value as JSON has it; ``check_value`` gives the same value back."""
    if isinstance(value, tuple):
        return [value_data(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value


def value_words(field: ConditionField, operator: Operator, value: Any) -> str:
    """Tell what is compared with, numbers in full: ``€150,000``, ``90 days``, ``Energy or Retail``."""
    if operator.shape == "none":
        return ""
    if operator.shape == "days":
        return format_count(value, "day")
    if operator.shape == "many":
        return _either([_quoted(field, one) for one in value])
    if operator.shape == "pair":
        return f"{_exact(field, value[0])} and {_exact(field, value[1])}"
    return _quoted(field, value)


def actual_words(field: ConditionField, actual: Any, *beside: Any) -> str:
    """Tell an account's value; with as many decimals as it takes to differ from what it is compared with."""
    if not isinstance(actual, Decimal):
        return _quoted(field, actual)
    text = _amount(field, actual, None)
    others = [other for other in beside if isinstance(other, Decimal) and other != actual]
    for decimals in range(1, MOST_DECIMALS + 1):
        if all(text != _amount(field, other, None if decimals == 1 else decimals - 1) for other in others):
            break
        text = _amount(field, actual, decimals)
    return text


def _quoted(field: ConditionField, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return _exact(field, value)
    if isinstance(value, date):
        return format_date(value)
    if isinstance(value, list | tuple):
        return ", ".join(f"“{one}”" for one in value)
    if field.kind == "choice":
        return next((choice.label for choice in field.choices() if choice.value == value), str(value))
    return f"“{value}”"


def _exact(field: ConditionField, value: Any) -> str:
    if not isinstance(value, Decimal):
        return _quoted(field, value)
    shown = value * 100 if field.kind == "ratio" else value
    exponent = shown.normalize().as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    if field.kind == "money" and decimals:
        decimals = max(2, decimals)
    return _amount(field, value, decimals)


def _amount(field: ConditionField, value: Decimal, decimals: int | None) -> str:
    if field.kind == "money":
        return format_money(value, settings.REPORTING_CURRENCY, decimals=decimals)
    if field.kind == "ratio":
        return format_percent(value, 1 if decimals is None else decimals)
    if field.kind == "days":
        return f"{format_number(value, decimals)} {'day' if value == 1 else 'days'}"
    return format_unit(value, field.unit, decimals)


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
