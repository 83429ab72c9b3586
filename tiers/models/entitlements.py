"""What each tier is entitled to in a version of the rules."""

from __future__ import annotations

import pghistory
from django.db import models

from accounts.models import Tier
from tiers.models.rules import RuleSet, frozen_with_rule_set


@pghistory.track()
class EntitlementValue(models.Model):
    """What accounts of ``tier`` are entitled to of one kind, as the rule set says it.

    ``key`` is that of a kind in the registry, ``value`` of its type. A draft begins with a row for every tier and
    kind, so that a version means the same for ever.
    """

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="entitlements", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=64)
    value = models.JSONField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="tiers_entitlementvalue_one", fields=("rule_set", "tier", "key")),
        )
        triggers = (frozen_with_rule_set(),)

    def __str__(self) -> str:
        return f"{self.key} of tier {self.tier_id} in {self.rule_set_id}"
