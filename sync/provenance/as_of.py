"""A record as it was at a moment, from its change rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource


def end_of(day: date) -> datetime:
    """Return the last moment of a day, by which every dated number is read too (UTC)."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC) - timedelta(microseconds=1)


def values_as_of(resource: Resource, object_id: int, moment: datetime) -> dict[str, Any] | None:
    """Return the columns of a record at ``moment``, with ``deleted_at``; None where it wasn't there yet.

    One query over the change rows of the one record.
    """
    columns = [*resource.columns, "deleted_at"]
    wanted = sql.SQL(", ").join(sql.Identifier("t", column) for column in columns)
    row = select_as_of(resource, object_id, moment, wanted)
    if row is None:
        return None
    return dict(zip(columns, row, strict=True))


def select_as_of(
    resource: Resource, object_id: int, moment: datetime, wanted: sql.Composable
) -> tuple[Any, ...] | None:
    """Return ``wanted`` of a record at ``moment``: it stands there as ``t``, ``held.changed_at`` is its last change."""
    query = load_sql(
        "sync",
        "provenance/as_of",
        columns=sql.SQL(", ").join(
            sql.SQL("({}, {})").format(sql.Literal(name), sql.Literal(column))
            for name, column in [
                *((item.name, item.column) for item in resource.fields),
                ("custom", "custom"),
            ]
        ),
        wanted=wanted,
        target=sql.Identifier(resource.table),
    )
    params: dict[str, Any] = {"object": object_id, "resource": resource.key, "moment": moment}
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()  # type: ignore[no-any-return]
