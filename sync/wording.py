"""What is wrong with a value, in words that need no knowledge of msgspec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

TYPES = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "str": "a text",
    "bool": "true or false",
    "datetime": "a time",
    "date": "a day",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
WRONG_TYPE = re.compile(r"^Expected `(?P<wanted>[^`]+)`, got `(?P<given>[^`]+)`$")
LENGTH = re.compile(r"^Expected `(?P<type>str|array|object)` of length (?P<way><=|>=) (?P<bound>\d+)$")
RANGE = re.compile(r"^Expected `\w+` (?P<way>[<>]=?) (?P<bound>\S+)$")
ENUM = re.compile(r"^Invalid enum value (?P<given>.+)$", re.DOTALL)
ENTRIES = {"str": "characters", "array": "entries", "object": "keys"}
BOUNDS = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}
FORMATS = {
    "Invalid RFC3339 encoded datetime": "Expected a time as in ISO 8601, such as 2026-06-30T12:00:00Z.",
    "Expected `datetime` with a timezone component": "The time needs its offset, such as 2026-06-30T12:00:00Z.",
    "Invalid RFC3339 encoded date": "Expected a day as in ISO 8601, such as 2026-06-30.",
    "Invalid decimal string": "Expected a number, such as 1234.56.",
}


def in_words(detail: str, hint: Any = None) -> str:
    """Return msgspec's account of a value as a sentence; ``hint`` is its declared type, for the words it takes."""
    if detail in FORMATS:
        return FORMATS[detail]
    if found := WRONG_TYPE.match(detail):
        return f"Expected {_types(found['wanted'])}, not {_types(found['given'])}."
    if found := LENGTH.match(detail):
        if found["way"] == ">=" and found["bound"] == "1":
            return "This may not be empty."
        return f"Expected {BOUNDS[found['way']]} {int(found['bound']):,} {ENTRIES[found['type']]}."
    if found := RANGE.match(detail):
        return f"Expected {BOUNDS[found['way']]} {found['bound']}."
    if found := ENUM.match(detail):
        words = ", ".join(str(word) for word in _words(hint))
        return f"Expected one of {words}; not {found['given']}." if words else f"{detail}."
    return f"{detail}."


def _types(names: str) -> str:
    words = list(dict.fromkeys(TYPES.get(name, name) for name in names.split(" | ")))
    # A whole number is a number; naming both tells a reader nothing more.
    if "a number" in words and "a whole number" in words:
        words.remove("a whole number")
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _words(hint: Any) -> Iterator[Any]:
    if isinstance(hint, type) and issubclass(hint, Enum):
        yield from (member.value for member in hint)
    elif get_origin(hint) is Literal:
        yield from get_args(hint)
    else:
        for part in get_args(hint):
            yield from _words(part)
