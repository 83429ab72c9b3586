"""How well versions of a point model would have told who buys, counted by their own rules, set-based."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accounts.conditions.expression import parse_condition
from accounts.conditions.query import matching
from accounts.models import Account
from common.periods import add_months, month_start
from engagement.models import DealKind, Opportunity, ScoreModel, ScoreRule
from engagement.scoring.analysis import Decile, deciles_of
from engagement.scoring.score import NO_DECAY, NO_LIMIT, reach_of
from engagement.scoring.signals import SIGNALS
from metrics.statements import Statement, load

# Each month that deals were opened in asks every condition once; older deals say little of today's rules.
MOST_MONTHS = 36


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Win rates by decile of the score that each version gives on the day before a deal was opened."""

    before: Sequence[Decile]
    after: Sequence[Decile]
    deals: int
    left_out: int


def compare_win_rates(model: ScoreModel, in_force: ScoreModel | None, first: date, last: date) -> Comparison:
    """Return how well each version would have told who buys, of new business decided between two days.

    What happened counts as it stood on the day before a deal was opened; what an account is, as it was before that
    month, as far back as changes and numbers are kept. Two queries. Raises BrokenConditionError as ``matching`` does.
    """
    decided = Opportunity.objects.decided_between(first, last).filter(kind=DealKind.NEW)
    oldest = add_months(month_start(last), 1 - MOST_MONTHS)
    deals = decided.filter(opened_on__gte=oldest)
    months = sorted(
        {month_start(day) for day in deals.values_list("opened_on", flat=True) if day is not None}
    )
    if not months:
        return Comparison(before=(), after=(), deals=0, left_out=decided.count())
    sides = [_scored(side, deals, months) if side else [] for side in (in_force, model)]
    return Comparison(
        before=deciles_of(sides[0]),
        after=deciles_of(sides[1]),
        deals=len(sides[1]),
        left_out=decided.count() - len(sides[1]),
    )


def _scored(model: ScoreModel, deals: Any, months: Sequence[date]) -> list[tuple[Decimal, bool]]:
    rows = deals.values("id", "account_id", "opened_on", "is_won")
    parts = [part for rule in model.rules.all() for part in _deal_points(model, rule, rows, months)]
    union = Statement(
        "\nUNION ALL\n".join(part.sql for part in parts),
        tuple(param for part in parts for param in part.params),
    )
    found = load("engagement", "score_deals", deals=rows, parts=union).fetch()
    return sorted((score, won) for _, won, score in found)


def _deal_points(model: ScoreModel, rule: ScoreRule, rows: Any, months: Sequence[date]) -> list[Statement]:
    if rule.condition is None:
        reach = reach_of(model)
        since = months[0] - timedelta(days=reach + 1)
        return [
            load(
                "engagement",
                "score_deal_happened",
                deals=rows,
                happened=SIGNALS[rule.signal].query(since, add_months(months[-1], 1)),
                points=rule.points,
                at_most=NO_LIMIT if rule.at_most is None else rule.at_most,
                half_life=model.half_life_days or NO_DECAY,
                reach=reach,
            )
        ]
    condition = parse_condition(rule.condition)
    found = []
    for month in months:
        last = add_months(month, 1) - timedelta(days=1)
        opened = rows.filter(opened_on__range=(month, last))
        accounts = Account.objects.live().filter(pk__in=opened.values("account_id"))
        matched = (
            matching(condition, as_of=month - timedelta(days=1), accounts=accounts).order_by().values("id")
        )
        found.append(
            load(
                "engagement",
                "score_deal_is",
                deals=rows,
                matched=matched,
                points=rule.points,
                first=month,
                last=last,
            )
        )
    return found
