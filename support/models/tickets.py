"""Tickets, what happened to them and how they were rated, as the help desk last reported it."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from support.querysets import (
    DONE,
    GOES_ON,
    REOPENED_SINCE,
    CsatQuerySet,
    TicketEventQuerySet,
    TicketQuerySet,
)
from sync.models import SyncedModel

# Letters of what somebody wrote in one event.
LONGEST_BODY = 20_000


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
            models.Index(name="support_ticket_reopened", fields=("opened_at",), condition=REOPENED_SINCE),
            # Asked every minute where surveys go out by themselves.
            models.Index(
                name="support_ticket_solved", fields=("solved_at",), condition=Q(solved_at__isnull=False)
            ),
        )
        triggers = (
            # Merges move tickets as they move any record; what batches write they mark themselves.
            pgtrigger.Trigger(
                name="clocks_follow_account",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("account_id"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition("OLD.account_id IS DISTINCT FROM NEW.account_id"),
                func="""
                    INSERT INTO support_tickettoclock (ticket_id) VALUES (NEW.id)
                    ON CONFLICT (ticket_id) DO UPDATE
                        SET marked_at = greatest(now(), support_tickettoclock.first_marked_at);
                    RETURN NULL;
                """,
            ),
            # Of whole batches at once. What changes nothing of where a ticket goes marks nothing. Open is what
            # ``TicketQuerySet.open_now`` asks for.
            pgtrigger.Trigger(
                name="routing_follows_new",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="came"),  # type: ignore[no-untyped-call]
                func="""
                    INSERT INTO support_tickettoroute (ticket_id)
                    SELECT came.id
                    FROM came
                    WHERE came.deleted_at IS NULL AND (
                        came.status IN ('open', 'pending', 'on_hold')
                        OR came.status = 'new' AND came.solved_at IS NULL
                    )
                    ORDER BY came.id
                    ON CONFLICT (ticket_id) DO UPDATE
                        SET marked_at = greatest(now(), support_tickettoroute.first_marked_at);
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="routing_follows_changes",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                referencing=pgtrigger.Referencing(old="was", new="is_now"),  # type: ignore[no-untyped-call]
                func="""
                    INSERT INTO support_tickettoroute (ticket_id)
                    SELECT is_now.id
                    FROM is_now
                    JOIN was ON was.id = is_now.id
                    WHERE (
                        (was.status, was.assignee_email, was.account_id, was.product_area, was.priority)
                        IS DISTINCT FROM
                        (is_now.status, is_now.assignee_email, is_now.account_id, is_now.product_area,
                            is_now.priority)
                        OR was.solved_at IS DISTINCT FROM is_now.solved_at
                        OR was.deleted_at IS DISTINCT FROM is_now.deleted_at
                    )
                    AND (
                        was.deleted_at IS NULL AND (
                            was.status IN ('open', 'pending', 'on_hold')
                            OR was.status = 'new' AND was.solved_at IS NULL
                        )
                        OR is_now.deleted_at IS NULL AND (
                            is_now.status IN ('open', 'pending', 'on_hold')
                            OR is_now.status = 'new' AND is_now.solved_at IS NULL
                        )
                    )
                    ORDER BY is_now.id
                    ON CONFLICT (ticket_id) DO UPDATE
                        SET marked_at = greatest(now(), support_tickettoroute.first_marked_at);
                    RETURN NULL;
                """,
            ),
            # Of each open ticket there is a place in the queue, whatever wrote the ticket (``QueuePlace``).
            *(
                pgtrigger.Trigger(
                    name=f"queue_follows_{name}",
                    level=pgtrigger.Statement,
                    when=pgtrigger.After,
                    operation=operation,
                    referencing=pgtrigger.Referencing(new="written"),  # type: ignore[no-untyped-call]
                    func="""
                        INSERT INTO support_queueplace (ticket_id, team_id, engineer_id)
                        SELECT written.id, held.team_id, held.engineer_id
                        FROM written
                        LEFT JOIN support_assignment AS held
                            ON held.ticket_id = written.id AND held.ended_at IS NULL
                        WHERE written.deleted_at IS NULL AND (
                            written.status IN ('open', 'pending', 'on_hold')
                            OR written.status = 'new' AND written.solved_at IS NULL
                        )
                        ON CONFLICT (ticket_id) DO NOTHING;
                        DELETE FROM support_queueplace AS place USING written
                        WHERE place.ticket_id = written.id AND NOT (
                            written.deleted_at IS NULL AND (
                                written.status IN ('open', 'pending', 'on_hold')
                                OR written.status = 'new' AND written.solved_at IS NULL
                            )
                        );
                        RETURN NULL;
                    """,
                )
                for name, operation in (("insert", pgtrigger.Insert), ("update", pgtrigger.Update))
            ),
        )

    def __str__(self) -> str:
        return self.subject

    @property
    def is_open_now(self) -> bool:
        """Whether it is unsolved as the help desk last said; what ``TicketQuerySet.open_now`` asks."""
        is_open = self.status in GOES_ON or (self.solved_at is None and self.status not in DONE)
        return self.deleted_at is None and is_open

    def get_absolute_url(self) -> str:
        """Return the ticket's page."""
        return reverse("support:ticket", args=[self.pk])


