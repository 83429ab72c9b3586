"""Which ticket goes to whom: rules in versions, who looks after which account, and every decision with its reasons."""

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
from common.versions.models import DatedVersion, DatedVersionQuerySet, VersionState
from support.models.teams import SupportTeam
from support.models.tickets import Priority, Ticket

NOUN = "routing rules"
COUNTS = (VersionState.SCHEDULED, VersionState.PUBLISHED, VersionState.RETIRED)


class RoutingRulesQuerySet(DatedVersionQuerySet["RoutingRules"]):
    def agreed(self) -> Self:
        """Versions that count, have counted or will, the newest first."""
        return self.filter(state__in=COUNTS).order_by("-version")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class RoutingRules(DatedVersion):
    """One version of the rules by which tickets are routed, from ``starts_on`` on; support and RevOps own them."""

    version = models.PositiveIntegerField(unique=True)

    objects = RoutingRulesQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_routingrules_one_published", fields=("state",), condition=Q(state="published")
            ),
            models.UniqueConstraint(
                name="support_routingrules_one_a_day", fields=("starts_on",), condition=Q(state="scheduled")
            ),
            models.CheckConstraint(
                name="support_routingrules_dated", condition=Q(state="draft") | Q(starts_on__isnull=False)
            ),
        )
        triggers = (frozen_after_draft(NOUN, content=(), is_dated=True),)

    def __str__(self) -> str:
        return f"Version {self.version}"


