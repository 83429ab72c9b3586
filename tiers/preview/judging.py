"""What the rules say of each account, with what a preview tells beside it: its worth, and which boundary is near."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, DecimalField, F, SmallIntegerField, Value
from django.db.models.functions import Cast

from accounts.conditions.custom import find_field
from accounts.conditions.expression import Leaf
from accounts.conditions.query import used_fields
from accounts.conditions.registry import Moment
from accounts.querysets import AccountQuerySet
from metrics.statements import Statement, compile_query, load
from tiers.assignment.decide import LAST_ID, Terms, decisions
from tiers.evaluation.compiled import CompiledRules
from tiers.evaluation.near import NEAR, first_near, surely_first
from tiers.evaluation.verdicts import HELD, asked_accounts, first_rule, sum_of_points, verdicts_of

# Numbers of others, found by key: what an account is worth, and what it asks of support.
WORTH = "finance.arr"
TICKETS = "support.tickets_90d"
# Before the names of fields in queries; together they fit into the name of a column.
SEEN = "v_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked: which rules, of when, and from which day on its moves would count."""

    rules: CompiledRules
    terms: Terms
    on: date
    as_of: date | None = None

    def moment(self) -> Moment:
        """Return when the numbers are read."""
        return Moment(as_of=self.as_of)


def look_ahead(
    asked: Question,
    accounts: AccountQuerySet,
    *,
    first: int = 0,
    last: int = LAST_ID,
    has_details: bool = True,
) -> None:
    """Put into ``tiers_verdict`` what the rules say of accounts, and into ``tiers_outlook`` what follows.

    Temporary tables of the transaction, one row an account. ``tiers_judged`` holds what was read; without
    ``has_details`` only what decides. Raises BrokenConditionError.
    """
    forget_outlook()
    load("tiers", "preview_judge", judged=_judged(asked, accounts, has_details=has_details)).execute()
    source = "preview_by_rule" if asked.rules.rules else "preview_by_points"
    load("tiers", "preview_verdicts", verdicts=verdicts_of(asked.rules, load("tiers", source))).execute()
    decided = decisions(
        load("tiers", "preview_verdict"),
        asked.terms,
        on=asked.on,
        first=first,
        last=last,
        is_past=asked.as_of is not None,
    )
    load("tiers", "preview_outlook", decisions=decided, rule_set=asked.rules.rule_set_id, near=NEAR).execute()


def forget_outlook() -> None:
    """Drop the tables of ``look_ahead``."""
    load("tiers", "preview_forget").execute()


def _judged(asked: Question, accounts: AccountQuerySet, *, has_details: bool) -> Statement:
    rules, moment = asked.rules, asked.moment()
    others = [leaf for key in (WORTH, TICKETS) if has_details and (leaf := _leaf(key)) is not None]
    rows = asked_accounts(rules, on=asked.on, moment=moment, accounts=accounts, also=others)
    told: dict[str, Any] = {"account_id": F("pk")}
    if rules.rules:
        told["rule_id"] = first_rule(rules)
        told["near_place"] = first_near(rules) if has_details else _no_place()
        told["surely_id"] = surely_first(rules) if has_details else _no_rule()
    else:
        told |= {
            "points": sum_of_points(rules),
            "held_id": F(HELD),
            "near_place": _no_place(),
            "surely_id": _no_rule(),
        }
    read = used_fields([*rules.conditions, *others]) if has_details else {}
    by_key = {field.key: alias for alias, field in read.items()}
    told["arr"] = F(by_key[WORTH]) if WORTH in by_key else _no_number()
    told["tickets"] = F(by_key[TICKETS]) if TICKETS in by_key else _no_number()
    # Under names of their own, since the account has columns and relations that are called alike.
    named = {f"told_{name}": value for name, value in told.items()} | {
        f"{SEEN}{alias}": F(alias) for alias in read
    }
    chosen: Any = rows.annotate(**named).values_list(*named)
    return compile_query(chosen)


def _no_number() -> Cast:
    return Cast(Value(None), DecimalField(max_digits=24, decimal_places=6))


def _no_place() -> Cast:
    return Cast(Value(None), SmallIntegerField())


def _no_rule() -> Cast:
    return Cast(Value(None), BigIntegerField())


def _leaf(key: str) -> Leaf | None:
    return Leaf(key, "gte", Decimal(0)) if find_field(key) else None
