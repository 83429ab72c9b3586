"""Decide field by field what counts for shared objects: what is pinned, else the claim that counts most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from django.db import connection, transaction
from psycopg import sql

from common.sql import column_list, load_sql
from sync.declarations import Field, FieldError, Resource, Rule
from sync.models import OWN_SLUG, Batch
from sync.pipeline.batch import Row, Run
from sync.pipeline.claims import detach_rows, own_references, winners_params
from sync.pipeline.cycles import circle
from sync.pipeline.locks import lock_resource
from sync.pipeline.merge import update_staged
from sync.pipeline.rules import violations
from sync.pipeline.stage import Presence, create_stage, drop_stage, unstage


class UnsettledError(Exception):
    """What counts now would break a rule of the resource; ``field`` and ``detail`` say which."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


def settle_staged(run: Run, presence: Presence) -> Presence:
    """Note what the staged records claim of shared objects, and let the stage hold what counts.

    A record is refused, and claims nothing, where what would count then breaks a rule. Returns which columns
    the rows bring now: those of shared objects bring all.
    """
    while shared := [row for row in run.rows if row.is_shared]:
        try:
            with transaction.atomic():
                _claim(run)
                _settle(
                    run.resource,
                    objects=list({row.object_id for row in shared}),
                    restored=[row.link_id for row in shared if row.link_id],
                )
                _raise_broken(run, {row.index: row for row in shared})
        except _BrokenError as broken:
            for row, rule in broken.rows:
                run.reject(row, FieldError(rule.field, rule.code, rule.detail))
            run.drop_settled()
            unstage([row.index for row, _ in broken.rows])
            detach_rows(run, [row for row, _ in broken.rows])
        else:
            return Presence((), tuple(run.resource.columns))
    return presence


class _BrokenError(Exception):
    """Rows that would break a rule, each with the first that it breaks."""

    def __init__(self, rows: list[tuple[Row, Rule]]) -> None:
        super().__init__()
        self.rows = rows


def _raise_broken(run: Run, shared: dict[int, Row]) -> None:
    if not run.resource.rules:
        return
    rules = run.resource.rules
    # Rows of other objects aren't complete yet; they are looked at later.
    broken = [(shared[index], rules[rule]) for index, rule in violations(run.resource) if index in shared]
    if broken:
        raise _BrokenError(broken)


def _claim(run: Run) -> None:
    resource = run.resource
    params: dict[str, Any] = {
        "resource": resource.key,
        "source": run.source.pk,
        "batch": run.batch_id,
        "bit": 1 << len(resource.fields),
        # What takes a batch back is never taken back itself.
        "keeps": run.mode != Batch.Mode.UNDO,
        "is_own": run.source.is_own,
        "own_source": OWN_SLUG,
        "endings": _endings(resource),
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "claims/touch"), params)
        for said in (
            load_sql("sync", "claims/said", fields=_staged_fields(resource)),
            load_sql("sync", "claims/said_custom"),
        ):
            cursor.execute(load_sql("sync", "claims/stage", said=sql.SQL(said)), params)
        if not run.source.is_own:
            cursor.execute(load_sql("sync", "claims/met"), params)


@transaction.atomic
def settle_objects(
    *, resource: Resource, object_ids: Sequence[int], restored: Sequence[int] = ()
) -> list[int]:
    """Decide anew what counts for shared objects, and write it; return the objects that changed.

    ``restored`` links count although they have a tombstone. Locks the resource. Raises UnsettledError where the
    values that count don't go together.
    """
    objects = list(object_ids)
    return _write_anew(resource, objects, lambda: _settle(resource, objects=objects, restored=list(restored)))


@transaction.atomic
def hold_values(*, resource: Resource, values: Mapping[int, Mapping[str, Any]]) -> list[int]:
    """Let objects hold values that no word stands for any more, by field; return the objects that changed.

    Locks the resource. Raises UnsettledError where they break a rule.
    """
    columns = {item.name: item.column for item in resource.fields} | {"custom": "custom"}
    given = {
        number: {columns[name]: value for name, value in fields.items() if name in columns}
        for number, fields in values.items()
    }
    query = load_sql(
        "sync",
        "claims/hold",
        assignments=sql.SQL(", ").join(
            sql.SQL("{0} = p.{0}").format(sql.Identifier(column)) for column in resource.columns
        ),
        target=sql.Identifier(resource.table),
    )

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute(query, {"values": msgspec.json.encode(given).decode()})

    return _write_anew(resource, list(given), hold)


