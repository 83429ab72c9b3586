"""A rule set read for evaluation: its conditions parsed, its tiers with their ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.conditions.expression import (
    BrokenConditionError,
    Condition,
    ConditionError,
    Problem,
    leaves,
    parse_condition,
)
from tiers.models import RuleSet


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledRule:
    """One rule; ``has_stay`` where the thresholds to stay differ from those to enter."""

    pk: int
    name: str
    tier_id: int
    rank: int
    condition: Condition

    @property
    def has_stay(self) -> bool:
        """Whether it asks less of whoever is in."""
        return any(leaf.stay is not None for _, leaf in leaves(self.condition))


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledPoint:
    """Points that count where the condition holds."""

    name: str
    points: Decimal
    condition: Condition


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledRules:
    """What evaluation needs of a rule set: ``rules`` in order, or ``points`` with the set's thresholds."""

    rule_set_id: int
    rules: Sequence[CompiledRule] = ()
    points: Sequence[CompiledPoint] = ()

    @property
    def conditions(self) -> list[Condition]:
        """Every condition that is asked."""
        return [rule.condition for rule in self.rules] + [point.condition for point in self.points]


def compile_rules(rule_set: RuleSet) -> CompiledRules:
    """Read a rule set for evaluation; raises BrokenConditionError where a condition speaks of something gone."""
    if rule_set.kind == RuleSet.Kind.SCORE:
        return CompiledRules(
            rule_set_id=rule_set.pk,
            points=[
                CompiledPoint(name=one.name, points=one.points, condition=_parsed(one.name, one.condition))
                for one in rule_set.points.order_by("position")
            ],
        )
    return CompiledRules(
        rule_set_id=rule_set.pk,
        rules=[
            CompiledRule(
                pk=rule.pk,
                name=rule.name,
                tier_id=rule.tier_id,
                rank=rule.tier.rank,
                condition=_parsed(rule.name, rule.condition),
            )
            for rule in rule_set.rules.select_related("tier").order_by("position")
        ],
    )


def _parsed(name: str, data: Any) -> Condition:
    try:
        return parse_condition(data)
    except ConditionError as error:
        raise BrokenConditionError(
            [Problem(one.path, f"“{name}”: {one.message}", one.remedy) for one in error.problems]
        ) from error
