"""Move rows from one account to another and back: a few statements, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.models import Exists, OuterRef, Q
from psycopg import sql

from accounts.identity.relations import Relation
from accounts.models import Account
from common.sql import load_sql
from sync.declarations import Resource
from sync.models import Source, StreamModel
from sync.pipeline.locks import lock_together
from sync.pipeline.merge import prepare_effects, run_effects
from sync.registry import resources


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of the rows that a merge moved through one column."""

    held: int
    elsewhere: int
    gone: int


def lock_resources() -> None:
    """Wait for the turn of every resource; held until the transaction ends.

    So no batch is under way that has looked up an account which is just being merged.
    """
    lock_together(resources=resources, sources=list(Source.objects.all()))


def resource_of(model: type[models.Model]) -> Resource | None:
    """Return the resource whose records a model holds."""
    return next((resource for resource in resources if resource.model is model), None)


def movable(relation: Relation, loser: int, winner: int) -> models.QuerySet[Any, Any]:
    """Return the loser's rows that can be the winner's: those of which the winner has none of the same kind."""
    # An account that was below the other one gets its parent chosen with its fields.
    rows = relation.rows_of(loser)
    if relation.model is Account:
        rows = rows.exclude(pk=winner)
    attnames_by_name = {field.name: field.attname for field in relation.model._meta.concrete_fields}
    for constraint in relation.model._meta.constraints:
        if not isinstance(constraint, models.UniqueConstraint) or constraint.expressions:
            continue
        attnames = [attnames_by_name[name] for name in constraint.fields]
        if relation.name not in attnames:
            continue
        condition = constraint.condition or Q()
        same = {name: OuterRef(name) for name in attnames if name != relation.name}
        twins = relation.rows_of(winner).filter(condition, **same)
        rows = (
            rows.exclude(condition & Q(Exists(twins)))
            if constraint.condition
            else rows.exclude(Exists(twins))
        )
    return rows


def journal(merge_id: int, relation: Relation, *, loser: int, winner: int) -> int:
    """Note the rows that are about to move; return how many."""
    names = [field.attname for field in relation.model._meta.pk_fields]
    rows = movable(relation, loser, winner).order_by().values_list(*names)
    select, params = rows.query.sql_with_params()
    return _journal(merge_id, relation, select, params, loser=loser, winner=winner)


def _journal(
    merge_id: int, relation: Relation, select: str, params: Sequence[Any], *, loser: int, winner: int
) -> int:
    pk = sql.SQL(", ").join(sql.Identifier(name) for name in relation.pk_names)
    query = load_sql("accounts", "identity/journal", pk=pk, rows=sql.SQL(select))
    with connection.cursor() as cursor:
        cursor.execute(query, [merge_id, relation.label, relation.column, loser, winner, *params])
        return int(cursor.rowcount)


def repoint(merge_id: int, relation: Relation, *, held: int, target: int) -> int:
    """Point the journaled rows that still point to ``held`` to ``target``; return how many.

    Writes a change row for each record of a feed, and runs what follows from a changed record.
    """
    resource = resource_of(relation.model)
    params: dict[str, Any] = {
        "merge": merge_id,
        "model": relation.label,
        "column": relation.column,
        "held": held,
        "target": target,
    }
    has_effects = resource is not None and bool(resource.effects)
    if resource is not None and not resource.stream:
        _execute("change", params | _field_of(resource, relation), relation)
    if resource is not None and has_effects:
        _execute("touch", params, relation)
        prepare_effects(resource)
    moved = _execute("repoint", params, relation)
    if resource is not None and has_effects:
        run_effects(resource)
    return moved


