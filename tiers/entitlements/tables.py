"""The values of one version of the rules: each kind of entitlement for each tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import Tier
from common.export import Column, Table
from tiers.entitlements.registry import EntitlementKind, ordered_kinds
from tiers.models import EntitlementValue, RuleSet
from tiers.querysets import RuleSetQuerySet


@dataclass(frozen=True)
class ValueTable:
    """Every value of a rule set; without one (``version`` None), the defaults that the kinds came with.

    ``tiers`` are by slug, the highest first. A kind declared after the rule set was made has its defaults there.
    """

    version: int | None
    tiers: Mapping[str, Tier]
    held: Mapping[tuple[str, str], Any] = field(default_factory=dict)

    @cached_property
    def rule_set(self) -> RuleSet | None:
        """The rule set with its author and who published it, read when first asked for."""
        people = RuleSet.objects.select_related("author", "published_by")
        return None if self.version is None else people.get(version=self.version)

    @property
    def lowest(self) -> Tier | None:
        """The tier of last resort, None where the vocabulary is empty."""
        return next(reversed(list(self.tiers.values())), None)

    def value(self, kind: EntitlementKind, tier: Tier | None) -> Any:
        """Return the stored value of a kind for a tier, that of the lowest one for None."""
        counted = tier or self.lowest
        slug = counted.slug if counted else ""
        found = self.held.get((slug, kind.key))
        return kind.default_for(slug) if found is None else found

    def words(self, kind: EntitlementKind, tier: Tier | None) -> str:
        """Return the value of a kind for a tier in words."""
        return kind.words(self.value(kind, tier))


def table_in_force(as_of: date | None = None) -> ValueTable:
    """Return the values that hold now, or held on a past day; one query."""
    return _table(RuleSet.objects.in_force(as_of or timezone.now().date()))


def table_of(rule_set: RuleSet | None) -> ValueTable:
    """Return the values of one version, the defaults for None; one query."""
    return _table(RuleSet.objects.filter(pk=rule_set.pk) if rule_set else RuleSet.objects.none())


def values_table(table: ValueTable) -> Table:
    """Return a version's values in words for a file: a row for each kind, a column for each tier."""
    columns = [Column("group", "Group"), Column("entitlement", "Entitlement")]
    columns += [Column(tier.slug, tier.label) for tier in table.tiers.values()]
    rows = (
        [kind.group, kind.label, *(table.words(kind, tier) for tier in table.tiers.values())]
        for kind in ordered_kinds()
    )
    return Table("entitlements", columns, rows)


def differences(before: ValueTable, after: ValueTable, tiers: Sequence[Tier] | None = None) -> list[str]:
    """Return in words what changes from one version to another, the highest tier first."""
    return [
        f"{tier.label}, {change}"
        for tier in (tiers if tiers is not None else after.tiers.values())
        for change in changes_between((before, tier), (after, tier))
    ]


def changes_between(
    one: tuple[ValueTable, Tier | None], other: tuple[ValueTable, Tier | None], *, shareable: bool = False
) -> list[str]:
    """Return in words what an account gains or loses by going from a version and tier to another."""
    return [
        f"{kind.label.lower()}: {other[0].words(kind, other[1])} instead of {one[0].words(kind, one[1])}"
        for kind in ordered_kinds()
        if (kind.is_shareable or not shareable)
        and one[0].value(kind, one[1]) != other[0].value(kind, other[1])
    ]


def _table(rule_sets: RuleSetQuerySet) -> ValueTable:
    newest = rule_sets.order_by("-version")
    values = EntitlementValue.objects.filter(
        tier=OuterRef("pk"), rule_set=Subquery(newest.values("pk")[:1])
    ).order_by()
    tiers = list(
        Tier.objects.annotate(
            version=Subquery(newest.values("version")[:1]),
            held=ArraySubquery(values.values(data=JSONObject(key="key", value="value"))),
        )
    )
    return ValueTable(
        tiers[0].version if tiers else None,
        {tier.slug: tier for tier in tiers},
        {(tier.slug, row["key"]): row["value"] for tier in tiers for row in tier.held or ()},
    )
