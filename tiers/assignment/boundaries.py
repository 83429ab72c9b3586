"""Keep which accounts are near a boundary between tiers, so that a page needs no look at all of them."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import F, JSONField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject

from accounts.conditions.expression import leaves, resolve
from accounts.conditions.query import alias_of
from accounts.conditions.registry import Moment
from accounts.conditions.shifting import compares_numbers
from accounts.models import Account
from metrics.engine.plan import slice_accounts, today
from metrics.statements import Statement, compile_query, load
from tiers.assignment.decide import LAST_ID
from tiers.evaluation import CompiledRules, compile_rules
from tiers.evaluation.near import NEAR, NEAR_PLACE, PLACE, TOWARD, with_nearness
from tiers.evaluation.verdicts import HELD, asked_accounts, sum_of_points
from tiers.models import NearBoundary, RuleSet

# PostgreSQL takes a hundred arguments, keys and values together.
PAIRS = 45


@transaction.atomic
def keep_boundaries(
    *,
    rule_set: RuleSet,
    on: date,
    as_of: date | None = None,
    numbers_on: date | None = None,
    first: int = 0,
    last: int = LAST_ID,
) -> int:
    """Replace what is known of a slice of accounts near a boundary; return the rows.

    Arguments as for ``assign_tiers``. Repeated, it changes nothing. Raises BrokenConditionError.
    """
    rules = compile_rules(rule_set)
    accounts = Account.objects.live().filter(pk__gte=first, pk__lte=last)
    moment = Moment(as_of=as_of, numbers_on=numbers_on)
    rows = asked_accounts(rules, on=on, moment=moment, accounts=accounts)
    NearBoundary.objects.filter(account_id__gte=first, account_id__lte=last).delete()
    parts = {"rule_set": rule_set.pk, "as_of": numbers_on or as_of or on}
    if rules.points:
        scored = compile_query(rows.values_list("pk", sum_of_points(rules), F(HELD)))
        return load("tiers", "keep_near_points", judged=scored, near=NEAR, **parts).execute()
    judged: Statement = compile_query(
        with_nearness(rows, rules).values_list(
            "pk", F(PLACE), F(NEAR_PLACE), F(TOWARD), F(HELD), _numbers(rules)
        )
    )
    return load("tiers", "keep_near", judged=judged, **parts).execute()


def keep_all_boundaries() -> int:
    """Look at every account by the rules in force now, a transaction for each slice; return the rows."""
    rule_set = RuleSet.objects.in_force(today()).first()
    if rule_set is None:
        return 0
    return sum(
        keep_boundaries(rule_set=rule_set, on=today(), first=first, last=last)
        for first, last in slice_accounts()
    )


def _numbers(rules: CompiledRules) -> Combinable:
    """Return the numbers that rules compare, by their fields' keys."""
    fields = {
        leaf.field: F(alias_of(resolve(leaf)[0]))
        for condition in rules.conditions
        for _, leaf in leaves(condition)
        if compares_numbers(leaf)
    }
    keys = list(fields)
    parts = {
        str(place): JSONObject(**{key: fields[key] for key in keys[place : place + PAIRS]})
        for place in range(0, len(keys), PAIRS)
    }
    return JSONObject(**parts) if parts else Value({}, JSONField())
