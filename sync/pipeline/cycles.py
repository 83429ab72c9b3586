"""Refuse records that would make an object its own ancestor."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection
from psycopg import sql

from common.sql import load_sql
from sync.declarations import FieldError
from sync.pipeline.batch import Run


def refuse_cycles(run: Run, fields: list[str]) -> int:
    """Reject rows whose reference closes a circle, by field; return how many.

    All rows of the batch count at once, so two records may swap their places. Of a circle's rows the last
    sent is refused. The resource's lock keeps the ancestors still meanwhile.
    """
    refused = 0
    for name in fields:
        refused += _refuse(run, name)
    if refused:
        run.drop_settled()
    return refused


def _refuse(run: Run, name: str) -> int:
    # A new row without a number yet is one that no other row points to, so no circle leads through it.
    moved = {row.object_id: row for row in run.rows if row.targets and row.object_id and row.target(name)}
    if not moved:
        return 0
    held = _ancestors(run, name, {row.target(name) for row in moved.values()})
    edges = held | {object_id: row.target(name) for object_id, row in moved.items()}
    for row in run.rows:
        if row.object_id and getattr(row.record, name) is None:
            edges[row.object_id] = None
    refused = 0
    safe: set[int] = set()
    for start in moved:
        while ring := circle(start, edges, safe):
            row = max((moved[item] for item in ring if item in moved), key=lambda item: item.index)
            detail = "This would make the record its own ancestor."
            run.reject(row, FieldError(name, "circular_reference", detail))
            refused += 1
            if row.object_id in held:
                edges[row.object_id] = held[row.object_id]
            else:
                del edges[row.object_id]
    return refused


def circle(start: int, edges: Mapping[int, int | None], safe: set[int]) -> list[int]:
    """Return the circle that one comes to from ``start``, or nothing; notes in ``safe`` what leads to none."""
    path: list[int] = []
    seen: set[int] = set()
    here: int | None = start
    while here is not None and here not in safe:
        if here in seen:
            return path[path.index(here) :]
        seen.add(here)
        path.append(here)
        here = edges.get(here)
    safe.update(path)
    return []


def _ancestors(run: Run, name: str, starts: set[int | None]) -> dict[int, int | None]:
    query = load_sql(
        "sync",
        "ancestors",
        target=sql.Identifier(run.resource.table),
        parent=sql.Identifier(run.resource.fields_by_name[name].column),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [list(starts)])
        return dict(cursor.fetchall())
