"""A statement of one's own joined into a query of the ORM.

A subquery for each row would say the same, but keep PostgreSQL from working with several processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models.sql import Query
from django.db.models.sql.constants import LOUTER


@dataclass(frozen=True, slots=True)
class Joinable:
    """SQL with its parameters, of one row at most for each row of the query whose key its ``column`` holds."""

    name: str
    column: str
    sql: str
    params: tuple[Any, ...] = ()


def join_statement(query: Query, joined: Joinable) -> str:
    """Join a statement to the table a query begins with, once however often it is asked; return its alias.

    Rows of the query without one of the statement stay, with nulls.
    """
    join = _StatementJoin(joined, query.get_initial_alias() or "", "")
    joins: dict[str, Any] = query.alias_map
    for alias, held in joins.items():
        if isinstance(held, _StatementJoin) and held.identity == join.identity:
            return alias
    alias, _ = query.table_alias(joined.name, create=True)
    joins[alias] = _StatementJoin(joined, join.parent_alias, alias)
    return alias


class _StatementJoin:
    """What Django's queries take for a ``Join``, with a statement in the place of a table."""

    join_type = LOUTER
    filtered_relation = None
    nullable = True
    join_field = None

    def __init__(self, joined: Joinable, parent_alias: str, table_alias: str) -> None:
        self.joined, self.parent_alias, self.table_alias = joined, parent_alias, table_alias
        self.table_name = joined.name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the JOIN clause with its parameters."""
        quote = compiler.quote_name_unless_alias
        parent, own = quote(self.parent_alias), quote(self.table_alias)
        on = f"{own}.{quote(self.joined.column)} = {parent}.id"
        return f"{self.join_type} ({self.joined.sql}) {own} ON ({on})", self.joined.params

    def relabeled_clone(self, change_map: dict[str, str]) -> _StatementJoin:
        """Return the join with other names for the tables."""
        return _StatementJoin(
            self.joined,
            change_map.get(self.parent_alias, self.parent_alias),
            change_map.get(self.table_alias, self.table_alias),
        )

    def promote(self) -> _StatementJoin:
        """Return the join as an outer one, which it is."""
        return self

    # An inner join would drop the rows of which the statement says nothing.
    demote = promote

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two joins the same."""
        return type(self), self.joined, self.parent_alias
