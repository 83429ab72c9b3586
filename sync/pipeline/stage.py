"""Bring the rows of a batch into a temporary table by one COPY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection
from msgspec import UNSET
from psycopg import sql

from common.sql import column_list, load_sql
from sync.declarations import Field, Resource
from sync.pipeline.batch import Run

CUSTOM_BIT_NAME = "custom"


@dataclass(frozen=True, slots=True)
class Presence:
    """Which columns the rows of a batch bring: all of them bring ``full``; ``partial`` only some do.

    A column in neither is brought by none.
    """

    full: tuple[str, ...]
    partial: tuple[str, ...]

    @property
    def brought(self) -> list[str]:
        """Every column that at least one row brings."""
        return [*self.full, *self.partial]


def stage_rows(run: Run) -> Presence:
    """Create ``sync_stage`` and fill it with the rows in play; absent values stage as the empty one."""
    resource = run.resource
    rows = run.rows
    masks = [0] * len(rows)
    columns: list[list[Any]] = []
    full: list[str] = []
    partial: list[str] = []
    for position, item in enumerate(resource.fields):
        values = [getattr(row.record, item.name) for row in rows]
        absent = _mark_present(values, masks, 1 << position)
        _sort_in(item.column, absent, len(values), full, partial)
        columns.append(_column(run, item, values, absent=absent))
    custom = [row.record.custom for row in rows]
    absent = _mark_present(custom, masks, 1 << len(resource.fields))
    # Own fields are merged by key, so they are never simply replaced.
    _sort_in("custom", absent, len(custom), partial, partial)
    columns.append([_custom(value, is_new=row.is_new) for value, row in zip(custom, rows, strict=True)])
    _copy(run, masks, columns)
    return Presence(tuple(full), tuple(partial))


def _mark_present(values: list[Any], masks: list[int], bit: int) -> int:
    """Set ``bit`` in the mask of each row that brings a value; return how many don't."""
    absent = values.count(UNSET)
    if not absent:
        for index in range(len(masks)):
            masks[index] |= bit
    elif absent < len(values):
        for index, value in enumerate(values):
            if value is not UNSET:
                masks[index] |= bit
    return absent


def _sort_in(column: str, absent: int, rows: int, full: list[str], partial: list[str]) -> None:
    if not absent:
        full.append(column)
    elif absent < rows:
        partial.append(column)


def _column(run: Run, item: Field, values: list[Any], *, absent: int) -> list[Any]:
    """Return what COPY writes for one field: ids for references, JSON text for documents."""
    empty = _empty(item)
    if absent == len(values):
        return [empty] * len(values)
    if item.reference or item.vocabulary:
        return [row.targets.get(item.name) for row in run.rows]
    if item.is_json:
        return [empty if value is UNSET or value is None else _json(value) for value in values]
    return [empty if value is UNSET or value is None else value for value in values]


def _empty(item: Field) -> Any:
    return _json(item.cleared) if item.is_json and item.cleared is not None else item.cleared


def _custom(value: Any, *, is_new: bool) -> str | None:
    if value is UNSET:
        return "{}"
    if value is None:
        return "{}" if is_new else None
    if is_new:
        value = {key: held for key, held in value.items() if held is not None}
    return _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _copy(run: Run, masks: list[int], columns: list[list[Any]]) -> None:
    rows = run.rows
    names = column_list(run.resource.columns)
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "stage", columns=names, target=sql.Identifier(run.resource.table)))
        with cursor.copy(load_sql("sync", "stage_copy", columns=names)) as copy:
            write = copy.write_row
            for values in zip(
                [row.index for row in rows],
                [row.record.external_id for row in rows],
                [row.source_time for row in rows],
                [row.link_id for row in rows],
                [row.object_id for row in rows],
                [row.kind for row in rows],
                masks,
                *columns,
                strict=True,
            ):
                write(values)


def fill_absent(resource: Resource, presence: Presence, *, everything: bool) -> None:
    """Complete staged rows from what is held, so that later statements need no bitmask.

    ``everything`` fills columns that no row brings as well, for rules that look at them.
    """
    wanted = set(presence.partial)
    if everything:
        wanted |= set(resource.columns) - set(presence.full)
    if not wanted:
        return
    pieces = [
        sql.SQL("{column} = CASE WHEN s.sync_present & {bit} <> 0 THEN {mine} ELSE t.{column} END").format(
            column=sql.Identifier(column),
            bit=sql.Literal(1 << position),
            mine=_merged_custom() if column == "custom" else sql.Identifier("s", column),
        )
        for position, column in enumerate(resource.columns)
        if column in wanted
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql(
                "sync",
                "fill",
                assignments=sql.SQL(", ").join(pieces),
                target=sql.Identifier(resource.table),
            )
        )


def _merged_custom() -> sql.Composable:
    return sql.SQL(
        "CASE WHEN s.custom IS NULL THEN '{{}}'::jsonb ELSE jsonb_strip_nulls(t.custom || s.custom) END"
    ).format()
