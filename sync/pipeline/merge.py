"""Write what the stage holds: a few statements, whatever the number of rows."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models.sql import Query
from psycopg import sql

from common.sql import column_list, load_sql
from sync.declarations import FieldError, Resource
from sync.models import Change
from sync.pipeline.batch import CREATED, UNCHANGED, UPDATED, Run
from sync.pipeline.resolve import wait_for_refused
from sync.pipeline.stage import Presence, fill_absent


def merge_rows(run: Run, presence: Presence) -> None:
    """Apply the staged rows: refuse what breaks a rule, skip what is unchanged, write the rest.

    The resource's lock is held, so what is compared is what is written over.
    """
    resource = run.resource
    updates = any(not row.is_new for row in run.rows)
    if updates:
        fill_absent(resource, presence, everything=bool(resource.rules))
    if resource.rules:
        _refuse_violations(run)
    if updates:
        if run.touches_links:
            _execute("link_touch", identity=sql.Identifier(resource.identity_table))
        _skip_unchanged(run, presence)
    if run.rows:
        _write(run, presence)
    _execute("unstage")


def _refuse_violations(run: Run) -> None:
    rules = run.resource.rules
    broken = dict(_violations(run.resource))
    if not broken:
        return
    for row in run.rows:
        if row.index in broken:
            rule = rules[broken[row.index]]
            run.reject(row, FieldError(rule.field, rule.code, rule.detail))
    gone = {row.index for row in run.rows if row.index in broken}
    gone |= wait_for_refused(run)
    run.drop_settled()
    _unstage(list(gone))


def _violations(resource: Resource) -> list[tuple[int, int]]:
    conditions = [_condition(resource.model, rule.constraint) for rule in resource.rules]
    cases = sql.SQL(" ").join(
        sql.SQL("WHEN NOT ({}) THEN {}").format(sql.SQL(text), sql.Literal(number))  # type: ignore[arg-type]
        for number, (text, _) in enumerate(conditions)
    )
    any_broken = sql.SQL(" OR ").join(sql.SQL("NOT ({})").format(sql.SQL(text)) for text, _ in conditions)  # type: ignore[arg-type]
    params = [value for _, values in conditions for value in values]
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", "violations", cases=cases, any_broken=any_broken), [*params, *params])
        return list(cursor.fetchall())


@cache
def _condition(model: type[models.Model], name: str) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL of a CHECK constraint over bare column names, with its parameters."""
    constraint = next(item for item in model._meta.constraints if item.name == name)
    assert isinstance(constraint, models.CheckConstraint)  # noqa: S101 - the system check saw to it
    query = Query(model, alias_cols=False)
    where = query.build_where(constraint.condition)
    text, params = where.as_sql(query.get_compiler(connection=connection), connection)
    return text, tuple(params)


def _skip_unchanged(run: Run, presence: Presence) -> None:
    columns = presence.brought
    same: set[int] = set()
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(
                load_sql(
                    "sync",
                    "compare",
                    target=sql.Identifier(run.resource.table),
                    staged=column_list(columns, "s"),
                    held=column_list(columns, "t"),
                )
            )
            same = {row[0] for row in cursor.fetchall()}
    else:
        same = {row.index for row in run.rows if row.kind == Change.Kind.UPDATED}
    if not same:
        return
    for row in run.rows:
        if row.index in same:
            run.settle(row, UNCHANGED, row.object_id)
    run.drop_settled()
    if run.rows:
        _unstage(list(same))


def _write(run: Run, presence: Presence) -> None:
    resource = run.resource
    target = sql.Identifier(resource.table)
    params = {
        "batch": run.batch_id,
        "source": run.source.pk,
        "resource": resource.key,
        "xid": run.xid,
    }
    if resource.effects:
        _execute("touched")
        prepare_effects(resource)
    suffix = "_stream" if resource.stream else ""
    if any(not row.is_new for row in run.rows):
        if not resource.stream:
            _execute("change_updated", params, target=target, pairs=_pairs(resource, presence))
        assignments = [
            sql.SQL("{0} = s.{0}").format(sql.Identifier(column)) for column in presence.brought
        ] or [sql.SQL("id = t.id")]
        _execute(f"update{suffix}", params, target=target, assignments=sql.SQL(", ").join(assignments))
    if run.creates:
        columns = column_list(resource.columns)
        _execute(f"insert{suffix}", params, target=target, columns=columns)
        if not resource.stream:
            _execute("link_insert", params)
            _execute("change_created", params, after=_after(resource))
    if resource.effects:
        run_effects(resource)
    for row in run.rows:
        run.settle(row, CREATED if row.is_new else UPDATED, row.object_id)


def prepare_effects(resource: Resource) -> None:
    """Let effects note what they need of the objects in ``sync_touched`` before these are written."""
    with connection.cursor() as cursor:
        for effect in resource.effects:
            if effect.prepare:
                effect.prepare(cursor)


def run_effects(resource: Resource) -> None:
    """Run what follows from the objects in ``sync_touched``, then drop that table."""
    with connection.cursor() as cursor:
        for effect in resource.effects:
            effect.run(cursor)
    _execute("untouch")


def _names(resource: Resource) -> list[tuple[str, str]]:
    return [*((item.name, item.column) for item in resource.fields), ("custom", "custom")]


def _after(resource: Resource) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{}, {}").format(sql.Literal(name), sql.Identifier(column))
        for name, column in _names(resource)
    )


def _pairs(resource: Resource, presence: Presence) -> sql.Composed:
    brought = set(presence.brought)
    rows = [
        sql.SQL("({}, to_jsonb(t.{}), to_jsonb(s.{}))").format(
            sql.Literal(name), sql.Identifier(column), sql.Identifier(column)
        )
        for name, column in _names(resource)
        if column in brought
    ]
    # Without a value a restored record still needs a row for VALUES to be valid.
    return sql.SQL(", ").join(rows or [sql.SQL("(''::text, NULL::jsonb, NULL::jsonb)")])


def _unstage(ords: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sync_stage WHERE sync_ord = ANY(%s)", [ords])


def _execute(name: str, params: dict[str, Any] | None = None, **parts: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sync", name, **parts), params)
