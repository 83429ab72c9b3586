"""What the rules say of each account, as one statement."""

from __future__ import annotations

from collections.abc import Sequence
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

from accounts.conditions.expression import Condition
from accounts.conditions.query import meaning, with_fields
from accounts.conditions.registry import Moment
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
    rows = asked_accounts(
        rules, on=on, moment=Moment(as_of=as_of, numbers_on=numbers_on), accounts=accounts, held=held
    )
    if rules.rules:
        return verdicts_of(rules, compile_query(rows.values_list("pk", first_rule(rules))))
    return verdicts_of(rules, compile_query(rows.values_list("pk", sum_of_points(rules), F(HELD))))


def asked_accounts(
    rules: CompiledRules,
    *,
    on: date,
    moment: Moment,
    accounts: AccountQuerySet | None = None,
    held: Combinable | None = None,
    also: Sequence[Condition] = (),
) -> AccountQuerySet:
    """Return the accounts with an alias for each field that the rules (and ``also``) read, and ``HELD``."""
    every = Account.objects.live() if accounts is None else accounts
    rows = with_fields(every, [*rules.conditions, *also], moment=moment)
    if held is None:
        rows = rows.alias(tiers_tenure=tenure_on(on))
    return rows.alias(**{HELD: tier_held() if held is None else held})


def verdicts_of(rules: CompiledRules, judged: Statement) -> Statement:
    """Return verdicts of what was judged: ``(account_id, rule_id)``, or ``(account_id, points, held_id)``."""
    if rules.rules:
        return load("tiers", "rule_verdicts", judged=judged)
    return load("tiers", "score_verdicts", judged=judged, rule_set=rules.rule_set_id)


def tier_held() -> Combinable:
    """Return the tier that counts as held by ``tiers_tenure``: what was held before it, where that is an override."""
    before = TierTenure.objects.filter(
        account_id=OuterRef("pk"), during__fully_lt=OuterRef("tiers_tenure__during")
    ).exclude(cause=TierTenure.Cause.OVERRIDE)
    return Case(
        When(
            tiers_tenure__cause=TierTenure.Cause.OVERRIDE,
            then=Subquery(before.order_by("-during").values("tier_id")[:1]),
        ),
        default=F("tiers_tenure__tier_id"),
        output_field=BigIntegerField(),
    )


def tenure_on(on: date) -> FilteredRelation:
    """Return the relation ``tiers_tenure`` from which ``tier_held`` reads: the tenure that holds on a day."""
    return FilteredRelation("tier_tenures", condition=Q(tier_tenures__during__contains=on))


def first_rule(rules: CompiledRules) -> Case:
    """Return the id of the first rule that fits: one CASE, so that no rule behind it is asked."""
    ranks = dict(Tier.objects.values_list("pk", "rank"))
    return Case(
        *(When(fits(rule, ranks), then=Value(rule.pk)) for rule in rules.rules),
        output_field=BigIntegerField(),
    )


def fits(rule: CompiledRule, ranks: dict[int, int]) -> Q:
    """Return whether an account meets the rule, by its thresholds to stay where these count."""
    enters = meaning(rule.condition)
    if not rule.has_stay:
        return enters
    # A threshold to stay is never harder than that to enter, so whoever enters needs no second look.
    return enters | (holds_tier_of(rule, ranks) & meaning(rule.condition, is_held=True))


def holds_tier_of(rule: CompiledRule, ranks: dict[int, int]) -> Q:
    """Return whether an account holds the rule's tier or a higher one, so that its thresholds to stay count."""
    return Q(**{f"{HELD}__in": [pk for pk, rank in ranks.items() if rank <= rule.rank]})


def sum_of_points(rules: CompiledRules) -> Combinable:
    """Return the sum of the points whose conditions hold."""
    total: Combinable = Value(Decimal(0), POINTS)
    for point in rules.points:
        total = total + Case(
            When(meaning(point.condition), then=Value(point.points, POINTS)),
            default=Value(Decimal(0), POINTS),
            output_field=POINTS,
        )
    return total
