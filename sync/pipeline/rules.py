"""Tell senders which record breaks a CHECK constraint, before the database has to refuse the batch."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models import Q
from django.db.models.sql import Query
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Resource


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


def constraint_of(model: type[models.Model], name: str) -> models.CheckConstraint | None:
    """Return a model's CHECK constraint by name."""
    return next(
        (
            item
            for item in model._meta.constraints
            if item.name == name and isinstance(item, models.CheckConstraint)
        ),
        None,
    )


@cache
def _condition(model: type[models.Model], name: str) -> Condition:
    constraint = constraint_of(model, name)
    if constraint is None:
        raise LookupError(f"{model.__name__} has no CHECK constraint {name}.")
    query = Query(model, alias_cols=False)
    where = query.build_where(Q(constraint.condition))
    text, params = where.as_sql(query.get_compiler(connection=connection), connection)
    columns = frozenset(
        str(item.column)
        for item in model._meta.concrete_fields
        if f'"{item.column}"' in text and not item.primary_key
    )
    return Condition(text, tuple(params), columns)
