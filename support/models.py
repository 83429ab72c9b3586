"""Tickets, as the help desk last reported them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from support.querysets import TicketQuerySet
from sync.models import SyncedModel


class Priority(models.TextChoices):
    URGENT = "urgent", "Urgent"
    HIGH = "high", "High"
    NORMAL = "normal", "Normal"
    LOW = "low", "Low"


class Status(models.TextChoices):
    NEW = "new", "New"
    OPEN = "open", "Open"
    PENDING = "pending", "Waiting for the customer"
    ON_HOLD = "on_hold", "On hold"
    SOLVED = "solved", "Solved"
    CLOSED = "closed", "Closed"


class Ticket(SyncedModel):
    """A customer's question."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    subject = models.CharField(max_length=512)
    priority = models.CharField(max_length=8, choices=Priority, default=Priority.NORMAL, db_default="normal")
    status = models.CharField(max_length=8, choices=Status, default=Status.NEW, db_default="new")
    opened_at = models.DateTimeField()
    first_replied_at = models.DateTimeField(null=True, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    requester_email = models.CharField(max_length=254, blank=True)
    assignee_email = models.CharField(max_length=254, blank=True)
    product_area = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="support_ticket_replied_after_opened",
                condition=Q(first_replied_at=None) | Q(first_replied_at__gte=F("opened_at")),
            ),
            models.CheckConstraint(
                name="support_ticket_solved_after_opened",
                condition=Q(solved_at=None) | Q(solved_at__gte=F("opened_at")),
            ),
        )
        indexes = (
            models.Index(name="support_ticket_of_account", fields=("account", "-opened_at")),
            models.Index(name="support_ticket_unsolved", fields=("opened_at",), condition=Q(solved_at=None)),
        )

    def __str__(self) -> str:
        return self.subject
