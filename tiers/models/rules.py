"""Rule sets: versions of the rules by which accounts get their tiers."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from accounts.models import Tier
from common.versions.frozen import frozen_after_draft, frozen_with_version
from common.versions.models import DatedVersion
from people.models import User
from tiers.querysets import RuleSetQuerySet

DWELL_DAYS = 90
GRACE_DAYS = 30
LONGEST_WAIT = 3650
NOUN = "tier rules"


def frozen_with_rule_set() -> pgtrigger.Trigger:
    """Return the trigger of rows that belong to a rule set (``rule_set_id``): they change with a draft only."""
    return frozen_with_version(NOUN, table="tiers_ruleset", column="rule_set_id")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["applied_at", "previewed", "renewed"],
)
class RuleSet(DatedVersion):
    """One version of the tier rules: a draft, waiting for its day, in force, or of the past.

    ``digest`` is of its whole content; whoever edits or publishes says which content they saw.
    """

    class IfChanged(models.TextChoices):
        HOLD = "hold", "Hold it and ask"
        PUBLISH = "publish", "Publish it with whatever follows that day"

    class Kind(models.TextChoices):
        CONDITIONS = "conditions", "Rules, the first that fits counts"
        SCORE = "score", "Points with thresholds"

    version = models.PositiveIntegerField(unique=True)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.CONDITIONS)
    minimum_dwell_days = models.PositiveSmallIntegerField(
        default=DWELL_DAYS,
        help_text="No demotion before so many days in a tier, and no return after a demotion.",
    )
    demotion_grace_days = models.PositiveSmallIntegerField(
        default=GRACE_DAYS, help_text="A demotion must hold for so many days before it counts."
    )
    demotions_need_approval = models.BooleanField(default=False)
    digest = models.CharField(max_length=64, blank=True)
    applied_at = models.DateTimeField(
        null=True, blank=True, help_text="When every account had been brought up to it."
    )
    previewed = models.ForeignKey(
        "tiers.PreviewRun",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="What it was scheduled on: its day does that, or what if_changed says.",
    )
    if_changed = models.CharField(
        max_length=8,
        choices=IfChanged,
        default=IfChanged.PUBLISH,
        help_text="What its day does where more would change than was previewed.",
    )
    renewed = models.ForeignKey(
        "tiers.PreviewRun",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The preview that was made again shortly before its day, or when it was held.",
    )
    held_at = models.DateTimeField(null=True, blank=True, help_text="When its day came and it was held.")
    held_why = models.TextField(blank=True)

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="tiers_ruleset_one_published", fields=("state",), condition=Q(state="published")
            ),
            models.UniqueConstraint(
                name="tiers_ruleset_one_a_day", fields=("starts_on",), condition=Q(state="scheduled")
            ),
            models.CheckConstraint(
                name="tiers_ruleset_state_known",
                condition=Q(state__in=("draft", "scheduled", "published", "retired")),
            ),
            models.CheckConstraint(
                name="tiers_ruleset_kind_known", condition=Q(kind__in=("conditions", "score"))
            ),
            models.CheckConstraint(
                name="tiers_ruleset_dated", condition=Q(state="draft") | Q(starts_on__isnull=False)
            ),
            models.CheckConstraint(
                name="tiers_ruleset_publication_known",
                condition=Q(state__in=("draft", "scheduled")) | Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="tiers_ruleset_if_changed_known", condition=Q(if_changed__in=("hold", "publish"))
            ),
            models.CheckConstraint(
                name="tiers_ruleset_held_while_scheduled",
                condition=Q(held_at=None) | Q(state="scheduled"),
            ),
            models.CheckConstraint(
                name="tiers_ruleset_waits",
                condition=Q(minimum_dwell_days__lte=LONGEST_WAIT, demotion_grace_days__lte=LONGEST_WAIT),
            ),
        )
        triggers = (
            frozen_after_draft(
                NOUN,
                content=(
                    "kind",
                    "minimum_dwell_days",
                    "demotion_grace_days",
                    "demotions_need_approval",
                    "digest",
                ),
                is_dated=True,
            ),
        )

    def __str__(self) -> str:
        return f"Version {self.version}"


class TierRule(models.Model):
    """One rule of a set: who meets ``condition`` gets ``tier``, unless an earlier rule has spoken.

    The last rule is for everyone else (``{"all": []}``). ``condition`` may hold thresholds to stay beside those to
    enter (``stay``), which count for accounts that hold this tier or a higher one.
    """

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="rules", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="From 1; the first that fits counts.")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    name = models.CharField(max_length=128)
    condition = models.JSONField()

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="tiers_tierrule_position", fields=("rule_set", "position")),
            models.UniqueConstraint("rule_set", Lower("name"), name="tiers_tierrule_name"),
            models.CheckConstraint(name="tiers_tierrule_named", condition=~Q(name="")),
        )
        triggers = (frozen_with_rule_set(),)

    def __str__(self) -> str:
        return self.name


class ScorePoint(models.Model):
    """Points that an account has where ``condition`` holds; they may be negative."""

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="points", db_index=False)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=128)
    condition = models.JSONField()
    points = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="tiers_scorepoint_position", fields=("rule_set", "position")),
            models.UniqueConstraint("rule_set", Lower("name"), name="tiers_scorepoint_name"),
            models.CheckConstraint(name="tiers_scorepoint_named", condition=~Q(name="")),
        )
        triggers = (frozen_with_rule_set(),)

    def __str__(self) -> str:
        return self.name


class ScoreThreshold(models.Model):
    """The points from which an account enters ``tier``, and those with which it stays.

    The threshold of the lowest tier has neither: it takes everyone else.
    """

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="thresholds", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    enter = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    stay = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="tiers_scorethreshold_tier", fields=("rule_set", "tier")),
            models.UniqueConstraint(
                name="tiers_scorethreshold_one_catch_all", fields=("rule_set",), condition=Q(enter=None)
            ),
            models.CheckConstraint(
                name="tiers_scorethreshold_stay_below_enter",
                condition=Q(enter=None, stay=None)
                | Q(enter__isnull=False, stay__isnull=False, stay__lte=F("enter")),
            ),
        )
        triggers = (frozen_with_rule_set(),)

    def __str__(self) -> str:
        return f"{self.tier_id} from {self.enter}"


class RuleSetRevision(models.Model):
    """The whole content of a version as somebody saved it, so that later differences can be told in words.

    It outlives a draft that is thrown away, so that the draft can be brought back: ``digest`` finds it.
    """

    rule_set = models.ForeignKey(RuleSet, models.SET_NULL, null=True, related_name="revisions")
    digest = models.CharField(max_length=64, db_index=True)
    content = models.JSONField()
    saved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.rule_set_id} at {self.saved_at}"
