"""The year past as a version of the rules would have made it: month by month, with its waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import BigIntegerField
from django.db.models.expressions import Col, Expression
from django.db.models.sql.constants import LOUTER

from accounts.querysets import AccountQuerySet
from metrics.models import RefreshRun
from metrics.statements import Statement, load
from tiers.evaluation import CompiledRules, verdicts
from tiers.preview.judging import Question

MONTHS = 12
# As conditions read them: numbers that are older say nothing of the day.
OLDEST_NUMBERS = timedelta(days=45)
DAY = timedelta(days=1)
STATE = "tiers_replay"


def days_to_replay(until: date) -> list[date]:
    """Return the ends of months whose numbers are known, the oldest first: the year begins with the first of them."""
    finished = RefreshRun.objects.finished()
    day, found = until.replace(day=1) - DAY, []
    for _ in range(MONTHS + 1):
        newest = finished.newest_day(until=day)
        if newest is not None and newest >= day - OLDEST_NUMBERS:
            found.append(day)
        day = day.replace(day=1) - DAY
    return found[::-1]


def replay(
    asked: Question, days: Sequence[date], said: Sequence[Statement], *, run: int, first: int, last: int
) -> None:
    """Write the moves that the rules would have made of a slice of accounts after the first of ``days``.

    ``said`` are the statements of ``said_then`` for the slice. Between two of the days numbers count as they were on
    the earlier one. What needs approval counts as approved, and an override of then holds.
    """
    load("tiers", "replay_forget").execute()
    load("tiers", "replay_begin", on=days[0], first=first, last=last).execute()
    load("tiers", "replay_start", verdicts=said[0]).execute()
    ends = [*(day + DAY for day in days[2:]), asked.on + DAY]
    for day, verdicts_then, following in zip(days[1:], said[1:], ends, strict=True):
        load(
            "tiers",
            "replay_month",
            verdicts=verdicts_then,
            on=day + DAY,
            next=following,
            grace=asked.terms.grace_days,
            dwell=asked.terms.dwell_days,
            run=run,
        ).execute()
    load("tiers", "replay_forget").execute()


def said_then(rules: CompiledRules, days: Sequence[date], accounts: AccountQuerySet) -> list[Statement]:
    """Return what the rules say at the end of each day, by the tiers of the replay; raises BrokenConditionError."""
    return [verdicts(rules, on=day, as_of=day, accounts=accounts, held=HeldInReplay()) for day in days]


class HeldInReplay(Expression):
    """The id of the tier that an account holds in the replay; the query is joined with its table."""

    def __init__(self) -> None:
        super().__init__(output_field=BigIntegerField())

    def resolve_expression(
        self,
        query: Any = None,
        allow_joins: bool = True,
        reuse: set[str] | None = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Any:
        """Join the table once, and read the tier from it."""
        joined = (alias for alias, join in query.alias_map.items() if isinstance(join, _ReplayJoin))
        alias = next(joined, None)
        if alias is None:
            parent = query.get_initial_alias()
            alias, _ = query.table_alias(STATE, create=True)
            query.alias_map[alias] = _ReplayJoin(parent, alias)
        return Col(alias, _HELD, self.output_field)


def _held_column() -> Any:
    field: Any = BigIntegerField()
    field.set_attributes_from_name("held_id")
    return field


_HELD = _held_column()


class _ReplayJoin:
    """A join of Django's queries with the temporary table, which no model speaks of."""

    join_type = LOUTER
    filtered_relation = None
    nullable = True
    join_field = None
    table_name = STATE

    def __init__(self, parent_alias: str, table_alias: str) -> None:
        self.parent_alias, self.table_alias = parent_alias, table_alias

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return the JOIN clause."""
        parent, own = (
            compiler.quote_name_unless_alias(name) for name in (self.parent_alias, self.table_alias)
        )
        return f"{self.join_type} {STATE} {own} ON ({own}.account_id = {parent}.id)", []

    def relabeled_clone(self, change_map: dict[str, str]) -> _ReplayJoin:
        """Return the join with other names for the tables."""
        return _ReplayJoin(
            change_map.get(self.parent_alias, self.parent_alias),
            change_map.get(self.table_alias, self.table_alias),
        )

    def promote(self) -> _ReplayJoin:
        """Return the join as an outer one, which it is."""
        return self

    demote = promote

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two joins the same."""
        return type(self), self.parent_alias
