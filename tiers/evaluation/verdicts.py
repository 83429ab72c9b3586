"""What the rules say of each account, as one statement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import (
    BigIntegerField,
    Case,
    DecimalField,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from accounts.conditions.query import meaning, with_fields
from accounts.models import Account, Tier, TierTenure
from accounts.querysets import AccountQuerySet
from metrics.statements import Statement, compile_query, load
from tiers.evaluation.compiled import CompiledRule, CompiledRules

HELD = "tiers_held"
POINTS = DecimalField(max_digits=12, decimal_places=2)


def verdicts(
    rules: CompiledRules,
    *,
    on: date,
    as_of: date | None = None,
    numbers_on: date | None = None,
    accounts: AccountQuerySet | None = None,
    held: Combinable | None = None,
) -> Statement:
    """Return ``(account_id, tier_id, rule_id, score)``, one row for each live account, or each of ``accounts``.

    ``as_of`` None asks about now, from standing and profile; a day asks about that day. ``numbers_on`` names the
    day whose stored numbers are read meanwhile. ``on`` is the day whose tier counts as held: thresholds to stay
    hold for that tier and those below it. ``held`` replaces it by another expression for the id of the tier held,
    as a simulation needs. Raises BrokenConditionError where a condition speaks of something that is gone.
    """
    every = Account.objects.live() if accounts is None else accounts
    rows = with_fields(every, rules.conditions, as_of=as_of, numbers_on=numbers_on)
    if held is None:
        rows = rows.alias(tiers_tenure=_tenure(on))
    rows = rows.alias(**{HELD: tier_held() if held is None else held})
    if rules.rules:
        judged = rows.values_list("pk", _first_rule(rules))
        return load("tiers", "rule_verdicts", judged=compile_query(judged))
    scored = rows.values_list("pk", _points(rules), F(HELD))
    return load("tiers", "score_verdicts", judged=compile_query(scored), rule_set=rules.rule_set_id)


def tier_held() -> Combinable:
    """Return the tier that counts as held by ``tiers_tenure``: what was held before it, where that is an override."""
    before = TierTenure.objects.filter(account_id=OuterRef("pk")).exclude(cause=TierTenure.Cause.OVERRIDE)
    return Case(
        When(
            tiers_tenure__cause=TierTenure.Cause.OVERRIDE,
            then=Subquery(before.order_by("-during").values("tier_id")[:1]),
        ),
        default=F("tiers_tenure__tier_id"),
        output_field=BigIntegerField(),
    )


def _tenure(on: date) -> FilteredRelation:
    return FilteredRelation("tier_tenures", condition=Q(tier_tenures__during__contains=on))


def _first_rule(rules: CompiledRules) -> Case:
    """Return the id of the first rule that fits: one CASE, so that no rule behind it is asked."""
    ranks = dict(Tier.objects.values_list("pk", "rank"))
    return Case(
        *(When(_fits(rule, ranks), then=Value(rule.pk)) for rule in rules.rules),
        output_field=BigIntegerField(),
    )


def _fits(rule: CompiledRule, ranks: dict[int, int]) -> Q:
    enters = meaning(rule.condition)
    if not rule.has_stay:
        return enters
    # A threshold to stay is never harder than that to enter, so whoever enters needs no second look.
    at_least = [pk for pk, rank in ranks.items() if rank <= rule.rank]
    return enters | (Q(**{f"{HELD}__in": at_least}) & meaning(rule.condition, is_held=True))


def _points(rules: CompiledRules) -> Combinable:
    """Return the sum of the points whose conditions hold."""
    total: Combinable = Value(Decimal(0), POINTS)
    for point in rules.points:
        total = total + Case(
            When(meaning(point.condition), then=Value(point.points, POINTS)),
            default=Value(Decimal(0), POINTS),
            output_field=POINTS,
        )
    return total
