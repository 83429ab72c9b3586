"""What currencies were worth."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sync.models import LIVE, SyncedModel


class ExchangeRate(SyncedModel):
    """What one unit of ``currency`` was worth in the reporting currency from ``on`` until the next rate.

    One rate a currency and day, whoever sends it: a second one is refused, never chosen from.
    """

    currency = models.CharField(max_length=3)
    on = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        constraints = (
            models.CheckConstraint(name="finance_exchangerate_positive", condition=Q(rate__gt=0)),
            models.UniqueConstraint(
                name="finance_exchangerate_one_a_day", fields=("currency", "on"), condition=LIVE
            ),
        )
        indexes = (models.Index(name="finance_exchangerate_latest", fields=("currency", "-on")),)

    def __str__(self) -> str:
        return f"{self.currency} {self.on}: {self.rate}"
