"""Reads of tickets, their events and ratings that compose."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from common.periods import end_of, start_of

if TYPE_CHECKING:
    from support.models import Clock, ClockEntry, CsatResponse, Ticket, TicketEvent, TimeEntry

# What a ticket that is done has as its status.
DONE = ("solved", "closed")
# What says that it goes on, whatever its sender still says of when it was solved once. "new" doesn't: so is a ticket
# whose sender never says a status.
GOES_ON = ("open", "pending", "on_hold")
REOPENED_SINCE = Q(status__in=GOES_ON, solved_at__isnull=False)
OPEN_NOW = (Q(solved_at=None) | REOPENED_SINCE) & ~Q(status__in=DONE)
REOPENED = Q(kind="status", value_before__in=DONE) & ~Q(value__in=DONE)
# What it was opened with is no change.
ESCALATED = Q(kind="priority", value="urgent", occurred_at__gt=F("ticket__opened_at")) & ~Q(
    value_before="urgent"
)

# Another target, or what went on, with time left at that moment (``support.clocks.standing``).
GIVES_TIME = Q(kind__in=("start", "recompute", "resume")) & (Q(due_at=None) | Q(due_at__gt=F("at")))
# Clocks of which it is known whether they kept what was promised, and since when: a target that passed was missed then.
DECIDED = Q(minutes__isnull=False) & (Q(breached_at__isnull=False) | Q(state="met"))
# A contract that says it itself goes before any policy, for first responses alone.
PROMISED_BY_CONTRACT = Q(metric="first_response") & ~Q(tenure__agreed_by="")
DECIDED_AT = Coalesce("breached_at", "ended_at")


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
        unsolved = Q(solved_at=None) | Q(solved_at__gte=end) | REOPENED_SINCE
        return self.live().filter(unsolved, opened_at__lt=end)

    def open_now(self) -> Self:
        """Tickets that are unsolved as the help desk last said; a status that goes on counts more than a time."""
        return self.live().filter(OPEN_NOW)

    def solved(self) -> Self:
        """Tickets of which is known when they were solved, and that weren't opened again since."""
        return self.live().filter(solved_at__isnull=False).exclude(status__in=GOES_ON)

    def opened_within(self, day: date, days: int) -> Self:
        """Tickets opened in the ``days`` days that end with ``day``."""
        end = end_of(day)
        return self.live().filter(opened_at__lt=end, opened_at__gte=end - timedelta(days=days))

    def answered_by(self, day: date) -> Self:
        """Tickets that had their first reply by the end of ``day``."""
        return self.live().filter(first_replied_at__lt=end_of(day))

    def late_on(self, day: date) -> Self:
        """Tickets open when ``day`` ended whose first response was breached by then, answered since or not.

        As their ledgers tell it: by what was promised in the hours of its calendar, and not where another target that
        counted by the end of the day gave more time.
        """
        from support.models import ClockEntry  # It is made of tickets.

        breaches = ClockEntry.objects.filter(metric="first_response").breached_when(end_of(day))
        return self.open_on(day).filter(Exists(breaches.filter(ticket=OuterRef("pk"))))


class ClockQuerySet(QuerySet["Clock"]):
    def live(self) -> Self:
        """Clocks of tickets and accounts that nobody has deleted."""
        return self.filter(ticket__deleted_at=None, ticket__account__deleted_at=None)

    def decided_between(self, first: date, last: date) -> Self:
        """Clocks that were met or missed on the days ``first`` to ``last``, with ``decided_at``.

        As their ledgers tell it now: what was met and is open again isn't decided.
        """
        found = self.filter(DECIDED).annotate(decided_at=DECIDED_AT)
        return found.filter(decided_at__gte=start_of(first), decided_at__lt=end_of(last))


class ClockEntryQuerySet(QuerySet["ClockEntry"]):
    def breached_when(self, moment: datetime) -> Self:
        """Breaches before ``moment`` that no target which counted by then gave more time than that."""
        later = self.model.objects.filter(
            ticket=OuterRef("ticket"),
            metric=OuterRef("metric"),
            cycle=OuterRef("cycle"),
            position__gt=OuterRef("position"),
            at__lt=moment,
        )
        forgiven = later.filter(Q(kind="clear") | GIVES_TIME)
        return self.filter(~Exists(forgiven), kind="breach", at__lt=moment)


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


class TimeEntryQuerySet(QuerySet["TimeEntry"]):
    def live(self) -> Self:
        """Entries that nobody took back, of tickets that are still there."""
        return self.filter(deleted_at=None, ticket__deleted_at=None)

    def known_by(self, day: date) -> Self:
        """Entries of work up to ``day``."""
        return self.live().filter(worked_on__lte=day)

    def within(self, day: date, days: int) -> Self:
        """Entries of work in the ``days`` days that end with ``day``."""
        return self.known_by(day).filter(worked_on__gt=day - timedelta(days=days))
