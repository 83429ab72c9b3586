"""Pages of accounts by any column, both ways, without counting or skipping rows.

The order is: rows with a value, by value and then id; then rows without one, by id. Each part is read from
the index that serves it, so a deep page costs what the first does.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from accounts.lenses.registry import NUMERIC, Column
from accounts.models import Account

LARGEST_ID = 2**63 - 1
LARGEST_NUMBER = Decimal("1e30")
TEXT = frozenset({"text", "choice", "country"})

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of a row in an order; ``value`` is None among the rows without one."""

    value: Any
    pk: int

    def encode(self) -> str:
        """Return the cursor for a URL."""
        text = json.dumps([None if self.value is None else str(self.value), self.pk], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class BadCursorError(ValueError):
    """The text is no cursor of this order."""


def decode_cursor(text: str, column: Column) -> Cursor:
    """Return the cursor for an order by ``column``; raises BadCursorError for anything else."""
    try:
        padded = text + "=" * (-len(text) % 4)
        held = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        value, pk = held
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise BadCursorError(text) from error
    if not isinstance(pk, int) or isinstance(pk, bool) or not 0 <= pk <= LARGEST_ID:
        raise BadCursorError(text)
    if value is None:
        return Cursor(None, pk)
    if not isinstance(value, str) or "\x00" in value:
        raise BadCursorError(text)
    return Cursor(_parse(value, column), pk)


def _parse(text: str, column: Column) -> Any:
    try:
        if column.kind == "date":
            return date.fromisoformat(text)
        if column.kind in NUMERIC or column.kind in ("tier", "health"):
            number = Decimal(text)
            if not number.is_finite() or abs(number) > LARGEST_NUMBER:
                raise BadCursorError(text)
            return number
    except (InvalidOperation, ValueError) as error:
        raise BadCursorError(text) from error
    text.encode()
    return text


@dataclass(frozen=True)
class Order:
    """An order of accounts by one column."""

    column: Column
    descending: bool

    @property
    def _is_standing(self) -> bool:
        return self.column.field.startswith("standing__")

    @property
    def _pk(self) -> str:
        return "standing__account_id" if self._is_standing else "pk"

    def valued(
        self, accounts: QuerySet[Account], beyond: Cursor | None, *, backward: bool
    ) -> QuerySet[Account]:
        """Return the rows with a value, beyond a cursor in the direction of reading."""
        field, pk = F(self.column.field), F(self._pk)
        found = accounts.exclude(**{self.column.field: ""}) if self._is_text else accounts
        if not self._is_text:
            found = found.filter(**{f"{self.column.field}__isnull": False})
        falling = self.descending is not backward
        if beyond is not None:
            compare = TupleLessThan if falling else TupleGreaterThan
            found = found.filter(compare(Tuple(field, pk), (beyond.value, beyond.pk)))
        # Said as the indexes say it (standing's are "descending, nulls last"), or they could not be used.
        nulls = {"nulls_last": True} if falling else {"nulls_first": True}
        nulls = nulls if self._is_standing else {}
        if falling:
            return found.order_by(field.desc(**nulls), pk.desc())
        return found.order_by(field.asc(**nulls), pk.asc())

    def blank(
        self, accounts: QuerySet[Account], beyond: Cursor | None, *, backward: bool
    ) -> QuerySet[Account]:
        """Return the rows without a value, beyond a cursor in the direction of reading."""
        is_blank = (
            Q(**{self.column.field: ""}) if self._is_text else Q(**{f"{self.column.field}__isnull": True})
        )
        found = accounts.filter(is_blank)
        falling = self.descending is not backward
        if beyond is not None:
            found = found.filter(pk__lt=beyond.pk) if falling else found.filter(pk__gt=beyond.pk)
        return found.order_by("-pk" if falling else "pk")

    @property
    def _is_text(self) -> bool:
        return self.column.kind in TEXT


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in their order, with the cursors of the pages beside; empty where there is none."""

    rows: Sequence[Row]
    previous: str
    next: str


def read_page(
    accounts: QuerySet[Account],
    order: Order,
    fields: Sequence[str],
    size: int,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
) -> Page:
    """Read up to ``size`` rows after a cursor, or before one, in one query or, across the blanks' edge, two.

    Each row holds what ``row_fields`` lists.
    """
    backward = before is not None
    place = before if backward else after
    in_blank = place is not None and place.value is None
    parts = [order.valued, order.blank]
    if backward:
        parts = [order.blank, order.valued] if in_blank else [order.valued]
    elif in_blank:
        parts = [order.blank]
    wanted = row_fields(order, fields)
    rows: list[Row] = []
    for part in parts:
        if len(rows) <= size:
            is_cursors_part = place is not None and (part == order.blank) is in_blank
            found = part(accounts, place if is_cursors_part else None, backward=backward)
            rows += found.values_list(*wanted)[: size + 1 - len(rows)]
    has_more = len(rows) > size
    del rows[size:]
    if backward:
        rows.reverse()
    if not rows:
        return Page((), "", "")
    has_previous = has_more if backward else after is not None
    has_next = True if backward else has_more
    return Page(
        rows,
        _cursor(rows[0], order).encode() if has_previous else "",
        _cursor(rows[-1], order).encode() if has_next else "",
    )


def row_fields(order: Order, fields: Sequence[str]) -> list[str]:
    """Return what a row holds: the account's id, the value sorted by, then the other ``fields``, each once."""
    return list(dict.fromkeys(("pk", order.column.field, *fields)))


def _cursor(row: Row, order: Order) -> Cursor:
    return Cursor(None if row[1] in (None, "") else row[1], row[0])
