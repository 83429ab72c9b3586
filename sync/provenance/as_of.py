"""A record as it was at a moment, from its change rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource

CAME = sql.Identifier("came", "moment")


def end_of(day: date) -> datetime:
    """Return the last moment of a day, by which every dated number is read too (UTC)."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC) - timedelta(microseconds=1)


def values_as_of(
    resource: Resource, object_id: int, moment: datetime, *, or_first: bool = False
) -> dict[str, Any] | None:
    """Return the columns of a record at ``moment``, with ``deleted_at`` and ``came_at``; one query.

    None where it wasn't there yet, unless ``or_first`` asks for what it was when it came.
    """
    columns = [*resource.columns, "deleted_at"]
    wanted = sql.SQL(", ").join([*(sql.Identifier("t", column) for column in columns), CAME])
    query = as_of_sql(resource, wanted)
    params: dict[str, Any] = {
        "object": object_id,
        "resource": resource.key,
        "moment": moment,
        "or_first": or_first,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        row = cursor.fetchone()
    if row is None:
        return None
    values = dict(zip([*columns, "came_at"], row, strict=True))
    for column in ("custom", *(item.column for item in resource.fields if item.is_json)):
        # Django's cursor leaves JSON as text, so that its own fields may decode it.
        if isinstance(values[column], str):
            values[column] = json.loads(values[column])
    return values


def as_of_sql(resource: Resource, wanted: sql.Composable) -> str:
    """Return the query for ``wanted`` of a record at a moment, where it stands as ``t``.

    ``held.changed_at`` is its last change by then. Takes ``object``, ``resource``, ``moment`` and ``or_first``.
    """
    names = [*((item.name, item.column) for item in resource.fields), ("custom", "custom")]
    return load_sql(
        "sync",
        "provenance/as_of",
        columns=sql.SQL(", ").join(
            sql.SQL("({}, {})").format(sql.Literal(name), sql.Literal(column)) for name, column in names
        ),
        wanted=wanted,
        target=sql.Identifier(resource.table),
    )