def fates(merge_id: int, relation: Relation, *, held: int) -> Fates:
    """Return what became of the rows that a merge moved to ``held``."""
    query = load_sql("accounts", "identity/fates", **_parts(relation))
    params: dict[str, Any] = {
        "merge": merge_id,
        "model": relation.label,
        "column": relation.column,
        "held": held,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return Fates(*cursor.fetchone())


def last_number(relation: Relation) -> int | None:
    """Return the last number that the table has given out; None where it numbers no rows."""
    if relation.pk_names[0] != "id" or not isinstance(
        relation.model._meta.pk_fields[0], models.AutoField | models.BigAutoField
    ):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("accounts", "identity/last_number"),
            [relation.model._meta.db_table, relation.pk_names[0]],
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class CameSince:
    """Rows of the winner that came after a merge, as a query: the loser's and those of nobody else.

    A row is the loser's where its source had records of the loser only.
    """

    relation: Relation
    query: sql.Composable

    def count(self) -> tuple[int, int]:
        """Return how many stay with the winner, and how many are the loser's."""
        query = sql.SQL(
            "SELECT count(*) FILTER (WHERE NOT is_losers), count(*) FILTER (WHERE is_losers) FROM ({}) AS t"
        ).format(self.query)
        with connection.cursor() as cursor:
            cursor.execute(_text(query))
            winners, losers = cursor.fetchone()
        return int(winners), int(losers)

    def journal_losers(self, merge_id: int, *, loser: int, winner: int) -> None:
        """Note the loser's rows as if the merge had moved them, so that they return with the others."""
        rows = _text(sql.SQL("SELECT id FROM ({}) AS t WHERE is_losers").format(self.query))
        _journal(merge_id, self.relation, rows, (), loser=loser, winner=winner)

    def forget_digests(self) -> None:
        """Let the sources say again whose these rows are: the same bytes may mean another account by now."""
        resource = resource_of(self.relation.model)
        if resource is None or resource.stream:
            return
        query = sql.SQL(
            "UPDATE sync_link SET digest = NULL WHERE resource = {} AND object_id IN (SELECT id FROM ({}) AS t)"
        ).format(sql.Literal(resource.key), self.query)
        with connection.cursor() as cursor:
            cursor.execute(_text(query))


def came_since(merge_id: int, relation: Relation, *, winner: int, watermark: int) -> CameSince:
    """Return the rows that came to the winner after a merge."""
    parts = {
        **_parts(relation),
        "merge": sql.Literal(merge_id),
        "model": sql.Literal(relation.label),
        "named": sql.Literal(relation.column),
        "winner": sql.Literal(winner),
        "watermark": sql.Literal(watermark),
        "also": sql.SQL(" AND t.resource = 'accounts'" if relation.by_resource else ""),
    }
    parts["loser_only"] = _from_loser(relation, merge_id, winner)
    return CameSince(relation, sql.SQL(load_sql("accounts", "identity/came_since", **parts)))


def _text(query: sql.Composable) -> str:
    connection.ensure_connection()
    return query.as_string(connection.connection)


def loser_only_sources(merge_id: int, winner: int) -> sql.Composable:
    """Return the query for the sources that knew only the loser."""
    known = {"merge": sql.Literal(merge_id), "winner": sql.Literal(winner)}
    return sql.SQL(load_sql("accounts", "identity/loser_only_sources", **known))


def rows_held(merge_id: int, relation: Relation, *, held: int) -> sql.Composable:
    """Return the query for the ids of the journaled rows that still point to ``held``."""
    parts = {
        **_parts(relation),
        "merge": sql.Literal(merge_id),
        "model": sql.Literal(relation.label),
        "named": sql.Literal(relation.column),
        "held": sql.Literal(held),
    }
    return sql.SQL(load_sql("accounts", "identity/still_held", **parts))


def _from_loser(relation: Relation, merge_id: int, winner: int) -> sql.Composable:
    resource = resource_of(relation.model)
    sources = loser_only_sources(merge_id, winner)
    if resource is None:
        return sql.SQL("false")
    if resource.stream:
        return sql.SQL("t.source_id IN ({})").format(sources)
    return sql.SQL(
        "(SELECT bool_and(own.source_id IN ({sources})) FROM sync_link AS own "
        "WHERE own.resource = {resource} AND own.object_id = t.id)"
    ).format(sources=sources, resource=sql.Literal(resource.key))


def _field_of(resource: Resource, relation: Relation) -> dict[str, str]:
    field = next((item.name for item in resource.fields if item.column == relation.column), relation.column)
    return {"resource": resource.key, "field": field}


def _execute(name: str, params: dict[str, Any], relation: Relation) -> int:
    parts = _parts(relation)
    if name == "repoint":
        # A row of a stream is its own log: a later place in the feed tells readers that it has changed.
        is_stream = issubclass(relation.model, StreamModel)
        parts["stamp"] = sql.SQL(", xid = pg_current_xact_id()::text::bigint" if is_stream else "")
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", f"identity/{name}", **parts), params)
        return int(cursor.rowcount)


def _parts(relation: Relation) -> dict[str, sql.Composable]:
    match = sql.SQL(" AND ").join(
        sql.SQL("{column} = (kept.pk_values ->> {place})::{kind}").format(
            column=sql.Identifier("t", name), place=sql.Literal(place), kind=sql.SQL(kind)
        )
        for place, (name, kind) in enumerate(zip(relation.pk_names, relation.pk_types, strict=True))
    )
    return {
        "table": sql.Identifier(relation.model._meta.db_table),
        "column": sql.Identifier(relation.column),
        "id": sql.Identifier(relation.pk_names[0]),
        "match": match,
    }
