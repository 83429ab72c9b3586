"""The account's profile as it was on a day, for many accounts in one query.

``accounts.as_of`` shows one account as it was; this is its set-based twin. Both read the change log.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, Expression, F, Field, When
from django.db.models.expressions import Col
from django.db.models.lookups import IsNull
from psycopg import sql

from accounts.conditions.registry import Moment
from accounts.models import Account
from common.joins import Joinable, join_statement
from common.sql import load_sql
from sync.provenance.as_of import end_of
from sync.registry import resources


def as_it_was(column: str, moment: Moment) -> F | AsItWas:
    """Return a column of the account as it was when the moment's day ended, today's for a moment that is now."""
    return F(column) if moment.as_of is None else AsItWas(column, end_of(moment.as_of))


def account_column(name: str) -> Field[Any, Any]:
    """Return the model's field of a column."""
    field = Account._meta.get_field(name)
    assert isinstance(field, Field)
    return field


class AsItWas(Expression):
    """A column of the account at an instant; where nothing has changed since, the one it has.

    All of a query share one join with the accounts that have changed since.
    """

    def __init__(self, column: str, instant: datetime) -> None:
        self.column, self.instant = column, instant
        super().__init__(output_field=account_column(column))

    def resolve_expression(
        self,
        query: Any = None,
        allow_joins: bool = True,
        reuse: set[str] | None = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Any:
        """Join the past, and read it where there is a row of it."""
        now = F(self.column).resolve_expression(query, allow_joins, reuse, summarize, for_save)
        alias = join_statement(query, _then(self.instant))
        key, then = Col(alias, account_column("id")), Col(alias, account_column(self.column))
        return Case(When(IsNull(key, True), then=now), default=then, output_field=self.output_field)


def _then(instant: datetime) -> Joinable:
    statement = load_sql("accounts", "conditions/profile_then", columns=_columns())
    return Joinable("profile_then", "id", statement, (instant,))


def _columns() -> sql.Composed:
    named = [*((item.name, item.column) for item in resources["accounts"].fields), ("custom", "custom")]
    return sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(name), sql.Literal(column)) for name, column in named
    )
