"""How fresh what came in is: what each feed sent by day, what is expected of it, and which numbers rest on old data."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from people.models import FED_CHOICES
from sync.models.clients import Source

LONGEST_MINUTES = 366 * 24 * 60


class FeedDay(models.Model):
    """What one source sent of one resource on one UTC day; rolled up from batches, which own the truth.

    ``longest_pause`` is the longest time in seconds between two batches, or between the last batch before the
    day and its first; null where nothing came before.
    """

    pk = models.CompositePrimaryKey("source_id", "resource", "day")
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    resource = models.CharField(max_length=64)
    day = models.DateField()
    batches = models.IntegerField()
    rows = models.BigIntegerField()
    rejected = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    longest_pause = models.FloatField(null=True)

    class Meta:
        indexes = (models.Index(name="sync_feedday_newest", fields=("day",)),)

    def __str__(self) -> str:
        return f"{self.resource} from {self.source_id} on {self.day}: {self.rows}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class FreshnessRule(models.Model):
    """How old a source's data of one category may grow; RevOps owns it. Without one, the feed's habit decides."""

    class Measure(models.TextChoices):
        ARRIVAL = "arrival", "Since something last arrived"
        SOURCE_TIME = "source_time", "Since the source last changed something that arrived"

    source = models.ForeignKey(Source, models.CASCADE, related_name="freshness_rules")
    category = models.CharField(max_length=32, choices=FED_CHOICES)
    warn_minutes = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MINUTES)]
    )
    error_minutes = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MINUTES)]
    )
    measure = models.CharField(max_length=12, choices=Measure, default=Measure.ARRIVAL)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="sync_freshnessrule_one", fields=("source", "category")),
            models.CheckConstraint(
                name="sync_freshnessrule_warns_first",
                condition=Q(warn_minutes__gte=1) & Q(error_minutes__gte=F("warn_minutes")),
                violation_error_message="It can't be stale before it is late.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.category} from {self.source_id}"


class ProvisionalNumber(models.Model):
    """A number that a refresh made from data of a stale source; replaced when the day is refreshed again."""

    as_of = models.DateField()
    key = models.CharField(max_length=64, help_text="Key of a number, per account or of segments.")
    reason = models.CharField(max_length=500)
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(name="sync_provisionalnumber_one", fields=("as_of", "key")),)

    def __str__(self) -> str:
        return f"{self.key} of {self.as_of}"
