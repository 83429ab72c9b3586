"""Numbers by day, the nights that made them, and the health models behind one of them."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Account, HealthBand, Tier
from common.versions.frozen import frozen_after_draft, frozen_with_version
from common.versions.models import Version
from metrics.querysets import (
    HealthModelQuerySet,
    HealthScoreQuerySet,
    MetricValueQuerySet,
    RefreshRunQuerySet,
    RefreshStepQuerySet,
    SegmentValueQuerySet,
)


class MetricValue(models.Model):
    """One number of one account on one day; made by the nightly refresh, replaced by a rerun.

    Dates are kept as days since 1970-01-01, ratios as 1 = 100 %, money in the reporting currency.
    """

    pk = models.CompositePrimaryKey("key", "as_of", "account_id")
    key = models.CharField(max_length=64)
    as_of = models.DateField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="metric_values", db_index=False)
    value = models.DecimalField(max_digits=24, decimal_places=6)

    objects = MetricValueQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(name="metrics_value_history", fields=("account", "key", "as_of")),)

    def __str__(self) -> str:
        return f"{self.key} {self.as_of}: {self.value}"


class SegmentValue(models.Model):
    """One number of a segment of accounts on one day, with the two sums it is the ratio of.

    ``dimension`` is ``all``, ``tier`` or ``industry``; ``member`` the tier's slug or the industry
    (``none`` for accounts without), empty for ``all``. ``value`` is null where the definition gives none,
    such as NRR without revenue at the start.
    """

    key = models.CharField(max_length=64)
    as_of = models.DateField()
    dimension = models.CharField(max_length=32)
    member = models.CharField(max_length=128, blank=True)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    numerator = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    denominator = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    accounts = models.IntegerField(help_text="How many accounts the number speaks of.")

    objects = SegmentValueQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="metrics_segmentvalue_one", fields=("key", "dimension", "member", "as_of")
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.dimension} {self.member} {self.as_of}: {self.value}"


class RefreshRun(models.Model):
    """One refresh of one day: planned once, worked off by any number of workers."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Done with failures"

    as_of = models.DateField()
    cause = models.CharField(max_length=64, default="nightly")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    planned_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    objects = RefreshRunQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="metrics_refreshrun_one_open", fields=("as_of",), condition=Q(state="running")
            ),
        )
        indexes = (models.Index(name="metrics_refreshrun_newest", fields=("-planned_at",)),)

    def __str__(self) -> str:
        return f"Refresh of {self.as_of} ({self.state})"


class RefreshStep(models.Model):
    """One declared number (or roll-up) for one slice of accounts; its result and mark commit together."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(RefreshRun, models.CASCADE, related_name="steps", db_index=False)
    key = models.CharField(max_length=80)
    wave = models.PositiveSmallIntegerField()
    depends_on = ArrayField(models.CharField(max_length=80), default=list)
    first = models.BigIntegerField(help_text="First account id of the slice.")
    last = models.BigIntegerField(help_text="Last account id of the slice, included.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    rows = models.IntegerField(null=True)
    seconds = models.FloatField(null=True)
    note = models.TextField(blank=True, help_text="What the numbers leave out, and why.")
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    objects = RefreshStepQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="metrics_refreshstep_one", fields=("run", "key", "first")),
        )
        indexes = (
            models.Index(
                name="metrics_refreshstep_queue", fields=("run", "wave", "id"), condition=Q(state="queued")
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} [{self.first}, {self.last}]"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HealthModel(Version):
    """A versioned recipe for the health score of a tier, or of every account where ``tier`` is null."""

    tier = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, related_name="+")
    minimum_coverage = models.DecimalField(max_digits=4, decimal_places=3, default="0.600")

    objects = HealthModelQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="metrics_healthmodel_version", fields=("tier", "version"), nulls_distinct=False
            ),
            models.UniqueConstraint(
                name="metrics_healthmodel_one_published",
                fields=("tier",),
                condition=Q(state="published"),
                nulls_distinct=False,
            ),
        )
        triggers = (frozen_after_draft("health model", content=("tier_id", "minimum_coverage")),)

    def __str__(self) -> str:
        return f"Health model {self.version}"


def _frozen_with_model() -> pgtrigger.Trigger:
    return frozen_with_version("health model", table="metrics_healthmodel", column="model_id")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HealthComponent(models.Model):
    """One weighted part of a health model: a metric mapped piecewise-linearly to 0..100.

    ``curve`` is a list of ``[metric value, points]`` pairs with rising values; outside it the nearest
    end holds. ``cap_*`` limit the whole score where the metric is beyond the threshold.
    """

    model = models.ForeignKey(HealthModel, models.CASCADE, related_name="components")
    group = models.CharField(max_length=32, help_text="usage, support or relationship.")
    key = models.CharField(max_length=64, help_text="Key of the metric.")
    label = models.CharField(max_length=128)
    weight = models.DecimalField(max_digits=6, decimal_places=3)
    curve = models.JSONField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="metrics_healthcomponent_one", fields=("model", "key")),
            models.CheckConstraint(name="metrics_healthcomponent_weight", condition=Q(weight__gt=0)),
        )
        triggers = (_frozen_with_model(),)

    def __str__(self) -> str:
        return self.label


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class HealthCap(models.Model):
    """A ceiling: where ``key`` is at or above ``threshold``, the score is at most ``ceiling``."""

    model = models.ForeignKey(HealthModel, models.CASCADE, related_name="caps")
    key = models.CharField(max_length=64)
    label = models.CharField(max_length=128)
    threshold = models.DecimalField(max_digits=18, decimal_places=4)
    ceiling = models.DecimalField(max_digits=5, decimal_places=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="metrics_healthcap_one", fields=("model", "key")),
            models.CheckConstraint(
                name="metrics_healthcap_ceiling", condition=Q(ceiling__gte=0, ceiling__lte=100)
            ),
        )
        triggers = (_frozen_with_model(),)

    def __str__(self) -> str:
        return self.label


class HealthScore(models.Model):
    """The health of one account on one day, with everything it was made of.

    ``components`` is a list of ``{key, label, group, weight, value, score, contribution}``; a missing
    input has null value and score. ``score`` is null below the model's coverage.
    """

    pk = models.CompositePrimaryKey("as_of", "account_id")
    as_of = models.DateField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="health_scores", db_index=False)
    model = models.ForeignKey(HealthModel, models.PROTECT, related_name="+", db_index=False)
    score = models.DecimalField(max_digits=5, decimal_places=1, null=True)
    band = models.CharField(max_length=8, choices=HealthBand)
    coverage = models.DecimalField(max_digits=4, decimal_places=3)
    uncapped = models.DecimalField(max_digits=5, decimal_places=1, null=True)
    cap = models.CharField(max_length=128, blank=True, help_text="Label of the cap that held, if any.")
    components = models.JSONField()

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
