"""Tell senders which record breaks a constraint, before the database has to refuse the batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models import Q
from django.db.models.sql import Query
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource
from sync.models.bases import LIVE


class Condition(NamedTuple):
    """A constraint as SQL over bare column names, with its parameters and the columns that it looks at."""

    text: str
    params: tuple[Any, ...]
    columns: frozenset[str]


def rule_columns(resource: Resource) -> frozenset[str]:
    """Return the columns that the rules of a resource look at."""
    columns = (_condition(resource.model, rule.constraint).columns for rule in resource.rules)
    return frozenset().union(*columns)


def violations(resource: Resource) -> list[tuple[int, int]]:
    """Return (record's index, number of the first rule it breaks) for the staged rows that break one."""
    conditions = [_condition(resource.model, rule.constraint) for rule in resource.rules]
    # The texts come from the models' own constraints; values are parameters.
    broken = [sql.SQL("NOT ({})").format(sql.SQL(item.text)) for item in conditions]
    cases = [
        sql.SQL("WHEN {} THEN {}").format(text, sql.Literal(number)) for number, text in enumerate(broken)
    ]
    query = load_sql(
        "sync", "violations", cases=sql.SQL(" ").join(cases), any_broken=sql.SQL(" OR ").join(broken)
    )
    params = [value for item in conditions for value in item.params]
    with connection.cursor() as cursor:
        cursor.execute(query, [*params, *params])
        return list(cursor.fetchall())


def constraint_of(
    model: type[models.Model], name: str
) -> models.CheckConstraint | models.UniqueConstraint | None:
    """Return a model's constraint by name: a CHECK, or a UNIQUE over plain fields of the live rows."""
    for item in model._meta.constraints:
        if item.name == name and isinstance(item, models.CheckConstraint):
            return item
        if item.name == name and isinstance(item, models.UniqueConstraint) and item.fields:
            return item if item.condition == LIVE else None
    return None


@cache
def _condition(model: type[models.Model], name: str) -> Condition:
    constraint = constraint_of(model, name)
    if constraint is None:
        raise LookupError(f"{model.__name__} has no constraint {name} that can be told ahead.")
    if isinstance(constraint, models.UniqueConstraint):
        return _alone(model, constraint.fields)
    query = Query(model, alias_cols=False)
    where = query.build_where(Q(constraint.condition))
    text, params = where.as_sql(query.get_compiler(connection=connection), connection)
    columns = frozenset(
        str(item.column)
        for item in model._meta.concrete_fields
        if f'"{item.column}"' in text and not item.primary_key
    )
    return Condition(text, tuple(params), columns)


def _alone(model: type[models.Model], fields: Sequence[str]) -> Condition:
    """Return the condition that no other live row holds what a staged row brings, nor one staged before it.

    A row counts where it stood before the batch, even if the batch moves it: what makes room and what takes
    it come in two batches, so that the order of writing never matters.
    """
    columns = [str(model._meta.get_field(name).column) for name in fields]  # type: ignore[union-attr]
    stage, held = sql.Identifier("sync_stage"), sql.Identifier("held")

    def same() -> sql.Composable:
        pairs = (sql.SQL("{0}.{2} = {1}.{2}").format(held, stage, sql.Identifier(name)) for name in columns)
        return sql.SQL(" AND ").join(pairs)

    text = sql.SQL(
        "NOT EXISTS (SELECT FROM {table} AS held WHERE {same} AND held.deleted_at IS NULL"
        " AND held.id IS DISTINCT FROM sync_stage.id)"
        " AND NOT EXISTS (SELECT FROM sync_stage AS held WHERE {same} AND held.sync_ord < sync_stage.sync_ord)"
    ).format(table=sql.Identifier(model._meta.db_table), same=same())
    return Condition(text.as_string(None), (), frozenset(columns))
