"""Health models in versions, and the scores they gave."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import Account, HealthBand, Tier
from common.versions.frozen import frozen_after_draft, frozen_with_version
from common.versions.models import Version
from metrics.querysets import HealthModelQuerySet, HealthScoreQuerySet


class HealthGroup(models.TextChoices):
    """What a component of health speaks of."""

    USAGE = "usage", "Usage"
    SUPPORT = "support", "Support"
    RELATIONSHIP = "relationship", "Relationship"
    FINANCE = "finance", "Finance"
    CONTRACT = "contract", "Contract"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HealthModel(Version):
    """A versioned recipe for the health score: of a segment, of a tier, or of every account where it names neither.

    An account is scored by the first segment (by ``rank``, then name) whose ``condition`` holds on the day, else by
    the model of its tier, else by the model of every account.
    """

    tier = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, related_name="+")
    segment = models.CharField(max_length=64, blank=True, default="", db_default="")
    rank = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Which of two segments goes first: the lower."
    )
    condition = models.JSONField(null=True, blank=True, help_text="Who is in the segment.")
    minimum_coverage = models.DecimalField(max_digits=4, decimal_places=3, default="0.600")
    saved_at = models.DateTimeField(db_default=Now())

    objects = HealthModelQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="metrics_healthmodel_version",
                fields=("tier", "segment", "version"),
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                name="metrics_healthmodel_one_published",
                fields=("tier", "segment"),
                condition=Q(state="published"),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="metrics_healthmodel_one_scope",
                condition=Q(segment="", condition=None, rank=0)
                | (Q(tier=None, condition__isnull=False) & ~Q(segment="")),
            ),
            models.CheckConstraint(
                name="metrics_healthmodel_minimum_coverage",
                condition=Q(minimum_coverage__gt=0, minimum_coverage__lte=1),
            ),
        )
        triggers = (
            frozen_after_draft(
                "health model", content=("tier_id", "segment", "rank", "condition", "minimum_coverage")
            ),
        )

    def __str__(self) -> str:
        return f"Health model {self.version}"

    def get_absolute_url(self) -> str:
        """Return the page of the version."""
        return reverse("metrics:health_version", args=[self.pk])

    @property
    def scope(self) -> str:
        """Whom it is for, as people read it."""
        if self.segment:
            return self.segment
        return str(self.tier.label) if self.tier is not None else "All accounts"


def _frozen_with_model() -> pgtrigger.Trigger:
    return frozen_with_version("health model", table="metrics_healthmodel", column="model_id")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HealthComponent(models.Model):
    """One weighted part of a health model: a metric mapped piecewise-linearly to 0..100.

    ``curve`` is a list of ``[metric value, points]`` pairs with rising values; outside it the nearest
    end holds. ``position`` counts from 1 without gaps: stored scores keep their inputs in that order.
    """

    model = models.ForeignKey(HealthModel, models.CASCADE, related_name="components")
    position = models.PositiveSmallIntegerField()
    group = models.CharField(max_length=32, choices=HealthGroup)
    key = models.CharField(max_length=64, help_text="Key of the metric.")
    label = models.CharField(max_length=128)
    weight = models.DecimalField(max_digits=6, decimal_places=3)
    curve = models.JSONField()

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="metrics_healthcomponent_one", fields=("model", "key")),
            models.UniqueConstraint(name="metrics_healthcomponent_position", fields=("model", "position")),
            models.CheckConstraint(name="metrics_healthcomponent_weight", condition=Q(weight__gt=0)),
        )
        triggers = (_frozen_with_model(),)

    def __str__(self) -> str:
        return self.label


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HealthLimit(models.Model):
    """A limit of the whole score: where ``condition`` holds, it is at most (ceiling) or at least (floor) ``points``.

    Floors count first, so that a ceiling has the last word.
    """

    class Kind(models.TextChoices):
        CEILING = "ceiling", "At most"
        FLOOR = "floor", "At least"

    model = models.ForeignKey(HealthModel, models.CASCADE, related_name="limits")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.CEILING, db_default="ceiling")
    label = models.CharField(max_length=128)
    condition = models.JSONField()
    points = models.DecimalField(max_digits=5, decimal_places=1)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="metrics_healthlimit_position", fields=("model", "position")),
            models.CheckConstraint(
                name="metrics_healthlimit_kind_known", condition=Q(kind__in=("ceiling", "floor"))
            ),
            models.CheckConstraint(
                name="metrics_healthlimit_points", condition=Q(points__gte=0, points__lte=100)
            ),
        )
        triggers = (_frozen_with_model(),)

    def __str__(self) -> str:
        return self.label


class HealthScore(models.Model):
    """The health of one account on one day, with everything it was made of.

    ``values`` and ``points`` follow the components of the model by position; null where an input is missing.
    ``exact`` is the mean of the points present by their weights, to 4 decimals and within the limits; ``score`` is that
    to a tenth. Both are null where less is covered than the model asks for. What each component adds is told by
    ``metrics.health.parts``.
    ``stale`` holds the positions of the inputs that rest on stale data. ``confidence`` is the weight present, a stale
    input counted by half, as a share of the whole weight; ``coverage`` counts each in full.
    """

    pk = models.CompositePrimaryKey("as_of", "account_id")
    as_of = models.DateField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="health_scores", db_index=False)
    model = models.ForeignKey(HealthModel, models.PROTECT, related_name="+", db_index=False)
    score = models.DecimalField(max_digits=5, decimal_places=1, null=True)
    exact = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    band = models.CharField(max_length=8, choices=HealthBand)
    coverage = models.DecimalField(max_digits=4, decimal_places=3)
    confidence = models.DecimalField(max_digits=4, decimal_places=3, default=0, db_default=0)
    limit = models.CharField(max_length=128, blank=True, help_text="Label of the limit that held, if any.")
    values = ArrayField(
        models.DecimalField(max_digits=24, decimal_places=6, null=True), default=list, db_default=[]
    )
    points = ArrayField(
        models.DecimalField(max_digits=5, decimal_places=2, null=True), default=list, db_default=[]
    )
    stale = ArrayField(models.PositiveSmallIntegerField(), default=list, db_default=[])

    objects = HealthScoreQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(name="metrics_health_history", fields=("account", "as_of")),)
        constraints = (
            models.CheckConstraint(
                name="metrics_healthscore_range",
                condition=Q(score=None) | Q(score__gte=0, score__lte=100),
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id} {self.as_of}: {self.score}"
