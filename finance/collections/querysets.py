"""Reads of collections."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

from common.periods import end_of
from common.versions.models import VersionQuerySet

if TYPE_CHECKING:
    from finance.models import (
        CollectionHold,
        DunningCycle,
        DunningMessage,
        DunningPolicy,
        PaymentPromise,
    )


class DunningPolicyQuerySet(VersionQuerySet["DunningPolicy"]):
    """Reads of policies."""


class DunningCycleQuerySet(QuerySet["DunningCycle"]):
    def open(self) -> Self:
        """Cycles that go on."""
        return self.filter(closed_on=None)


class DunningMessageQuerySet(QuerySet["DunningMessage"]):
    def counted(self) -> Self:
        """Messages that were, or may have been, in the mail server's hands, or wait to be: each is an attempt."""
        return self.exclude(state="stopped")

    def known_on(self, day: date) -> Self:
        """Messages written by the end of ``day``."""
        return self.filter(created_at__lt=end_of(day))


class PaymentPromiseQuerySet(QuerySet["PaymentPromise"]):
    def open(self) -> Self:
        """Promises that aren't decided."""
        return self.filter(state="open")

    def known_on(self, day: date) -> Self:
        """Promises recorded by the end of ``day``."""
        return self.filter(recorded_at__lt=end_of(day))

    def due_within_year(self, day: date) -> Self:
        """Promises whose day was over on ``day``, by a year at most."""
        return self.filter(due_on__gte=day - timedelta(days=365), due_on__lt=day)


class CollectionHoldQuerySet(QuerySet["CollectionHold"]):
    def running_on(self, day: date) -> Self:
        """Holds that count on ``day``."""
        return self.filter(
            Q(ended_at=None) | Q(ended_at__gte=end_of(day)), starts_on__lte=day, ends_on__gte=day
        )