class RoutingRule(models.Model):
    """One rule of a version: the first that fits a ticket counts.

    It fits where ``condition`` holds for the account, the ticket's product area is one of ``areas`` and its priority
    one of ``priorities``; none named are all. The ticket goes to ``team``, or without one to those that cover the
    product area and ``skills`` (keys of ``people.Skill``), which whoever takes it must have. Those who look after the
    account come first where ``is_named_first``.
    """

    rules = models.ForeignKey(RoutingRules, models.CASCADE, related_name="rows", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="From 1; the first that fits counts.")
    name = models.CharField(max_length=80)
    condition = models.JSONField()
    areas = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    priorities = ArrayField(models.CharField(max_length=8, choices=Priority), default=list, blank=True)
    team = models.ForeignKey(SupportTeam, models.PROTECT, null=True, blank=True, related_name="+")
    skills = ArrayField(models.BigIntegerField(), default=list, blank=True)
    is_named_first = models.BooleanField(default=False)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="support_routingrule_place", fields=("rules", "position")),
            models.CheckConstraint(
                name="support_routingrule_priorities_known",
                condition=Q(priorities__contained_by=["urgent", "high", "normal", "low"]),
            ),
        )
        triggers = (frozen_with_version(NOUN, table="support_routingrules", column="rules_id"),)

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AccountEngineer(models.Model):
    """A support engineer of an account's pod; ``is_named`` is the one whom its tickets go to first."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    is_named = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="support_accountengineer_once", fields=("account", "person")),
            models.UniqueConstraint(
                name="support_accountengineer_one_named", fields=("account",), condition=Q(is_named=True)
            ),
        )
        triggers = (
            pgtrigger.Trigger(
                name="waiting_tickets_follow",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    INSERT INTO support_tickettoroute (ticket_id)
                    SELECT ticket.id
                    FROM support_ticket AS ticket
                    JOIN support_assignment AS held
                        ON held.ticket_id = ticket.id AND held.ended_at IS NULL AND held.engineer_id IS NULL
                    WHERE ticket.account_id = NEW.account_id
                    ORDER BY ticket.id
                    ON CONFLICT (ticket_id) DO UPDATE
                        SET marked_at = greatest(now(), support_tickettoroute.first_marked_at);
                    RETURN NULL;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} for {self.account}"


class AssignmentQuerySet(QuerySet["Assignment"]):
    def present(self) -> Self:
        """Decisions that hold now: at most one of a ticket."""
        return self.filter(ended_at=None)

    def waiting(self) -> Self:
        """Present decisions by which a ticket waits in a queue."""
        return self.present().filter(engineer=None)


class Assignment(models.Model):
    """A decision where a ticket goes; the newest of a ticket holds until the ticket is done. Kept for ever.

    Without ``engineer`` it waits in the queue of ``team``. ``reasons`` tell step by step how it came.
    ``help_desk_email`` is whom the help desk named by then: as long as it names nobody else, its word isn't taken
    again.
    """

    class Cause(models.TextChoices):
        RULES = "rules", "Routed by the rules"
        HELP_DESK = "help_desk", "Assigned in the help desk"
        ABSENCE = "absence", "Routed again"
        HAND = "hand", "Given by hand"

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="assignments", db_index=False)
    team = models.ForeignKey(SupportTeam, models.PROTECT, null=True, related_name="+", db_index=False)
    engineer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    cause = models.CharField(max_length=12, choices=Cause)
    rule = models.ForeignKey(RoutingRule, models.PROTECT, null=True, related_name="+", db_index=False)
    reasons = ArrayField(models.TextField())
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    help_desk_email = models.CharField(max_length=254, blank=True)
    at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_assignment_one_present", fields=("ticket",), condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="support_assignment_somewhere",
                condition=Q(team__isnull=False) | Q(engineer__isnull=False),
            ),
            models.CheckConstraint(
                name="support_assignment_by_hand_by_somebody",
                condition=~Q(cause="hand") | Q(author__isnull=False),
            ),
            models.CheckConstraint(name="support_assignment_has_reasons", condition=~Q(reasons=[])),
        )
        indexes = (
            models.Index(name="support_assignment_of_ticket", fields=("ticket", "-at")),
            models.Index(
                name="support_assignment_of_team", fields=("team", "engineer"), condition=Q(ended_at=None)
            ),
            models.Index(
                name="support_assignment_of_person", fields=("engineer",), condition=Q(ended_at=None)
            ),
            models.Index(
                name="support_assignment_waits",
                fields=("ticket",),
                condition=Q(ended_at=None, engineer=None),
            ),
        )
        triggers = (
            pgtrigger.ReadOnly(name="kept", exclude=["ended_at", "help_desk_email"]),
            # The place in the queue says who has the ticket (``QueuePlace``); whoever decides holds the ticket.
            *(
                pgtrigger.Trigger(
                    name=f"place_follows_{name}",
                    level=pgtrigger.Statement,
                    when=pgtrigger.After,
                    operation=operation,
                    referencing=pgtrigger.Referencing(new="written"),  # type: ignore[no-untyped-call]
                    func="""
                        UPDATE support_queueplace AS place
                        SET team_id = now_held.team_id, engineer_id = now_held.engineer_id
                        FROM (
                            SELECT touched.ticket_id, held.team_id, held.engineer_id
                            FROM (SELECT DISTINCT ticket_id FROM written) AS touched
                            LEFT JOIN support_assignment AS held
                                ON held.ticket_id = touched.ticket_id AND held.ended_at IS NULL
                        ) AS now_held
                        WHERE place.ticket_id = now_held.ticket_id
                            AND (place.team_id, place.engineer_id)
                            IS DISTINCT FROM (now_held.team_id, now_held.engineer_id);
                        RETURN NULL;
                    """,
                )
                for name, operation in (("insert", pgtrigger.Insert), ("update", pgtrigger.Update))
            ),
        )

    def __str__(self) -> str:
        return f"{self.ticket} to {self.engineer or self.team}"


class TicketToRoute(models.Model):
    """A mark: something changed by which a ticket may need another decision, or no more.

    Written in the transaction that changes it, mostly by triggers, and taken away with the decision
    (``support.routing.sweep``).
    """

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="+")
    first_marked_at = models.DateTimeField(db_default=Now())
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="support_tickettoroute_in_order", condition=Q(marked_at__gte=F("first_marked_at"))
            ),
        )

    def __str__(self) -> str:
        return f"Mark of {self.ticket_id}"


class WaitingRound(models.Model):
    """How far the tickets that wait in queues were tried again: one row, written by ``support.routing.sweep``.

    A round begins where ``asked`` is past ``answered``, as somebody has room again, or where ``desk``, a digest of who
    works for which team, with which skills, limits, absences and rules, is another. ``came_to`` is the ticket that it
    came to, null between rounds. One that ``is_whole`` asks of every ticket, others end where nobody has room.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    desk = models.CharField(max_length=64, blank=True)
    asked = models.PositiveBigIntegerField(default=0)
    answered = models.PositiveBigIntegerField(default=0)
    came_to = models.BigIntegerField(null=True)
    is_whole = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(name="support_waitinground_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="support_waitinground_answered", condition=Q(answered__lte=F("asked"))
            ),
        )

    def __str__(self) -> str:
        return "Round of what waits"
