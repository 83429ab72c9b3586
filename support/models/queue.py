"""Where each open ticket stands in the queue, kept beside its ledger so that a page of the queue is read in order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import QuerySet

from support.models.tickets import Ticket

# In the place of a due time, behind every one there is: no clock runs, but one stands still; nothing is promised.
PAUSED_AT = datetime(9000, 1, 1, tzinfo=UTC)
IDLE_AT = datetime(9500, 1, 1, tzinfo=UTC)
NO_RENEWAL = date(9999, 12, 31)
# Minus the ARR of an account of which none is known: it comes behind those that pay nothing.
NO_WORTH = 1


class QueuePlaceQuerySet(QuerySet["QueuePlace"]):
    def shown(self) -> Self:
        """Places of tickets whose account is there."""
        return self.filter(ticket__account__deleted_at=None)


class QueuePlace(models.Model):
    """The place of an open ticket in the queue; there is one of each open ticket, and of no other.

    A trigger of tickets makes and removes them, so that no ticket is missing whatever wrote it; ``support.clocks``
    writes the clock in the transaction that stores the ledger. ``order_at`` is when the most urgent running clock is
    due, ``PAUSED_AT`` or ``IDLE_AT`` where none runs; ``metric`` says which clock. ``worth`` is minus the ARR and
    ``renews_on`` the next renewal of the account, so that every order ascends; both are copied every minute. ``team``
    and ``engineer`` are those of the present decision, kept by a trigger of the decisions.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        IDLE = "idle", "Nothing promised"
        NEW = "new", "Not counted yet"

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="place")
    state = models.CharField(max_length=8, choices=State, default=State.NEW, db_default="new")
    metric = models.CharField(max_length=16, blank=True, default="", db_default="")
    order_at = models.DateTimeField(default=IDLE_AT, db_default=IDLE_AT)
    worth = models.DecimalField(max_digits=18, decimal_places=2, default=NO_WORTH, db_default=NO_WORTH)
    renews_on = models.DateField(default=NO_RENEWAL, db_default=NO_RENEWAL)
    team = models.ForeignKey(
        "support.SupportTeam", models.PROTECT, null=True, related_name="+", db_index=False
    )
    engineer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    objects = QueuePlaceQuerySet.as_manager()

    class Meta:
        # One for each order: what a reader may not read takes no part in theirs.
        indexes = (
            models.Index(name="support_queueplace_all", fields=("order_at", "worth", "renews_on", "ticket")),
            models.Index(name="support_queueplace_worth", fields=("order_at", "worth", "ticket")),
            models.Index(name="support_queueplace_renewal", fields=("order_at", "renews_on", "ticket")),
            models.Index(name="support_queueplace_time", fields=("order_at", "ticket")),
            # Of whatever order: few are due at the very same time.
            models.Index(name="support_queueplace_team", fields=("team", "order_at")),
            models.Index(name="support_queueplace_person", fields=("engineer", "order_at")),
        )

    def __str__(self) -> str:
        return f"Place of ticket {self.ticket_id}"
