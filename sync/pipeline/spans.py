"""Which time a batch is about, so that only those partitions of a stream are opened."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.db import connection
from msgspec import UNSET
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource
from sync.models import Batch
from sync.pipeline.batch import Run

# A tracked event sent twice has the same time, or its time of arrival where it had none.
REPEATED_WITHIN = timedelta(days=35)
EVERYTHING = sql.SQL("TRUE")


def searched(run: Run) -> sql.Composable:
    """Return the condition under which records of the batch are looked for.

    Records that may be corrected are looked for everywhere, since a correction may move them in time; tracked
    events within the months around their batch. Ten thousand look-ups take 10 ms a partition.
    """
    field = run.resource.partitioned_by
    if not field or run.mode != Batch.Mode.APPEND:
        return EVERYTHING
    times = [value for row in run.rows if (value := getattr(row.record, field)) is not UNSET and value]
    if not times:
        return EVERYTHING
    return _between(run.resource, min(times) - REPEATED_WITHIN, max(times) + REPEATED_WITHIN)


def note_held(run: Run) -> None:
    """Note from when to when the objects lie that the batch changes."""
    if not run.resource.partitioned_by:
        return
    held = [row.record.external_id for row in run.rows if not row.is_new]
    if not held:
        return
    query = load_sql(
        "sync",
        "span_held",
        target=sql.Identifier(run.resource.table),
        moment=sql.Identifier(run.resource.fields_by_name[run.resource.partitioned_by].column),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [run.source.pk, msgspec.json.encode(held).decode()])
        run.held_span = cursor.fetchone()


def within(run: Run, alias: str) -> sql.Composable:
    """Return the condition on the held rows of the batch, called ``alias`` in the statement."""
    return EVERYTHING if run.held_span is None else _between(run.resource, *run.held_span, alias=alias)


def _between(resource: Resource, first: datetime, last: datetime, alias: str = "") -> sql.Composable:
    column = resource.fields_by_name[resource.partitioned_by].column
    name = sql.Identifier(alias, column) if alias else sql.Identifier(column)
    return sql.SQL("{0} >= {1} AND {0} <= {2}").format(name, sql.Literal(first), sql.Literal(last))
