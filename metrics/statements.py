"""SQL kept in files, with queries of the ORM and values put in by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

_PLACE = re.compile(r"\{([a-z][a-z_]*)\}")


class Slice(Enum):
    """Stands for an end of the slice of accounts until the engine knows it.

    PostgreSQL pushes a range down through groups, but not into the far side of an outer join: there a
    statement says itself that it wants the slice only.
    """

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters in order."""

    sql: str
    params: tuple[Any, ...] = ()

    def within(self, first: int, last: int) -> Statement:
        """Put the ends of a slice where the statement asks for them."""
        ends = {Slice.FIRST: first, Slice.LAST: last}
        return Statement(
            self.sql, tuple(ends[param] if isinstance(param, Slice) else param for param in self.params)
        )

    def execute(self) -> int:
        """Run it and return the number of rows written."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.params)
            return int(cursor.rowcount)

    def fetch(self) -> list[tuple[Any, ...]]:
        """Run it and return its rows."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.params)
            return list(cursor.fetchall())

    def fetch_dicts(self) -> list[dict[str, Any]]:
        """Run it and return its rows by column name."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.params)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# What a QuerySet that can hold nothing (``.none()``) stands for: a source without rows.
NOTHING = Statement("SELECT NULL::bigint AS account_id, NULL::numeric AS value WHERE false")


def compile_query(source: QuerySet[Any, Any] | Statement) -> Statement:
    """Return the SQL that ``source`` would run, without its order."""
    if isinstance(source, Statement):
        return source
    try:
        sql, params = source.order_by().query.sql_with_params()
    except EmptyResultSet:
        return NOTHING
    return Statement(sql, tuple(params))


def compose(template: str, **parts: Any) -> Statement:
    """Fill the ``{name}`` places of ``template``.

    A Statement or a QuerySet is put in as SQL with its parameters, anything else as a parameter. Literal
    per-cent signs in the template must be doubled. Raises KeyError for a place without a part.
    """
    sql: list[str] = []
    params: list[Any] = []
    end = 0
    for place in _PLACE.finditer(template):
        sql.append(template[end : place.start()])
        end = place.end()
        part = parts[place[1]]
        if isinstance(part, Statement | QuerySet):
            inner = compile_query(part)
            sql.append(inner.sql)
            params.extend(inner.params)
        else:
            sql.append("%s")
            params.append(part)
    sql.append(template[end:])
    return Statement("".join(sql), tuple(params))


def load(app: str, name: str, **parts: Any) -> Statement:
    """Return ``<app>/sql/<name>.sql`` with its places filled."""
    return compose(_read(app, name), **parts)


def joined(between: str, statements: Sequence[Statement]) -> Statement:
    """Return statements as one, with ``between`` between them."""
    return Statement(
        between.join(statement.sql for statement in statements),
        tuple(param for statement in statements for param in statement.params),
    )


@cache
def _read(app: str, name: str) -> str:
    return (Path(apps.get_app_config(app).path) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
