"""Reads of tickets that compose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Case, DurationField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.models import TierTenure

if TYPE_CHECKING:
    from support.models import Ticket

# First-response targets by tier, on a clock that never stops until calendars are kept.
FIRST_RESPONSE_TARGETS: Mapping[str, timedelta] = {
    "strategic": timedelta(minutes=30),
    "enterprise": timedelta(hours=2),
    "growth": timedelta(hours=8),
    "standard": timedelta(hours=24),
}
DEFAULT_TARGET = FIRST_RESPONSE_TARGETS["standard"]


def end_of(day: date) -> datetime:
    """Return the first instant after ``day``, in UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


class TicketQuerySet(QuerySet["Ticket"]):
    def live(self) -> Self:
        """Tickets that the help desk has not deleted."""
        return self.filter(deleted_at=None)

    def known_by(self, day: date) -> Self:
        """Tickets opened by the end of ``day``."""
        return self.live().filter(opened_at__lt=end_of(day))

    def open_on(self, day: date) -> Self:
        """Tickets opened by ``day`` and still unsolved when it ended."""
        end = end_of(day)
        return self.live().filter(Q(solved_at=None) | Q(solved_at__gte=end), opened_at__lt=end)

    def opened_within(self, day: date, days: int) -> Self:
        """Tickets opened in the ``days`` days that end with ``day``."""
        end = end_of(day)
        return self.live().filter(opened_at__lt=end, opened_at__gte=end - timedelta(days=days))

    def answered_by(self, day: date) -> Self:
        """Tickets that had their first reply by the end of ``day``."""
        return self.live().filter(first_replied_at__lt=end_of(day))

    def late_on(self, day: date) -> Self:
        """Tickets open when ``day`` ended whose first-response target had passed without a reply in time.

        The target is that of the account's tier on that day; accounts without one have the longest target.
        """
        held = TierTenure.objects.filter(account_id=OuterRef("account_id"), during__contains=day)
        target = Case(
            *(When(tier_then=slug, then=Value(span)) for slug, span in FIRST_RESPONSE_TARGETS.items()),
            default=Value(DEFAULT_TARGET),
            output_field=DurationField(),
        )
        end = end_of(day)
        return (
            self.open_on(day)
            .annotate(tier_then=Subquery(held.values("tier__slug")[:1]))
            .annotate(due_at=F("opened_at") + target)
            .filter(due_at__lt=Coalesce(F("first_replied_at"), Value(end)))
            .filter(due_at__lt=end)
        )
