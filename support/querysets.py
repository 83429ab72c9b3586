"""Reads of tickets that compose."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import TierTenure
from support.entitlements import FIRST_RESPONSE
from tiers.entitlements.query import entitled_span

if TYPE_CHECKING:
    from support.models import Ticket


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

        The target is what the account was entitled to that day, by contract or tier, on a clock that never stops
        until calendars are kept. Reads the rules in force that day when it is called.
        """
        held = TierTenure.objects.filter(account_id=OuterRef("account_id"), during__contains=day)
        end = end_of(day)
        return (
            self.open_on(day)
            .annotate(tier_then=Subquery(held.values("tier__slug")[:1]))
            .annotate(due_at=F("opened_at") + entitled_span(FIRST_RESPONSE, tier="tier_then", as_of=day))
            .filter(due_at__lt=Coalesce(F("first_replied_at"), Value(end)))
            .filter(due_at__lt=end)
        )
