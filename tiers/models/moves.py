"""What people decide about an account's tier, and what waits to happen to it."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce, Now

from accounts.models import Account, Tier
from people.models import User
from tiers.models.rules import RuleSet, TierRule
from tiers.querysets import PendingMoveQuerySet, TierOverrideQuerySet


@pghistory.track()
class TierOverride(models.Model):
    """A person's decision that beats the rules for a time: who, why and until when.

    It holds from ``starts_on`` until ``ends_on``, the first day without it, or until ``ended_on`` where somebody
    ended it before. An account has one at a time.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="tier_overrides")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    created_at = models.DateTimeField(db_default=Now())
    reminded_at = models.DateTimeField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    end_reason = models.CharField(max_length=500, blank=True)

    objects = TierOverrideQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="tiers_tieroverride_ends_after_start", condition=Q(ends_on__gt=F("starts_on"))
            ),
            models.CheckConstraint(
                name="tiers_tieroverride_ended_within",
                condition=Q(ended_on=None) | Q(ended_on__gte=F("starts_on"), ended_on__lte=F("ends_on")),
            ),
            models.CheckConstraint(name="tiers_tieroverride_has_reason", condition=~Q(reason="")),
            ExclusionConstraint(
                name="tiers_tieroverride_one_at_a_time",
                expressions=(
                    ("account", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"),
                            Coalesce("ended_on", "ends_on"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ),
            ),
        )
        indexes = (models.Index(name="tiers_override_by_end", fields=("ends_on",)),)

    def __str__(self) -> str:
        return f"{self.tier_id} for account {self.account_id} until {self.ends_on}"


class PendingMove(models.Model):
    """A move that the rules ask for and that waits: for its grace or dwell to pass, or for a decision.

    It goes as soon as the rules no longer ask for it. ``since`` is the first day on which they did; ``decision`` is
    what people said of it, where moves down need approval.
    """

    class Why(models.TextChoices):
        GRACE = "grace", "In its grace period"
        DWELL = "dwell", "Moved too recently"
        APPROVAL = "approval", "Waits for approval"
        REFUSED = "refused", "Was not approved"

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="pending_tier")
    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="+")
    rule = models.ForeignKey(TierRule, models.CASCADE, null=True, related_name="+", db_index=False)
    from_tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", db_index=False)
    to_tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", db_index=False)
    since = models.DateField()
    until = models.DateField(help_text="The first day on which it may happen.")
    why = models.CharField(max_length=8, choices=Why)
    decision = models.CharField(max_length=8, choices=Decision, blank=True, db_default="")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = PendingMoveQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(name="tiers_pending_by_until", fields=("until",)),)

    def __str__(self) -> str:
        return f"Account {self.account_id} to {self.to_tier_id} from {self.until}"


class NearBoundary(models.Model):
    """An account that a change of a number by a tenth may bring into another tier, as the newest refresh found it.

    ``rule`` hangs on a number near its threshold; it is null in a set of points, where ``score`` is near the
    threshold of ``tier``. ``is_met`` says whether the account meets it now, so that it could fall; else it could
    reach ``tier``. ``numbers`` are those that the rules read, by the keys of their fields.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="near_boundary")
    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="+", db_index=False)
    rule = models.ForeignKey(TierRule, models.CASCADE, null=True, related_name="+", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", db_index=False)
    is_met = models.BooleanField()
    is_held = models.BooleanField(help_text="Whether the thresholds to stay count for it.")
    score = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    numbers = models.JSONField(default=dict)
    as_of = models.DateField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="tiers_nearboundary_of_rule_or_points",
                condition=Q(rule__isnull=False, score=None) | Q(rule=None, score__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"Account {self.account_id} near {self.tier_id}"
