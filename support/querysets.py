"""Reads of tickets that compose."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from support.models import Ticket


def end_of(day: date) -> datetime:
    """Return the first instant after ``day``, in UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


class TicketQuerySet(QuerySet["Ticket"]):
    def live(self) -> Self:
        """Tickets that the help desk has not deleted."""
        return self.filter(deleted_at=None)

    def open_on(self, day: date) -> Self:
        """Tickets opened by ``day`` and still unsolved when it ended."""
        end = end_of(day)
        return self.live().filter(Q(solved_at=None) | Q(solved_at__gte=end), opened_at__lt=end)

    def opened_within(self, day: date, days: int) -> Self:
        """Tickets opened in the ``days`` days that end with ``day``."""
        end = end_of(day)
        return self.live().filter(opened_at__lt=end, opened_at__gte=end - timedelta(days=days))
