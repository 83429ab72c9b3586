"""What the company means by retention, where the field disagrees."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q


class RetentionDefinition(models.TextChoices):
    POINT = "point", "Point to point, twelve months"
    FLOW = "flow", "Flow-based, twelve months"
    AVERAGE = "average", "Trailing average of four quarters"
    QUARTER = "quarter", "Quarterly"
    MONTH = "month", "Monthly"


@pghistory.track()
class RetentionPolicy(models.Model):
    """The company's own choices among definitions of retention: one row, owned by finance and RevOps.

    A migration writes it. Every page may be asked for another choice by its address.
    """

    definition = models.CharField(
        max_length=16, choices=RetentionDefinition, default=RetentionDefinition.POINT
    )
    counts_reactivation = models.BooleanField(
        default=False, help_text="Whether ARR of accounts that came back counts as kept."
    )
    constant_currency = models.BooleanField(
        default=True, help_text="Whether both ends are counted at the exchange rates of one day."
    )

    class Meta:
        verbose_name = "choice of retention"
        verbose_name_plural = "choices of retention"
        constraints = (models.CheckConstraint(name="finance_retentionpolicy_one_row", condition=Q(pk=1)),)

    def __str__(self) -> str:
        return "Retention"
