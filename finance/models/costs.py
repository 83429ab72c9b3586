"""What an hour of a function costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Self

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from common.versions.frozen import frozen_after_draft
from common.versions.models import DatedVersion, DatedVersionQuerySet, VersionState
from finance.models.seller import COUNTS
from people.functions import Function

MOST_HOURS = 1_000_000


class CostRateQuerySet(DatedVersionQuerySet["CostRate"]):
    def agreed(self) -> Self:
        """Versions that count, have counted or will."""
        return self.filter(state__in=COUNTS)

    def of(self, function: str) -> Self:
        """Versions of one function, the newest first."""
        return self.filter(function=function).newest_first()

    def on(self, function: str, day: date) -> CostRate | None:
        """Return the version that counts on a day: of those that have begun the latest, if it hasn't ended."""
        begun = self.agreed().filter(function=function, starts_on__lte=day)
        held = begun.order_by("-starts_on", "-version").first()
        return None if held is None or (held.ends_on is not None and held.ends_on <= day) else held


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CostRate(DatedVersion):
    """What a function costs from ``starts_on`` on; finance and people own it.

    ``loaded_cost`` is a month's, in ``currency``, of the whole function or of one person, and ``capacity_hours`` are
    the hours a month that the same have for the work itself. A function is a series of versions.
    """

    function = models.CharField(max_length=32, choices=Function)
    loaded_cost = models.DecimalField(max_digits=12, decimal_places=2)
    capacity_hours = models.DecimalField(max_digits=9, decimal_places=2)
    currency = models.CharField(max_length=3)

    objects = CostRateQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="finance_costrate_version", fields=("function", "version")),
            models.UniqueConstraint(
                name="finance_costrate_one_published", fields=("function",), condition=Q(state="published")
            ),
            models.CheckConstraint(
                name="finance_costrate_dated", condition=Q(state="draft") | Q(starts_on__isnull=False)
            ),
            models.CheckConstraint(
                name="finance_costrate_ends_after_start",
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
            ),
            models.CheckConstraint(
                name="finance_costrate_function_known", condition=Q(function__in=Function.values)
            ),
            models.CheckConstraint(name="finance_costrate_costs", condition=Q(loaded_cost__gt=0)),
            models.CheckConstraint(
                name="finance_costrate_has_hours",
                condition=Q(capacity_hours__gt=0, capacity_hours__lte=MOST_HOURS),
            ),
            # What was replaced on its own first day has an empty span, which overlaps nothing.
            ExclusionConstraint(
                name="finance_costrate_one_at_a_time",
                expressions=(
                    ("function", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"),
                            F("ends_on"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ),
                condition=Q(state__in=(VersionState.PUBLISHED, VersionState.RETIRED)),
            ),
        )
        triggers = (
            frozen_after_draft(
                "cost rate",
                content=("function", "loaded_cost", "capacity_hours", "currency"),
                is_dated=True,
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_function_display()}, version {self.version}"

    @property
    def per_hour(self) -> Decimal:
        """What an hour costs, unrounded."""
        return self.loaded_cost / self.capacity_hours
