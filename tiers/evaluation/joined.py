"""A tier of each account from a statement of its own, joined with the accounts that are asked."""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField
from django.db.models.expressions import Col, Expression
from django.db.models.sql.constants import LOUTER

from metrics.statements import Statement

NAME = "tiers_joined"


class JoinedTier(Expression):
    """The id of a tier by a statement of ``(account_id, held_id)``, one row an account at most; null without one.

    A subquery for each account would keep PostgreSQL from working with several processes.
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        super().__init__(output_field=BigIntegerField())

    def resolve_expression(
        self,
        query: Any = None,
        allow_joins: bool = True,
        reuse: set[str] | None = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Any:
        """Join the statement once, and read the tier from it."""
        parent = query.get_initial_alias()
        wanted = _StatementJoin(self.statement, parent, "").identity
        joined = (
            alias
            for alias, join in query.alias_map.items()
            if isinstance(join, _StatementJoin) and join.identity == wanted
        )
        alias = next(joined, None)
        if alias is None:
            alias, _ = query.table_alias(NAME, create=True)
            query.alias_map[alias] = _StatementJoin(self.statement, parent, alias)
        return Col(alias, _HELD, self.output_field)


def _held_column() -> Any:
    field: Any = BigIntegerField()
    field.set_attributes_from_name("held_id")
    return field


_HELD = _held_column()


class _StatementJoin:
    """A join of Django's queries with a statement, which no model speaks of; compatible with its ``Join``."""

    join_type = LOUTER
    filtered_relation = None
    nullable = True
    join_field = None
    table_name = NAME

    def __init__(self, statement: Statement, parent_alias: str, table_alias: str) -> None:
        self.statement, self.parent_alias, self.table_alias = statement, parent_alias, table_alias

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the JOIN clause with its parameters."""
        parent, own = (
            compiler.quote_name_unless_alias(name) for name in (self.parent_alias, self.table_alias)
        )
        return (
            f"{self.join_type} ({self.statement.sql}) {own} ON ({own}.account_id = {parent}.id)",
            self.statement.params,
        )

    def relabeled_clone(self, change_map: dict[str, str]) -> _StatementJoin:
        """Return the join with other names for the tables."""
        return _StatementJoin(
            self.statement,
            change_map.get(self.parent_alias, self.parent_alias),
            change_map.get(self.table_alias, self.table_alias),
        )

    def promote(self) -> _StatementJoin:
        """Return the join as an outer one, which it is."""
        return self

    demote = promote

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two joins the same."""
        return type(self), self.statement, self.parent_alias
