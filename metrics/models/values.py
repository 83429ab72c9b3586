"""Numbers by day, of accounts and of segments."""

from __future__ import annotations

from django.db import models

from accounts.models import Account
from metrics.querysets import MetricValueQuerySet, SegmentValueQuerySet


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

    ``dimension`` is ``all``, ``tier``, ``industry`` or ``country``; ``member`` the tier's slug, the industry or the
    code of the country (``none`` for accounts without), empty for ``all``. ``value`` is null where the definition
    gives none, such as NRR without revenue at the start.
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
