"""The stored ledger of tickets' clocks; ``support.clocks`` writes it, and nobody else."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from support.models.policies import PolicyTenure, SlaMetric
from support.models.tickets import Priority, Ticket
from support.querysets import DECIDED, DECIDED_AT, ClockEntryQuerySet, ClockQuerySet


class Clock(models.Model):
    """One run of a metric on a ticket as it stands: the first response, each next response, the resolution.

    ``cycle`` counts the runs of a metric from 1. ``due_at`` is null while the clock stands still or nothing is
    promised. ``next_at`` is when the next warning or the breach passes, if nothing happens before; null for never.
    ``spent_seconds`` is the time that had counted when it ended: open, and outside the pauses.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        CLEARED = "cleared", "Nothing promised"
        MET = "met", "Met"
        STOPPED = "stopped", "Ended"

    pk = models.CompositePrimaryKey("ticket_id", "metric", "cycle")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="clocks", db_index=False)
    metric = models.CharField(max_length=16, choices=SlaMetric)
    cycle = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State)
    priority = models.CharField(max_length=8, choices=Priority)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    minutes = models.PositiveIntegerField(null=True)
    tenure = models.ForeignKey(PolicyTenure, models.RESTRICT, null=True, related_name="+", db_index=False)
    spent_seconds = models.PositiveIntegerField(null=True)

    objects = ClockQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(DECIDED_AT, name="support_clock_decided", condition=DECIDED),
            models.Index(name="support_clock_next", fields=("next_at",), condition=Q(next_at__isnull=False)),
            models.Index(
                name="support_clock_due",
                fields=("due_at",),
                condition=Q(state="running", due_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_metric_display()} of ticket {self.ticket_id}, {self.get_state_display().lower()}"


class ClockEntry(models.Model):
    """One line of a ticket's ledger, in the order of ``position`` from 1 (``support.clocks.replay.Entry``).

    ``cause_id`` is that of the promise or the change of priority that caused it. ``minutes``, ``priority`` and
    ``tenure`` are those of the target that counts from here on; without them nothing is promised, or it has ended.
    """

    class Kind(models.TextChoices):
        START = "start", "Started"
        PAUSE = "pause", "Paused"
        RESUME = "resume", "Went on"
        RECOMPUTE = "recompute", "Recomputed"
        CLEAR = "clear", "Cleared"
        WARN = "warn", "Warned"
        BREACH = "breach", "Breached"
        MEET = "meet", "Met"
        STOP = "stop", "Ended"

    pk = models.CompositePrimaryKey("ticket_id", "position")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="clock_entries", db_index=False)
    position = models.PositiveIntegerField()
    at = models.DateTimeField()
    metric = models.CharField(max_length=16, choices=SlaMetric)
    cycle = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    cause = models.CharField(max_length=16)
    cause_id = models.BigIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    minutes = models.PositiveIntegerField(null=True)
    percent = models.PositiveSmallIntegerField(null=True)
    priority = models.CharField(max_length=8, choices=Priority, blank=True)
    tenure = models.ForeignKey(PolicyTenure, models.RESTRICT, null=True, related_name="+", db_index=False)

    objects = ClockEntryQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        indexes = (
            # The few that numbers are made of, among starts and warnings.
            models.Index(
                name="support_clockentry_breach",
                fields=("metric", "ticket", "at"),
                condition=Q(kind="breach"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.at:%Y-%m-%d %H:%M}"


class TicketToClock(models.Model):
    """A ticket whose ledger may no longer be what its facts tell; workers take these marks, those first that are due.

    ``is_due`` are those of which a clock warns or is breached: they don't wait behind all that a policy changes.
    """

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="+")
    first_marked_at = models.DateTimeField(db_default=Now())
    marked_at = models.DateTimeField(db_default=Now())
    is_due = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="support_tickettoclock_in_order", condition=Q(marked_at__gte=F("first_marked_at"))
            ),
        )
        indexes = (models.Index(name="support_tickettoclock_first", fields=("-is_due", "first_marked_at")),)

    def __str__(self) -> str:
        return str(self.ticket_id)
