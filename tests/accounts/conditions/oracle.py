"""What a condition means, said a second time and in plain Python, so that the database can be held to it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any


def holds(data: dict[str, Any], values: dict[str, Any], day: date, *, is_held: bool) -> bool:
    """Return whether the condition, as JSON, holds for an account with these values."""
    if "all" in data:
        return all(holds(part, values, day, is_held=is_held) for part in data["all"])
    if "any" in data:
        return any(holds(part, values, day, is_held=is_held) for part in data["any"])
    if "not" in data:
        return not holds(data["not"], values, day, is_held=is_held)
    return leaf_holds(data, values, day, is_held=is_held)


def leaf_holds(data: dict[str, Any], values: dict[str, Any], day: date, *, is_held: bool) -> bool:
    """Return whether one comparison holds; a missing value makes it false."""
    wanted = data.get("stay", data.get("value")) if is_held else data.get("value")
    actual = values[data["field"]]
    if data["field"].startswith("custom."):
        actual = read_own(actual, wanted)
    if isinstance(actual, frozenset):
        return lists_hold(data["op"], actual, wanted)
    if data["op"] in ("is_empty", "is_set"):
        return (actual is None) is (data["op"] == "is_empty")
    if actual is None:
        return False
    if isinstance(actual, date):
        return date_holds(data["op"], actual, wanted, day)
    if isinstance(actual, list):
        return bool(set(actual) & set(wanted if isinstance(wanted, list) else [wanted]))
    if isinstance(actual, str):
        return text_holds(data["op"], actual, wanted, is_choice=is_choice(data["field"]))
    if isinstance(actual, bool):
        return actual is wanted
    return number_holds(data["op"], Decimal(str(actual)), wanted)


def lists_hold(op: str, actual: frozenset[str], wanted: Any) -> bool:
    """Compare the lists of an account; one on none is on none of those asked about."""
    if op in ("is_empty", "is_set"):
        return bool(actual) is (op == "is_set")
    asked = set(wanted if isinstance(wanted, list) else [wanted])
    return bool(actual & asked) is (op in ("eq", "in"))


def is_choice(key: str) -> bool:
    """Return whether texts of the field are compared letter by letter."""
    choices = ("tier", "crm_tier", "lifecycle", "country", "currency", "health_band", "sentiment")
    return key.partition(".")[2] in choices and not key.startswith("custom.")


def read_own(actual: Any, wanted: Any) -> Any:
    """Return an own field's value as the comparison reads it: of the type it compares with, else as text."""
    sample = wanted[0] if isinstance(wanted, list) else wanted
    if isinstance(sample, bool):
        return actual if isinstance(actual, bool) else None
    if isinstance(sample, int | float):
        return None if isinstance(actual, bool | str) else actual
    if actual is None or actual == "":
        return None
    if isinstance(actual, bool):
        return str(actual).lower()
    return str(actual)


def date_holds(op: str, actual: date, wanted: Any, day: date) -> bool:
    """Compare a date."""
    if op in ("before", "after", "eq"):
        other = date.fromisoformat(wanted)
        return {"before": actual < other, "after": actual > other, "eq": actual == other}[op]
    if op == "between":
        first, last = (date.fromisoformat(one) for one in wanted)
        return first <= actual <= last
    span = timedelta(days=wanted)
    return {
        "within_next_days": day <= actual <= day + span,
        "within_last_days": day - span <= actual <= day,
        "more_than_days_ago": actual < day - span,
        "more_than_days_ahead": actual > day + span,
    }[op]


def fold(text: str) -> str:
    """Return the text in capitals, letter for letter, as the database has them."""
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)


def text_holds(op: str, actual: str, wanted: Any, *, is_choice: bool) -> bool:
    """Compare a text, its case aside unless it is a choice."""
    case = (lambda text: text) if is_choice else fold
    held, asked = case(actual), [case(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
    if op in ("eq", "in"):
        return held in asked
    if op in ("ne", "not_in"):
        return held not in asked
    return asked[0] in held if op == "contains" else held.startswith(asked[0])


def number_holds(op: str, actual: Decimal, wanted: Any) -> bool:
    """Compare a number."""
    if op == "between":
        return Decimal(str(wanted[0])) <= actual <= Decimal(str(wanted[1]))
    other = Decimal(str(wanted))
    return {
        "gte": actual >= other,
        "lte": actual <= other,
        "gt": actual > other,
        "lt": actual < other,
        "eq": actual == other,
        "ne": actual != other,
    }[op]
