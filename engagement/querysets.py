"""Reads of touches that compose."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import QuerySet

if TYPE_CHECKING:
    from engagement.models import Engagement


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


class EngagementQuerySet(QuerySet["Engagement"]):
    def live(self) -> Self:
        """Touches that no source has deleted."""
        return self.filter(deleted_at=None)

    def known_by(self, day: date) -> Self:
        """Touches up to the end of ``day``."""
        return self.live().filter(occurred_at__lt=_end_of(day))

    def within(self, day: date, days: int) -> Self:
        """Touches in the ``days`` days that end with ``day``."""
        end = _end_of(day)
        return self.live().filter(occurred_at__lt=end, occurred_at__gte=end - timedelta(days=days))

    def between_people(self) -> Self:
        """Touches in which one of us and one of them took part: no visits to a website."""
        return self.exclude(kind="web")

    def newest_first(self) -> Self:
        """Touches in the order a list shows them."""
        return self.order_by("-occurred_at", "-pk")
