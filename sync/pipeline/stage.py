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
from sync.pipeline.batch import Row, Run
from sync.pipeline.copytext import copy_text
from sync.pipeline.spans import within

# The text of all rows at once would lie in memory three times over; a thousand rows cost no time.
COPIED_AT_ONCE = 1000


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
    rows = run.rows
    records = [row.record for row in rows]
    masks = Masks(len(rows))
    columns: list[list[Any]] = []
    full: list[str] = []
    partial: list[str] = []
    for position, item in enumerate(run.resource.fields):
        name = item.name
        values = [getattr(record, name) for record in records]
        absent = masks.mark(values, 1 << position)
        if not absent:
            full.append(item.column)
        elif absent < len(values):
            partial.append(item.column)
        columns.append(_column(run, item, values, absent=absent))
    custom = [record.custom for record in records]
    if masks.mark(custom, 1 << len(run.resource.fields)) == len(custom):
        columns.append(["{}"] * len(custom))
    else:
        # Own fields are merged by key, so they are never simply replaced.
        partial.append("custom")
        columns.append([_custom(value, is_new=row.is_new) for value, row in zip(custom, rows, strict=True)])
    _copy(run.resource, rows, masks.all(), columns)
    return Presence(tuple(full), tuple(partial))


class Masks:
    """Which fields each row brings, a bit for each; those that all rows bring are kept once."""

    def __init__(self, rows: int) -> None:
        self.everyone = 0
        self.each = [0] * rows

    def mark(self, values: list[Any], bit: int) -> int:
        """Set ``bit`` for each row that brings a value; return how many don't."""
        absent = values.count(UNSET)
        if not absent:
            self.everyone |= bit
        elif absent < len(values):
            self.each = [
                mask if value is UNSET else mask | bit for mask, value in zip(self.each, values, strict=True)
            ]
        return absent

    def all(self) -> list[int]:
        """Return the mask of each row."""
        return [mask | self.everyone for mask in self.each]


def _column(run: Run, item: Field, values: list[Any], *, absent: int) -> list[Any]:
    """Return what COPY writes for one field: ids for references and words, JSON text for documents."""
    empty = _json(item.cleared) if item.is_json and item.cleared is not None else item.cleared
    if absent == len(values):
        return [empty] * len(values)
    if item.reference:
        name = item.name
        return [row.targets.get(name) if row.targets else None for row in run.rows]
    if item.many:
        lists = [row.lists.get(item.name, []) if row.lists else [] for row in run.rows]
        return [[str(number) for number in numbers] for numbers in lists]
    if item.vocabulary:
        known = run.words[item.name].get
        return [known(value) for value in values]
    if item.is_json:
        return [empty if value is UNSET or value is None else _json(value) for value in values]
    if not absent and None not in values:
        return values
    return [empty if value is UNSET or value is None else value for value in values]


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


def _copy(resource: Resource, rows: list[Row], masks: list[int], columns: list[list[Any]]) -> None:
    names = column_list(resource.columns)
    everything: list[list[Any]] = [
        [row.index for row in rows],
        [row.record.external_id for row in rows],
        [row.time for row in rows],
        [row.link_id for row in rows],
        [row.object_id for row in rows],
        [row.kind for row in rows],
        masks,
        [row.digest for row in rows],
        [row.is_shared for row in rows],
        *columns,
    ]
    create_stage(resource)
    with connection.cursor() as cursor, cursor.copy(load_sql("sync", "stage_copy", columns=names)) as copy:
        for start in range(0, len(rows), COPIED_AT_ONCE):
            copy.write(copy_text([column[start : start + COPIED_AT_ONCE] for column in everything]))


def create_stage(resource: Resource) -> None:
    """Create the empty ``sync_stage`` of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql(
                "sync",
                "stage",
                columns=column_list(resource.columns),
                target=sql.Identifier(resource.table),
            )
        )


def drop_stage() -> None:
    """Drop ``sync_stage``, so that the transaction may have another one."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "unstage"))


def unstage(ords: list[int]) -> None:
    """Take rows out of the stage."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sync_stage WHERE sync_ord = ANY(%s)", [ords])


def fill_absent(run: Run, presence: Presence, *, needed: frozenset[str]) -> None:
    """Complete staged rows from what is held, so that later statements need no bitmask.

    ``needed`` are columns that rules look at; they are filled where no row brings them as well.
    """
    wanted = set(presence.partial) | (needed - set(presence.full))
    if not wanted:
        return
    pieces = [
        sql.SQL("{column} = CASE WHEN s.sync_present & {bit} <> 0 THEN {mine} ELSE t.{column} END").format(
            column=sql.Identifier(column),
            bit=sql.Literal(1 << position),
            mine=_merged_custom() if column == "custom" else sql.Identifier("s", column),
        )
        for position, column in enumerate(run.resource.columns)
        if column in wanted
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql(
                "sync",
                "fill",
                assignments=sql.SQL(", ").join(pieces),
                target=sql.Identifier(run.resource.table),
                within=within(run, "t"),
            )
        )


def _merged_custom() -> sql.Composable:
    return sql.SQL(
        "CASE WHEN s.custom IS NULL THEN '{{}}'::jsonb ELSE jsonb_strip_nulls(t.custom || s.custom) END"
    ).format()
