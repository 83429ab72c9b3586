"""Reads of tickets, their events and ratings that compose."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from common.periods import end_of
from metrics.statements import load
from support.entitlements import FIRST_RESPONSE
from tiers.entitlements.query import entitled_spans

if TYPE_CHECKING:
    from support.models import CsatResponse, Ticket, TicketEvent

# What a ticket that is done has as its status.
DONE = ("solved", "closed")
REOPENED = Q(kind="status", value_before__in=DONE) & ~Q(value__in=DONE)
# What it was opened with is no change.
ESCALATED = Q(kind="priority", value="urgent", occurred_at__gt=F("ticket__opened_at")) & ~Q(
    value_before="urgent"
)


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

    def open_now(self) -> Self:
        """Tickets that are unsolved as the help desk last said."""
        return self.live().filter(solved_at=None).exclude(status__in=DONE)

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
        spans = entitled_spans(FIRST_RESPONSE, as_of=day)
        late = load("support", "late_tickets", spans=spans, end=end_of(day))
        return self.open_on(day).filter(pk__in=RawSQL(late.sql, late.params))  # noqa: S611 - our own file


class TicketEventQuerySet(QuerySet["TicketEvent"]):
    def live(self) -> Self:
        """Events that the help desk has not deleted, of tickets that are still there."""
        return self.filter(deleted_at=None, ticket__deleted_at=None)

    def known_by(self, day: date) -> Self:
        """Events up to the end of ``day``."""
        return self.live().filter(occurred_at__lt=end_of(day))

    def within(self, day: date, days: int) -> Self:
        """Events of the ``days`` days that end with ``day``."""
        end = end_of(day)
        return self.live().filter(occurred_at__lt=end, occurred_at__gte=end - timedelta(days=days))

    def escalations(self) -> Self:
        """Events by which a ticket that wasn't became urgent."""
        return self.filter(ESCALATED)


class CsatQuerySet(QuerySet["CsatResponse"]):
    def live(self) -> Self:
        """Responses that no source has deleted."""
        return self.filter(deleted_at=None)

    def known_by(self, day: date) -> Self:
        """Whom we had asked by the end of ``day``."""
        return self.live().filter(asked_at__lt=end_of(day))

    def rated_within(self, day: date, days: int) -> Self:
        """Ratings given in the ``days`` days that end with ``day``; ``rated_at`` is when.

        One that says no time of its own counts from when it was asked for.
        """
        end = end_of(day)
        rated = (
            self.live().filter(rating__isnull=False).annotate(rated_at=Coalesce("responded_at", "asked_at"))
        )
        return rated.filter(rated_at__lt=end, rated_at__gte=end - timedelta(days=days))
