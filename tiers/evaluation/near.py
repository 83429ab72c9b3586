"""Which boundary between tiers an account is near: the one place that says what near means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Case, F, Func, Q, SmallIntegerField, Value, When
from django.db.models.functions import Cast

from accounts.conditions.once import computed_once
from accounts.conditions.shifting import eased
from accounts.models import Tier
from accounts.querysets import AccountQuerySet
from tiers.evaluation.compiled import CompiledRule, CompiledRules
from tiers.evaluation.verdicts import first_place, fits

NEAR = Decimal("0.1")
# Places of rules count from 1: of the one that counts now, and of the one that a small change hangs on.
PLACE, NEAR_PLACE = "tiers_place", "tiers_near_place"
# The tier that a small change would bring.
TOWARD = "tiers_toward"
_EASED, _KEPT = "tiers_eased_place", "tiers_kept_place"


def with_nearness(rows: AccountQuerySet, rules: CompiledRules) -> AccountQuerySet:
    """Return the rows of ``asked_accounts`` with ``PLACE``, ``NEAR_PLACE`` and ``TOWARD`` beside what they have.

    With every threshold of a number a tenth easier an account may meet an earlier rule, with every one a tenth
    harder only a later one. Where that would bring another tier, ``NEAR_PLACE`` is the rule that it would come to,
    or else the one that it would lose; null where no boundary is near. For rules only, not for points.
    """
    names = list(rows.query.annotations)
    ranks = dict(Tier.objects.values_list("pk", "rank"))
    placed = computed_once(
        rows.alias(**{PLACE: first_place(rules)}),
        [*names, PLACE],
    )
    shifted = placed.alias(
        **{
            _EASED: _case(_easier(_shifted(rules, NEAR), ranks), default=F(PLACE)),
            _KEPT: _case(_harder(_shifted(rules, -NEAR), ranks), default=F(PLACE)),
        }
    )
    found = computed_once(shifted, [*names, PLACE, _EASED, _KEPT])
    now, easier, harder = (_tier_at(place, rules) for place in (PLACE, _EASED, _KEPT))
    rises, falls = ~Q(_tiers_now=F("_tiers_eased")), ~Q(_tiers_now=F("_tiers_kept"))
    return found.alias(_tiers_now=now, _tiers_eased=easier, _tiers_kept=harder).alias(
        **{
            NEAR_PLACE: Case(When(rises, then=F(_EASED)), When(falls, then=F(PLACE))),
            TOWARD: Case(When(rises, then=F("_tiers_eased")), When(falls, then=F("_tiers_kept"))),
        }
    )


def _case(parts: Iterator[When], default: F) -> Case:
    return Case(*parts, default=default, output_field=SmallIntegerField())


def _easier(rules: Sequence[CompiledRule], ranks: dict[int, int]) -> Iterator[When]:
    """Ask which rule would fit if thresholds were easier, of those before all that give the tier of now in a row."""
    for _, block in groupby(enumerate(rules, 1), key=lambda pair: pair[1].tier_id):
        placed = list(block)
        yield When(Q(**{f"{PLACE}__lte": placed[-1][0]}), then=F(PLACE))
        for place, rule in placed:
            yield When(fits(rule, ranks), then=Value(place))


def _harder(rules: Sequence[CompiledRule], ranks: dict[int, int]) -> Iterator[When]:
    """Ask which rule would fit still if thresholds were harder: none before the one that counts now."""
    for place, rule in enumerate(rules, 1):
        yield When(Q(**{f"{PLACE}__lte": place}) & fits(rule, ranks), then=Value(place))


def _shifted(rules: CompiledRules, share: Decimal) -> Sequence[CompiledRule]:
    return [replace(rule, condition=eased(rule.condition, share)) for rule in rules.rules]


class _Nth(Func):
    """An element of an array."""

    template = "(%(expressions)s]"
    arg_joiner = ")["
    arity = 2
    output_field = BigIntegerField()


def _tier_at(place: str, rules: CompiledRules) -> _Nth:
    tiers = Value([rule.tier_id for rule in rules.rules], ArrayField(BigIntegerField()))
    return _Nth(Cast(tiers, ArrayField(BigIntegerField())), F(place))
