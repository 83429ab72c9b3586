"""Accounts with values that are computed once each, however many conditions ask about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import DecimalField, F, Field, Value
from django.db.models.expressions import Col
from django.db.models.functions import Cast
from django.db.models.sql import Query

from accounts.models import Account
from accounts.querysets import AccountQuerySet


def computed_once(rows: AccountQuerySet, names: Iterable[str]) -> AccountQuerySet:
    """Return the same accounts with the aliases ``names``, which are columns from here on.

    An alias stands in a query as often as it is asked about, and PostgreSQL computes it each time. Here one query
    computes it and the one around it asks. Nothing but the account's id and ``names`` can be asked of the result.
    What is compared by the account's key (``is_asked_by_key``) stays as it is.
    """
    held = rows.order_by()
    asked = {name: held.query.annotations[name] for name in names}
    by_key = {name: one for name, one in asked.items() if getattr(one, "is_asked_by_key", False)}
    aliases = {name: one.output_field for name, one in asked.items() if name not in by_key}
    inner: Any = held.values_list(
        "pk", *(_typed(F(name), asked[name], field) for name, field in aliases.items())
    )
    outer = Account.objects.all()
    alias = outer.query.get_initial_alias()
    tables: dict[str, Any] = outer.query.alias_map
    tables[alias] = _Computed(inner.query, tuple(aliases), alias)
    return outer.alias(**{name: _column(alias, name, field) for name, field in aliases.items()}, **by_key)


def _typed(name: F, expression: Any, field: Field[Any, Any]) -> F | Cast:
    """Return the alias as a column can have it: a null without a type would make one of texts."""
    if not isinstance(expression, Value) or expression.value is not None:
        return name
    is_bare = isinstance(field, DecimalField) and field.max_digits is None
    return Cast(name, DecimalField(max_digits=24, decimal_places=6) if is_bare else field)


def _column(alias: str, name: str, output: Field[Any, Any]) -> Col:
    target: Any = Field()
    target.set_attributes_from_name(name)
    return Col(alias, target, output)


class _Computed:
    """A query in the place of the table of accounts; compatible with Django's ``BaseTable``."""

    join_type = None
    parent_alias = None
    filtered_relation = None
    table_name = Account._meta.db_table

    def __init__(self, inner: Query, names: tuple[str, ...], table_alias: str) -> None:
        self.inner, self.names, self.table_alias = inner, names, table_alias

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the query in parentheses.

        OFFSET keeps PostgreSQL from putting it into the one around it. The nought is a text, since it can't tell of
        the number in time that nothing is skipped, and then works with one process only.
        """
        sql, params = self.inner.get_compiler(connection=connection).as_sql()
        quote = connection.ops.quote_name
        columns = ", ".join(quote(name) for name in (Account._meta.pk.column, *self.names))
        return f"({sql} OFFSET '0') AS {quote(self.table_alias)} ({columns})", params

    def relabeled_clone(self, change_map: dict[str, str]) -> _Computed:
        """Return it with another name."""
        return _Computed(self.inner, self.names, change_map.get(self.table_alias, self.table_alias))

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two tables the same."""
        return type(self), id(self.inner), self.table_alias
