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
    Q,
    SmallIntegerField,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from accounts.conditions.expression import Condition
from accounts.conditions.once import computed_once
from accounts.conditions.operators import DAY
from accounts.conditions.query import meaning, used_fields, with_fields
from accounts.conditions.registry import Moment
from accounts.models import Account, Tier, TierTenure
from accounts.querysets import AccountQuerySet
from metrics.statements import Statement, compile_query, load
from tiers.evaluation.compiled import CompiledRule, CompiledRules
from tiers.evaluation.joined import JoinedTier

HELD, SETTLED = "tiers_held", "tiers_settled"
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
    """Return ``(account_id, tier_id, rule_id, score, settled_id)`` of each live account, or each of ``accounts``.

    ``as_of`` None asks about now, from standing and profile; a day asks about that day. ``numbers_on`` names the
    day whose stored numbers are read meanwhile. ``on`` is the day whose tier counts as held: thresholds to stay
    hold for that tier and those below it. ``held`` replaces it by another expression for the id of the tier held,
    as a simulation needs. ``settled_id`` is the tier in which nothing is left to do about an account, unless an
    override holds it or a move waits; it is null where ``held`` is given. Raises BrokenConditionError where a
    condition speaks of something that is gone.
    """
    rows = asked_accounts(
        rules, on=on, moment=Moment(as_of=as_of, numbers_on=numbers_on), accounts=accounts, held=held
    )
    if rules.rules:
        return verdicts_of(rules, compile_query(rows.values_list("pk", F(SETTLED), first_place(rules))))
    return verdicts_of(
        rules, compile_query(rows.values_list("pk", F(SETTLED), sum_of_points(rules), F(HELD)))
    )


def asked_accounts(
    rules: CompiledRules,
    *,
    on: date,
    moment: Moment,
    accounts: AccountQuerySet | None = None,
    held: Combinable | None = None,
    also: Sequence[Condition] = (),
) -> AccountQuerySet:
    """Return the accounts with a column for each field that the rules (and ``also``) read, ``HELD`` and ``SETTLED``."""
    every = Account.objects.live() if accounts is None else accounts
    asked = [*rules.conditions, *also]
    rows = with_fields(every, asked, moment=moment)
    if held is None:
        rows = rows.alias(tiers_tenure=tenure_on(on))
        rows = rows.alias(**{HELD: tier_held(on), SETTLED: _settled(is_past=moment.as_of is not None)})
    else:
        rows = rows.alias(**{HELD: held, SETTLED: Value(None, BigIntegerField())})
    return computed_once(rows, [*used_fields(asked), HELD, SETTLED, DAY])


def verdicts_of(rules: CompiledRules, judged: Statement) -> Statement:
    """Return verdicts of what was judged.

    That is ``(account_id, settled_id, place)``, or for points ``(account_id, settled_id, points, held_id)``.
    """
    kind = "rule_verdicts" if rules.rules else "score_verdicts"
    return load("tiers", kind, judged=judged, rule_set=rules.rule_set_id)


def tier_held(on: date) -> Combinable:
    """Return the tier that counts as held by ``tiers_tenure``: what was held before it, where that is an override."""
    return Case(
        When(
            tiers_tenure__cause=TierTenure.Cause.OVERRIDE,
            then=JoinedTier(load("tiers", "held_before", on=on)),
        ),
        default=F("tiers_tenure__tier_id"),
        output_field=BigIntegerField(),
    )


def _settled(*, is_past: bool) -> Case:
    """Return the tier of the tenure that holds, where it has no end, no override gave it and the standing shows it."""
    # What ended later had no end then; what the standing showed then isn't known.
    known = (
        Q()
        if is_past
        else Q(tiers_tenure__during__endswith=None, standing__tier_id=F("tiers_tenure__tier_id"))
    )
    return Case(
        When(
            ~Q(tiers_tenure__cause=TierTenure.Cause.OVERRIDE) & known,
            then=F("tiers_tenure__tier_id"),
        ),
        output_field=BigIntegerField(),
    )


def tenure_on(on: date) -> FilteredRelation:
    """Return the relation ``tiers_tenure`` from which ``tier_held`` reads: the tenure that holds on a day."""
    return FilteredRelation("tier_tenures", condition=Q(tier_tenures__during__contains=on))


def first_place(rules: CompiledRules) -> Case:
    """Return the place, from 1, of the first rule that fits: one CASE, so that no rule behind it is asked."""
    ranks = dict(Tier.objects.values_list("pk", "rank"))
    return Case(
        *(When(fits(rule, ranks), then=Value(place)) for place, rule in enumerate(rules.rules, 1)),
        output_field=SmallIntegerField(),
    )


def fits(rule: CompiledRule, ranks: dict[int, int]) -> Q:
    """Return whether an account meets the rule, by its thresholds to stay where these count."""
    # Soundness was checked with the fields.
    enters = meaning(rule.condition, is_checked=True)
    if not rule.has_stay:
        return enters
    # A threshold to stay is never harder than that to enter, so whoever enters needs no second look.
    return enters | (holds_tier_of(rule, ranks) & meaning(rule.condition, is_held=True, is_checked=True))


def holds_tier_of(rule: CompiledRule, ranks: dict[int, int]) -> Q:
    """Return whether an account holds the rule's tier or a higher one, so that its thresholds to stay count."""
    return Q(**{f"{HELD}__in": [pk for pk, rank in ranks.items() if rank <= rule.rank]})


def sum_of_points(rules: CompiledRules) -> Combinable:
    """Return the sum of the points whose conditions hold."""
    total: Combinable = Value(Decimal(0), POINTS)
    for point in rules.points:
        total = total + Case(
            When(meaning(point.condition, is_checked=True), then=Value(point.points, POINTS)),
            default=Value(Decimal(0), POINTS),
            output_field=POINTS,
        )
    return total
