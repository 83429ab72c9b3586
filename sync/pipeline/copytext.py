"""COPY's text format, a column at a time: three times as quick as writing row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import Any

import msgspec

NULL = r"\N"
ENCODED_AS_TEXT = {datetime, date, Decimal}
SPECIAL = ("\\", "\t", "\n", "\r")


def copy_text(columns: Sequence[Sequence[Any]]) -> bytes:
    """Return the rows of ``columns`` (all of one length) as COPY reads them.

    Takes None, str, bool, int, float, Decimal, date, datetime, enum members of such values and lists of str.
    """
    rows = zip(*(_texts(column) for column in columns), strict=True)
    text = "\n".join(map("\t".join, rows))
    return f"{text}\n".encode() if text else b""


def _texts(column: Sequence[Any]) -> Iterable[str]:
    kinds = set(map(type, column))
    if kinds == {str}:
        return _escaped(column)
    if kinds == {type(None)}:
        return [NULL] * len(column)
    if kinds == {bool}:
        return ["t" if value else "f" for value in column]
    if kinds == {int}:
        return map(str, column)
    if kinds <= ENCODED_AS_TEXT:
        return _encoded(column)
    if kinds == {list}:
        return _arrays(column)
    if kinds == {str, type(None)}:
        texts = iter(_escaped([value for value in column if value is not None]))
        return [NULL if value is None else next(texts) for value in column]
    writers = {kind: _writer(kind) for kind in kinds}
    return [writers[type(value)](value) for value in column]


def _escaped(texts: Sequence[str]) -> Sequence[str]:
    together = "".join(texts)
    if any(special in together for special in SPECIAL):
        return [_escape(text) for text in texts]
    return texts


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _writer(kind: type) -> Callable[[Any], str]:
    if kind is type(None):
        return lambda _: NULL
    if kind is bool:
        return lambda value: "t" if value else "f"
    if issubclass(kind, Enum):
        return lambda value: _escape(str(value._value_))
    if issubclass(kind, str):
        return _escape
    if issubclass(kind, int | float | Decimal):
        return str
    if issubclass(kind, date):
        return lambda value: str(value.isoformat())
    if issubclass(kind, list):
        return lambda value: _arrays([value])[0]
    raise TypeError(f"COPY can't write a {kind.__name__}.")


def _encoded(column: Sequence[Any]) -> Sequence[str]:
    # Ten times as quick as isoformat for each.
    return msgspec.json.decode(msgspec.json.encode(column), type=list[str])


def _arrays(column: Sequence[list[str]]) -> Sequence[str]:
    together = "".join(chain.from_iterable(column))
    if '"' in together or "\\" in together:
        column = [[item.replace("\\", "\\\\").replace('"', '\\"') for item in items] for items in column]
    return _escaped(['{"' + '","'.join(items) + '"}' if items else "{}" for items in column])