def _write_anew(resource: Resource, object_ids: Sequence[int], decide: Callable[[], None]) -> list[int]:
    """Stage objects as they are, let ``decide`` change what is staged, and write it."""
    if not object_ids:
        return []
    _, xid = lock_resource(resource, None)
    target = sql.Identifier(resource.table)
    columns = column_list(resource.columns)
    create_stage(resource)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sync", "claims/stage_objects", target=target, columns=columns),
            {"objects": list(object_ids), "everything": _everything(resource)},
        )
        decide()
        cursor.execute("UPDATE sync_stage SET custom = jsonb_strip_nulls(custom)")
        if resource.rules and (broken := violations(resource)):
            rule = resource.rules[broken[0][1]]
            raise UnsettledError(rule.field, rule.detail)
        cursor.execute(
            load_sql(
                "sync",
                "claims/unstage_same",
                target=target,
                staged=column_list(resource.columns, "s"),
                held=column_list(resource.columns, "t"),
            )
        )
        cursor.execute("SELECT id FROM sync_stage")
        changed = [row[0] for row in cursor.fetchall()]
    if changed:
        everything = Presence(tuple(resource.columns), ())
        update_staged(
            resource, everything, {"batch": None, "source": None, "resource": resource.key, "xid": xid}
        )
    drop_stage()
    return changed


def _settle(resource: Resource, *, objects: list[int], restored: list[int]) -> None:
    params = winners_params(resource, objects, restored)
    params |= {"everything": _everything(resource), "cleared": _cleared(resource)}
    query = load_sql(
        "sync",
        "claims/settle",
        winners=sql.SQL(load_sql("sync", "claims/winners")),
        columns=_columns(resource),
        assignments=sql.SQL(", ").join(
            sql.SQL("{0} = p.{0}").format(sql.Identifier(item.column)) for item in resource.fields
        ),
        target=sql.Identifier(resource.table),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, params)
    for name in own_references(resource):
        _break_circles(resource, resource.fields_by_name[name])


def _break_circles(resource: Resource, item: Field) -> None:
    """Leave a reference empty that would make a shared object its own ancestor.

    Words of several sources, each fine alone, may close a circle together. The youngest object loses its parent.
    """
    parent = sql.Identifier(item.column)
    with connection.cursor() as cursor:
        bit = 1 << resource.fields.index(item)
        cursor.execute(load_sql("sync", "claims/staged_parents", parent=parent), {"bit": bit})
        staged = {row[0]: row[1:] for row in cursor.fetchall()}
        shared = {pk: above for pk, (above, is_shared) in staged.items() if is_shared and above}
        if not shared:
            return
        query = load_sql("sync", "ancestors", target=sql.Identifier(resource.table), parent=parent)
        cursor.execute(query, [list(shared.values())])
        edges: dict[int, int | None] = dict(cursor.fetchall())
        edges |= {pk: above for pk, (above, _) in staged.items()}
        safe: set[int] = set()
        lost: list[int] = []
        for start in shared:
            while ring := circle(start, edges, safe):
                loser = max((pk for pk in ring if pk in shared), default=None)
                if loser is None:
                    break
                edges[loser] = None
                lost.append(loser)
        if lost:
            cursor.execute(load_sql("sync", "claims/orphan", parent=parent), [lost])


@cache
def _endings(resource: Resource) -> str:
    """Return which words of other sources end what was decided here about which field, as JSON."""
    found = [
        {"field": name, "ended_by": ending.field, "unless": ending.unless}
        for name, endings in resource.yields.items()
        for ending in endings
    ]
    return msgspec.json.encode(found).decode()


@cache
def _cleared(resource: Resource) -> str:
    """Return the columns that need no value, each with what stands there when it is cleared, as JSON."""
    cleared = {item.column: item.cleared for item in resource.fields if not item.required}
    return msgspec.json.encode(cleared).decode()


def _everything(resource: Resource) -> int:
    """Return the mask of a row that brings every column."""
    return (1 << len(resource.columns)) - 1


@cache
def _columns(resource: Resource) -> sql.Composable:
    """Return each field with its column."""
    return sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(item.name), sql.Literal(item.column))
        for item in resource.fields
    )


@cache
def _staged_fields(resource: Resource) -> sql.Composable:
    """Return each field with its bit, its staged value and what stands there when it is cleared."""
    return sql.SQL(", ").join(
        sql.SQL("({name}, {bit}, to_jsonb(s.{column}), {cleared}::jsonb)").format(
            name=sql.Literal(item.name),
            bit=sql.Literal(1 << position),
            column=sql.Identifier(item.column),
            cleared=sql.Literal(msgspec.json.encode(item.cleared).decode()),
        )
        for position, item in enumerate(resource.fields)
    )
