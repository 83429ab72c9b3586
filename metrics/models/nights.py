"""What is kept of nights beside their numbers: sums to compare them by, what RevOps was told, days made again."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from metrics.runs.models import Run


class NightFigure(models.Model):
    """One number of one day over all accounts, made at the end of its refresh from the stored values.

    ``accounts`` is how many have a value. A number that no account has stands there with 0 and without a mean.
    """

    pk = models.CompositePrimaryKey("as_of", "key")
    as_of = models.DateField()
    key = models.CharField(max_length=64)
    accounts = models.IntegerField()
    total = models.DecimalField(max_digits=32, decimal_places=6)
    mean = models.DecimalField(max_digits=24, decimal_places=6, null=True)

    class Meta:
        indexes = (models.Index(name="metrics_nightfigure_history", fields=("key", "as_of")),)

    def __str__(self) -> str:
        return f"{self.key} {self.as_of}: {self.accounts} accounts"


class NightAlertQuerySet(models.QuerySet["NightAlert"]):
    def lasting(self) -> NightAlertQuerySet:
        """Alerts whose cause is still there."""
        return self.filter(closed_at=None)

    def unanswered(self) -> NightAlertQuerySet:
        """Alerts whose cause is still there and that nobody has taken note of."""
        return self.lasting().filter(acknowledged_at=None, is_muted=False)


class NightAlert(models.Model):
    """One cause that RevOps is told of once: it stays open while night after night shows it.

    ``key`` is the night of a late one, else the item or number. ``first_on`` and ``last_on`` are the days that showed
    it. Of a number beyond its band, ``value`` and the band are those of ``last_on``.
    """

    class Kind(models.TextChoices):
        LATE = "late", "Night is late"
        FAILED = "failed", "Step failed"
        BAND = "band", "Beyond its usual band"

    class Measure(models.TextChoices):
        ACCOUNTS = "accounts", "Accounts with a value"
        MEAN = "mean", "Mean"

    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=80)
    measure = models.CharField(max_length=8, choices=Measure, blank=True)
    first_on = models.DateField()
    last_on = models.DateField()
    text = models.CharField(max_length=500)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    low = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    high = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    is_muted = models.BooleanField(default=False)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=500, blank=True)

    objects = NightAlertQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                name="metrics_nightalert_one_open",
                fields=("kind", "key", "measure"),
                condition=Q(closed_at=None),
            ),
            models.CheckConstraint(
                name="metrics_nightalert_kind_known", condition=Q(kind__in=("late", "failed", "band"))
            ),
            models.CheckConstraint(
                name="metrics_nightalert_days_in_order", condition=Q(last_on__gte=F("first_on"))
            ),
            models.CheckConstraint(
                name="metrics_nightalert_acknowledged_by_somebody",
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.first_on}"

    @property
    def about(self) -> str:
        """What notices about it are filed under."""
        return f"metrics.alert:{self.pk}"


class NumberMute(models.Model):
    """Somebody's word that a number may move for some days without RevOps being told; ended ones stay."""

    key = models.CharField(max_length=64)
    until_on = models.DateField(help_text="The last night of which nothing is told.")
    reason = models.CharField(max_length=500)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                name="metrics_numbermute_one", fields=("key",), condition=Q(ended_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} until {self.until_on}"


class Backfill(Run):
    """The days ``first_on`` to ``last_on`` made again one after the other, each as a refresh of its own.

    ``runs`` are these refreshes, in the order of the days. Days that are done stay when the rest is cancelled.
    """

    first_on = models.DateField()
    last_on = models.DateField()
    runs = ArrayField(models.BigIntegerField(), default=list)

    MOST_DAYS: ClassVar[int] = 400

    class Meta(Run.Meta):
        constraints = (  # type: ignore[assignment]
            *Run.Meta.constraints,
            models.CheckConstraint(
                name="metrics_backfill_days_in_order", condition=Q(last_on__gte=F("first_on"))
            ),
        )

    def __str__(self) -> str:
        return f"Back-fill from {self.first_on} to {self.last_on}"
