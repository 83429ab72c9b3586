"""From one cell to the value of a field; what can't be read is said in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from common.codes import countries
from common.export import original_text
from sync.declarations import Reference
from sync.files.columns import cell_text
from sync.files.detection.dates import EPOCH, parse_moment
from sync.files.detection.numbers import parse_number
from sync.files.plan import ColumnPlan
from sync.files.storage import Cell
from sync.files.targets import (
    CHOICE,
    DATE,
    DOCUMENT,
    FLAG,
    LIST,
    MOMENT,
    NUMBER,
    REFERENCE,
    WHOLE,
    WORD,
    Target,
)
from sync.normalise import keep_country

Reader = Callable[[Cell], Any]

YES = "true yes y 1 t on x ja j wahr oui vrai o si sí s sì vero verdadero active aktiv"
NO = "false no n 0 f off nein falsch non faux falso inactive inaktiv"
# A spreadsheet keeps 15 digits of a number; the rest of a longer id is lost already.
EXACT = 10**15
MOST_DIGITS = 18


def reader_of(target: Target, column: ColumnPlan, zone: ZoneInfo) -> Reader:
    """Return what reads the cells of a column for a field; it raises ValueError ``code|sentence``."""
    if target.kind == NUMBER:
        wants_float = target.base is float
        return lambda cell: _number(cell, column.numbers, wants_float=wants_float)
    if target.kind == WHOLE:
        return lambda cell: _whole(cell, column.numbers)
    if target.kind == FLAG:
        return _flag
    if target.kind == DATE:
        return lambda cell: _day(cell, column.dates)
    if target.kind == MOMENT:
        return lambda cell: _moment(cell, column.dates, zone)
    if target.kind in (CHOICE, WORD):
        return _choice(target)
    if target.kind == LIST:
        return _list
    if target.kind == DOCUMENT:
        return _document
    if target.kind == REFERENCE and column.by == "id" and column.source:
        return lambda cell: Reference(column.source, text(cell))
    if target.field is not None and target.field.normalise is keep_country:
        return _country
    return text


def text(cell: Cell) -> str:
    """Return a cell as text without outer blanks, and without the apostrophe that an export puts before a formula.

    A number that has lost digits is refused.
    """
    if type(cell) is str:
        return original_text(cell.strip())
    if isinstance(cell, int | float) and abs(cell) >= EXACT:
        raise ValueError(
            "lost_digits|A spreadsheet keeps 15 digits of a number. Format the column as text and type the value anew."
        )
    return cell_text(cell)


def own_value(cell: Cell) -> str | int | float | bool:
    """Return a cell as the value of an own field: text stays text, also where it looks like a number."""
    if isinstance(cell, bool | int | float):
        return cell
    return text(cell)


def _number(cell: Cell, style: str, *, wants_float: bool) -> Decimal | float:
    if isinstance(cell, bool | datetime):
        raise ValueError(f"wrong_type|“{cell_text(cell)}” is no number.")
    number = parse_number(cell, style or "dot") if isinstance(cell, str) else Decimal(str(cell))
    return float(number) if wants_float else number


def _whole(cell: Cell, style: str) -> int:
    if type(cell) is int:
        return cell
    number = _number(cell, style, wants_float=False)
    assert isinstance(number, Decimal)
    if number.adjusted() > MOST_DIGITS:
        raise ValueError("out_of_range|The number has too many digits.")
    if number != number.to_integral_value():
        raise ValueError(f"wrong_type|“{cell_text(cell)[:60]}” is no whole number.")
    return int(number)


def _flag(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    word = cell_text(cell).strip().lower()
    flag = word in YES.split()
    if not flag and word not in NO.split():
        raise ValueError(f"unknown_value|“{cell_text(cell)[:60]}” is neither yes nor no. Write yes or no.")
    return flag


def _moment(cell: Cell, form: str, zone: ZoneInfo) -> datetime:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=zone)
    if isinstance(cell, bool) or (not isinstance(cell, str) and form not in EPOCH):
        raise ValueError(
            f"wrong_type|“{cell_text(cell)}” is a number, not a date. Format the cell as a date."
        )
    return parse_moment(cell_text(cell), form, zone)


def _day(cell: Cell, form: str) -> Any:
    moment = _moment(cell, form, ZoneInfo("UTC"))
    if moment.hour or moment.minute or moment.second or moment.microsecond:
        raise ValueError(
            f"wrong_format|“{cell_text(cell)[:60]}” has a time of day; only a date can be kept here."
        )
    return moment.date()


def _choice(target: Target) -> Reader:
    if target.field is not None and target.field.vocabulary is not None:
        pairs = [(slug, slug) for slug in target.field.vocabulary.load()]
    else:
        pairs = list(target.choices)
    known = {_word(label): value for value, label in pairs} | {_word(value): value for value, _ in pairs}

    def read(cell: Cell) -> str:
        value = known.get(_word(cell_text(cell)))
        if value is None:
            words = ", ".join(value for value, _ in pairs)
            raise ValueError(f"unknown_value|“{cell_text(cell)[:60]}” is none of: {words}.")
        return value

    return read


def _word(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())


def _list(cell: Cell) -> list[str]:
    held = text(cell)
    if held.startswith("["):
        try:
            return msgspec.json.decode(held, type=list[str])
        except (msgspec.DecodeError, RecursionError):
            pass
    for sign in (";", "|", "\n", ","):
        if sign in held:
            return [part.strip() for part in held.split(sign) if part.strip()]
    return [held]


def _document(cell: Cell) -> Any:
    try:
        return msgspec.json.decode(cell_text(cell))
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("wrong_format|This field takes JSON, such as {“plan”: “pro”}.") from None


def _country(cell: Cell) -> str:
    held = text(cell)
    if len(held) > 2:
        return _country_codes().get(held.casefold(), held)
    return held


def _country_codes() -> dict[str, str]:
    return {name.casefold(): code for code, name in countries().items()}
