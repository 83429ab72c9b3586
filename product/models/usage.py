"""What customers do in our product: the events and their daily roll-ups."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from product.querysets import UsageFeatureDayQuerySet, UsageUserDayQuerySet
from sync.models import StreamModel


class UsageEvent(StreamModel):
    """One thing a customer's user did; the analytics stream owns it.

    The table is partitioned by the month of ``occurred_at`` (``product.partitions``), so its primary key in the
    database is (id, occurred_at); ids come from one sequence and are unique all the same. A source's external id
    is unique too: the pipeline finds the one held, and one batch at a time writes for a source.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    event = models.CharField(max_length=255)
    occurred_at = models.DateTimeField()
    user = models.CharField(max_length=255, blank=True)
    feature = models.CharField(max_length=255, blank=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=4, default=1, db_default=1)
    properties = models.JSONField(default=dict, db_default={})

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="product_usageevent_pair", fields=("source", "external_id", "occurred_at")
            ),
        )
        indexes = (
            models.Index(name="product_usageevent_of_account", fields=("account", "occurred_at")),
            models.Index(name="product_usageevent_feed", fields=("xid", "id")),
        )

    def __str__(self) -> str:
        return f"{self.event} at {self.occurred_at}"


class UsageUserDay(models.Model):
    """What one user of an account did on one UTC day; kept by user, since distinct users don't add up."""

    pk = models.CompositePrimaryKey("account_id", "day", "user")
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    user = models.CharField(max_length=255)
    events = models.IntegerField()

    objects = UsageUserDayQuerySet.as_manager()

    class Meta:
        indexes = (
            # Sums over days of an account are read from the index alone.
            models.Index(
                name="product_usageuserday_sums", fields=("account", "day"), include=("user", "events")
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id} {self.day} {self.user}: {self.events}"


class UsageFeatureDay(models.Model):
    """How often an account used one feature on one UTC day."""

    pk = models.CompositePrimaryKey("account_id", "day", "feature")
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    feature = models.CharField(max_length=255)
    events = models.IntegerField()

    objects = UsageFeatureDayQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.account_id} {self.day} {self.feature}: {self.events}"


class UsageDayToRecompute(models.Model):
    """A day of an account for which events arrived since it was last rolled up."""

    pk = models.CompositePrimaryKey("account_id", "day")
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    marked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}"


class RetiredMonth(models.Model):
    """A month whose single events are gone; its roll-ups stay and are never made anew."""

    month = models.DateField(primary_key=True, help_text="Its first day.")
    events = models.BigIntegerField()
    retired_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
