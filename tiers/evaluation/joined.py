"""A tier of each account from a statement of its own, joined with the accounts that are asked."""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField
from django.db.models.expressions import Col, Expression

from common.joins import Joinable, join_statement
from metrics.statements import Statement


class JoinedTier(Expression):
    """The id of a tier by a statement of ``(account_id, held_id)``, one row an account at most; null without one."""

    def __init__(self, statement: Statement) -> None:
        self.joined = Joinable("tiers_joined", "account_id", statement.sql, statement.params)
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
        return Col(join_statement(query, self.joined), _HELD, self.output_field)


def _held_column() -> Any:
    field: Any = BigIntegerField()
    field.set_attributes_from_name("held_id")
    return field


_HELD = _held_column()
