"""Reads of usage roll-ups, and of what may be used, that compose."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from product.models import EntitledFeature, UsageFeatureDay, UsageUserDay


class UsageUserDayQuerySet(QuerySet["UsageUserDay"]):
    def known_by(self, day: date) -> Self:
        """Use on ``day`` and before."""
        return self.filter(day__lte=day)

    def within(self, day: date, days: int) -> Self:
        """Use in the ``days`` days that end with ``day``."""
        return self.filter(day__lte=day, day__gt=day - timedelta(days=days))

    def by_people(self) -> Self:
        """Use that the telemetry ascribes to a user; the rest is the work of machines."""
        return self.exclude(user="")


class UsageFeatureDayQuerySet(QuerySet["UsageFeatureDay"]):
    def within(self, day: date, days: int) -> Self:
        """Use in the ``days`` days that end with ``day``."""
        return self.filter(day__lte=day, day__gt=day - timedelta(days=days))

    def of_features(self) -> Self:
        """Use of a named feature."""
        return self.exclude(feature="")


class EntitledFeatureQuerySet(QuerySet["EntitledFeature"]):
    def held_on(self, day: date) -> Self:
        """Features that accounts may use on ``day``."""
        running = Q(end_on=None) | Q(end_on__gt=day)
        return self.filter(running, deleted_at=None, account__deleted_at=None, start_on__lte=day)
