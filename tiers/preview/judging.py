"""What the rules say of each account, with what a preview tells beside it: its worth, and which boundary is near."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import DecimalField, F, Field, SmallIntegerField, Value
from django.db.models.functions import Cast

from accounts.conditions.custom import find_field
from accounts.conditions.expression import Leaf
from accounts.conditions.query import used_fields
from accounts.conditions.registry import Moment
from accounts.models import Account
from accounts.querysets import AccountQuerySet
from metrics.statements import Slice, Statement, compile_query, load
from tiers.assignment.decide import LAST_ID, Terms, decisions, unsettled
from tiers.evaluation.compiled import CompiledRules
from tiers.evaluation.near import NEAR, NEAR_PLACE, PLACE, with_nearness
from tiers.evaluation.verdicts import HELD, SETTLED, asked_accounts, first_place, sum_of_points, verdicts_of

# Numbers of others, found by key: what an account is worth, and what it asks of support.
WORTH = "finance.arr"
TICKETS = "support.tickets_90d"
# Before the names of fields in queries; together they fit into the name of a column.
SEEN = "v_"
# PostgreSQL takes a hundred arguments, names and values together.
PAIRS = 50


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


def look_ahead(asked: Question, judged: Statement, *, first: int = 0, last: int = LAST_ID) -> None:
    """Put what the rules say of accounts into ``tiers_judged``, and into ``tiers_outlook`` what follows.

    ``judged`` is of ``judged_accounts``. Temporary tables of the transaction. ``tiers_unsettled`` has the verdicts
    from which something could follow and ``tiers_outlook`` what does, without an outcome where nothing is decided;
    all others stay in the tier that counts as held.
    """
    forget_outlook()
    rules, is_past = asked.rules, asked.as_of is not None
    kind = "rule" if rules.rules else "points"
    load("tiers", f"preview_judge_by_{kind}", judged=judged, rule_set=rules.rule_set_id, near=NEAR).execute()
    verdicts = verdicts_of(rules, load("tiers", f"preview_by_{kind}"))
    load("tiers", "preview_unsettled", verdicts=unsettled(verdicts, on=asked.on, is_past=is_past)).execute()
    decided = decisions(
        load("tiers", "preview_verdict"), asked.terms, on=asked.on, first=first, last=last, is_past=is_past
    )
    load("tiers", "preview_outlook", decisions=decided).execute()


def forget_outlook() -> None:
    """Drop the tables of ``look_ahead``."""
    load("tiers", "preview_forget").execute()


def judged_accounts(asked: Question, accounts: AccountQuerySet, *, has_details: bool = True) -> Statement:
    """Return what the rules say of each account with what they read; without details only what decides.

    Raises BrokenConditionError.
    """
    rules, moment = asked.rules, asked.moment()
    others = _others() if has_details else []
    rows = asked_accounts(rules, on=asked.on, moment=moment, accounts=accounts, also=others)
    told: dict[str, Any] = {
        "account_id": F("pk"),
        "held_id": F(HELD),
        "settled_id": F(SETTLED),
        "place": _no_place(),
        "near_place": _no_place(),
        "points": _no_number(),
    }
    if not rules.rules:
        told["points"] = sum_of_points(rules)
    elif has_details:
        rows = with_nearness(rows, rules)
        told |= {"place": F(PLACE), "near_place": F(NEAR_PLACE)}
    else:
        told["place"] = first_place(rules)
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


def kept_values(asked: Question) -> Statement:
    """Return what was read of an account as one JSON object, over ``tiers_judged AS judged``."""
    names = [f"{SEEN}{alias}" for alias in used_fields([*asked.rules.conditions, *_others()])]
    quoted = connection.ops.quote_name
    pairs = [f"'{name}', judged.{quoted(name)}" for name in names]
    # As whole rows with the other columns taken out it took twice as long.
    objects = [
        f"jsonb_build_object({', '.join(pairs[place : place + PAIRS])})"
        for place in range(0, len(pairs), PAIRS)
    ]
    return Statement(" || ".join(objects) or "'{}'::jsonb")


def accounts_of_slice() -> AccountQuerySet:
    """Return the live accounts of a slice whose ends ``Statement.within`` puts in."""
    first, last = (Value(end, Field()) for end in (Slice.FIRST, Slice.LAST))
    return Account.objects.live().filter(pk__gte=first, pk__lte=last)


def _no_number() -> Cast:
    return Cast(Value(None), DecimalField(max_digits=24, decimal_places=6))


def _no_place() -> Cast:
    return Cast(Value(None), SmallIntegerField())


def _others() -> list[Leaf]:
    return [leaf for key in (WORTH, TICKETS) if (leaf := _leaf(key)) is not None]


def _leaf(key: str) -> Leaf | None:
    return Leaf(key, "gte", Decimal(0)) if find_field(key) else None
