"""Who is told when a clock warns or is breached: ladders in versions, what was told, and who took it up."""

from __future__ import annotations

from typing import Self

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from common.versions.frozen import frozen_after_draft, frozen_with_version
from common.versions.models import Version, VersionQuerySet
from people.functions import Function
from support.models.policies import PolicyTenure, SlaMetric
from support.models.tickets import Ticket

NOUN = "escalation ladders"
LONGEST_WAIT = 7 * 24 * 60
BREACH = 100


class LadderQuerySet(VersionQuerySet["Ladder"]):
    pass


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Ladder(Version):
    """One version of who is told of a breach, and of whom next while nobody takes it up; support and RevOps own it."""

    version = models.PositiveIntegerField(unique=True)

    objects = LadderQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_ladder_one_published", fields=("state",), condition=Q(state="published")
            ),
        )
        triggers = (frozen_after_draft(NOUN, content=()),)

    def __str__(self) -> str:
        return f"Version {self.version}"


class Rung(models.Model):
    """One step of a ladder for the accounts entitled to ``path``: who is told after how long without an answer.

    ``path`` is a value of the entitlement ``escalation``. ``wait_minutes`` count from the step before, of the first
    from the breach, in the hours by which the clock runs. ``person`` and ``function`` are those that ``who`` names.
    """

    class Who(models.TextChoices):
        ENGINEER = "engineer", "Who has the ticket"
        TEAM = "team", "Everybody of its team"
        POD = "pod", "The account’s engineers"
        OWNER = "owner", "The account’s owner"
        FUNCTION = "function", "Everybody of a function"
        PERSON = "person", "One person"

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="rungs", db_index=False)
    path = models.CharField(max_length=32)
    position = models.PositiveSmallIntegerField(help_text="From 1, in the order in which they are told.")
    wait_minutes = models.PositiveIntegerField()
    who = models.CharField(max_length=8, choices=Who)
    function = models.CharField(max_length=32, choices=Function, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("path", "position")
        constraints = (
            models.UniqueConstraint(name="support_rung_place", fields=("ladder", "path", "position")),
            models.CheckConstraint(name="support_rung_wait", condition=Q(wait_minutes__lte=LONGEST_WAIT)),
            models.CheckConstraint(
                name="support_rung_somebody",
                condition=Q(who="person", person__isnull=False, function="")
                | Q(who="function", person=None, function__in=Function.values)
                | Q(who__in=("engineer", "team", "pod", "owner"), person=None, function=""),
            ),
        )
        triggers = (frozen_with_version(NOUN, table="support_ladder", column="ladder_id"),)

    def __str__(self) -> str:
        return f"{self.path} {self.position}"


class Firing(models.Model):
    """A warning or breach that was told because its time had come; kept for ever.

    The ``turn``-th time that a clock passed ``percent`` of its target (100 is the breach). One that the ledger no
    longer tells, since something became known later, has ``taken_back_at``; should its time come again, it is told
    again.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="firings", db_index=False)
    metric = models.CharField(max_length=16, choices=SlaMetric)
    cycle = models.PositiveSmallIntegerField()
    percent = models.PositiveSmallIntegerField()
    turn = models.PositiveSmallIntegerField()
    minutes = models.PositiveIntegerField(help_text="The target.")
    due_at = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(help_text="When its time came.")
    fired_at = models.DateTimeField(db_default=Now())
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_firing_once",
                fields=("ticket", "metric", "cycle", "percent", "turn"),
                condition=Q(taken_back_at=None),
            ),
            models.CheckConstraint(
                name="support_firing_percent", condition=Q(percent__in=(50, 75, 90, BREACH))
            ),
        )
        indexes = (
            models.Index(name="support_firing_breaches", fields=("passed_at",), condition=Q(percent=BREACH)),
        )
        triggers = (pgtrigger.ReadOnly(name="kept", exclude=["taken_back_at"]),)

    def __str__(self) -> str:
        return f"{self.percent} % of {self.metric} of ticket {self.ticket_id}"


class EscalationQuerySet(QuerySet["Escalation"]):
    def present(self) -> Self:
        """Escalations of breaches that last."""
        return self.filter(ended_at=None)

    def unanswered(self) -> Self:
        """Those of them that nobody has taken up."""
        return self.present().filter(acknowledged_at=None)

    def climbing(self, now: object) -> Self:
        """Those whose next step is due; a clock that stands still waits for the customer, and so does its ladder.

        Nobody is told of an account that is deleted, as long as it is.
        """
        is_running = models.Exists(
            Ticket.objects.filter(
                pk=models.OuterRef("ticket"),
                clocks__metric=models.OuterRef("metric"),
                clocks__cycle=models.OuterRef("cycle"),
                clocks__state="running",
                account__deleted_at=None,
            )
        )
        return self.unanswered().filter(is_running, next_at__lte=now)


class Escalation(models.Model):
    """A breach on its way up a ladder until somebody acknowledges it or it is over.

    ``path`` and ``origin`` tell which ladder and what gave it, the account's tier or its contract. ``next_position``
    is the rung that is told at ``next_at``, null where none is left. What is reopened while it is late begins another.
    """

    class End(models.TextChoices):
        DONE = "done", "Answered or solved"
        IN_TIME = "in_time", "In time after all"
        CLEARED = "cleared", "Nothing is promised any more"
        GONE = "gone", "The ticket is gone"

    firing = models.ForeignKey(Firing, models.CASCADE, related_name="escalations")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="escalations", db_index=False)
    metric = models.CharField(max_length=16, choices=SlaMetric)
    cycle = models.PositiveSmallIntegerField()
    tenure = models.ForeignKey(PolicyTenure, models.RESTRICT, null=True, related_name="+", db_index=False)
    ladder = models.ForeignKey(Ladder, models.PROTECT, null=True, related_name="+", db_index=False)
    path = models.CharField(max_length=32)
    origin = models.CharField(max_length=255)
    began_at = models.DateTimeField()
    next_position = models.PositiveSmallIntegerField(null=True)
    next_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=8, choices=End, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_escalation_one_present",
                fields=("ticket", "metric", "cycle"),
                condition=Q(ended_at=None),
            ),
            models.CheckConstraint(
                name="support_escalation_acknowledged_by_somebody",
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
            ),
            models.CheckConstraint(
                name="support_escalation_ended_why",
                condition=Q(ended_at=None, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
            ),
            models.CheckConstraint(
                name="support_escalation_next",
                condition=Q(next_position=None, next_at=None)
                | Q(next_position__isnull=False, next_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                name="support_escalation_next",
                fields=("next_at",),
                condition=Q(ended_at=None, acknowledged_at=None, next_at__isnull=False),
            ),
            models.Index(name="support_escalation_of_ticket", fields=("ticket", "-began_at")),
            models.Index(F("began_at").desc(), name="support_escalation_newest"),
        )

    def __str__(self) -> str:
        return f"{self.metric} of ticket {self.ticket_id}"


class EscalationStep(models.Model):
    """One rung that was told: whom, and in words how it came to them; kept for ever."""

    escalation = models.ForeignKey(Escalation, models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveSmallIntegerField()
    at = models.DateTimeField(db_default=Now())
    told = ArrayField(models.BigIntegerField(), help_text="Keys of people.")
    words = models.CharField(max_length=500)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="support_escalationstep_once", fields=("escalation", "position")),
        )
        triggers = (pgtrigger.ReadOnly(name="kept"),)

    def __str__(self) -> str:
        return f"Step {self.position}: {self.words}"