class EventKind(models.TextChoices):
    CUSTOMER_REPLY = "customer_reply", "Reply from the customer"
    AGENT_REPLY = "agent_reply", "Reply from us"
    AUTO_REPLY = "auto_reply", "Automatic reply"
    NOTE = "note", "Internal note"
    STATUS = "status", "Status changed"
    PRIORITY = "priority", "Priority changed"


class TicketEvent(SyncedModel):
    """One thing that happened to a ticket; the help desk owns it, or who wrote it here (``support.replies``).

    ``value`` is the new status or priority; of replies and notes the source's own word. ``body`` is what was
    written, as plain text, and empty where the source doesn't tell. ``echo_of`` is the external id of the event
    written here that the source repeats; one written here names itself. ``value_before`` is the status or priority
    that the event before it gave, empty where none did (``support.effects``).
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=16, choices=EventKind)
    occurred_at = models.DateTimeField()
    value = models.CharField(max_length=255, default="", db_default="", blank=True)
    value_before = models.CharField(max_length=255, default="", db_default="", blank=True, editable=False)
    body = models.TextField(default="", db_default="", blank=True)
    author_email = models.CharField(max_length=254, default="", db_default="", blank=True)
    echo_of = models.CharField(max_length=255, default="", db_default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = TicketEventQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="support_ticketevent_known_value",
                condition=Q(kind="status", value__in=Status.values)
                | Q(kind="priority", value__in=Priority.values)
                | ~Q(kind__in=("status", "priority")),
            ),
        )
        indexes = (
            models.Index(name="support_ticketevent_of_ticket", fields=("ticket", "kind", "occurred_at")),
            # The few that numbers are made of, among many replies.
            models.Index(
                name="support_ticketevent_changes",
                fields=("occurred_at",),
                condition=Q(kind__in=("status", "priority")),
            ),
            # Few beside those that help desks tell of by themselves.
            models.Index(name="support_ticketevent_echo", fields=("echo_of",), condition=~Q(echo_of="")),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.occurred_at:%Y-%m-%d %H:%M}"


class CsatResponse(SyncedModel):
    """A customer who was asked how satisfied they are; the help desk or the survey owns it.

    ``rating`` is null as long as nobody answered. ``account`` follows ``ticket`` where it names one
    (``support.effects``).
    """

    account = models.ForeignKey(
        "accounts.Account", models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, blank=True, related_name="ratings")
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    comment = models.TextField(blank=True)
    respondent_email = models.CharField(max_length=254, blank=True)
    asked_at = models.DateTimeField()
    responded_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = CsatQuerySet.as_manager()

    class Meta:
        verbose_name = "CSAT response"
        constraints = (
            models.CheckConstraint(
                name="support_csatresponse_of_somebody",
                condition=Q(account__isnull=False) | Q(ticket__isnull=False),
            ),
            models.CheckConstraint(
                name="support_csatresponse_one_to_five",
                condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5),
            ),
            models.CheckConstraint(
                name="support_csatresponse_answered_after_asked",
                condition=Q(responded_at=None) | Q(responded_at__gte=F("asked_at")),
            ),
        )
        indexes = (models.Index(name="support_csatresponse_of", fields=("account", "-asked_at")),)

    def __str__(self) -> str:
        return "No answer" if self.rating is None else f"Rated {self.rating} of 5"
