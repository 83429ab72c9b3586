"""The values of one version of the rules: each kind of entitlement for each tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import Tier
from tiers.entitlements.registry import EntitlementKind, ordered_kinds
from tiers.models import EntitlementValue, RuleSet


@dataclass(frozen=True)
class ValueTable:
    """Every value of a rule set; without one, the defaults that the kinds came with.

    ``tiers`` are by slug, the highest first. A kind declared after the rule set was made has its defaults there.
    """

    rule_set: RuleSet | None
    tiers: Mapping[str, Tier]
    held: Mapping[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def version(self) -> int | None:
        """The version of the rule set, None while the defaults hold."""
        return self.rule_set.version if self.rule_set else None

    @property
    def lowest(self) -> Tier | None:
        """The tier of last resort, None where the vocabulary is empty."""
        return next(reversed(self.tiers.values()), None)

    def value(self, kind: EntitlementKind, tier: Tier | None) -> Any:
        """Return the stored value of a kind for a tier, that of the lowest one for None."""
        slug = (tier or self.lowest).slug if (tier or self.lowest) else ""
        found = self.held.get((slug, kind.key))
        return kind.default_for(slug) if found is None else found

    def words(self, kind: EntitlementKind, tier: Tier | None) -> str:
        """Return the value of a kind for a tier in words."""
        return kind.words(self.value(kind, tier))


def table_in_force(as_of: date | None = None) -> ValueTable:
    """Return the values that hold now, or held on a past day; two queries."""
    return _table(RuleSet.objects.in_force(as_of or timezone.now().date()))


def table_of(rule_set: RuleSet | None) -> ValueTable:
    """Return the values of one version, the defaults for None; two queries at most."""
    return _table(RuleSet.objects.filter(pk=rule_set.pk if rule_set else None))


def differences(before: ValueTable, after: ValueTable, tiers: Sequence[Tier] | None = None) -> list[str]:
    """Return in words what changes from one version to another, the highest tier first."""
    return [
        f"{tier.label}: {change}"
        for tier in (tiers if tiers is not None else after.tiers.values())
        for change in changes_between((before, tier), (after, tier))
    ]


def changes_between(
    one: tuple[ValueTable, Tier | None], other: tuple[ValueTable, Tier | None], *, shareable: bool = False
) -> list[str]:
    """Return in words what an account gains or loses by going from a version and tier to another."""
    return [
        f"{kind.label.lower()} {other[0].words(kind, other[1])} instead of {one[0].words(kind, one[1])}"
        for kind in ordered_kinds()
        if (kind.is_shareable or not shareable)
        and one[0].value(kind, one[1]) != other[0].value(kind, other[1])
    ]


def _table(rule_sets: Any) -> ValueTable:
    values = EntitlementValue.objects.filter(rule_set=OuterRef("pk")).order_by()
    rule_set = (
        rule_sets.select_related("published_by")
        .annotate(
            held=ArraySubquery(values.values(data=JSONObject(tier="tier__slug", key="key", value="value")))
        )
        .first()
    )
    held = {(row["tier"], row["key"]): row["value"] for row in (rule_set.held if rule_set else ())}
    return ValueTable(rule_set, {tier.slug: tier for tier in Tier.objects.all()}, held)
