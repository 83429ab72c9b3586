"""Requests for approval, the steps that decide them, and who decides for whom while somebody is away."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from people.approvals.querysets import ApprovalRequestQuerySet, ApprovalStepQuerySet, IsAmong
from people.functions import Function


class ApprovalRequest(models.Model):
    """Somebody asks that something be allowed; the kind's owner says what follows from the answer.

    ``requested_by`` is empty where the product itself asks. ``data`` belongs to the kind. ``due_at`` is that of
    the step whose turn it is. A returned one waits for who asked; asked again, it begins a new ``round``.
    """

    class State(models.TextChoices):
        OPEN = "open", "Waiting"
        RETURNED = "returned", "Returned"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"
        SUPERSEDED = "superseded", "Superseded"

    LIVE: ClassVar[tuple[str, ...]] = (State.OPEN, State.RETURNED)

    kind = models.CharField(max_length=64, help_text="Key such as tiers.demotion.")
    subject_id = models.BigIntegerField(help_text="What it is about; the kind knows the table.")
    account_id = models.BigIntegerField(null=True, help_text="The account concerned, if any; no FK upwards.")
    title = models.CharField(max_length=255)
    url = models.CharField(max_length=500, blank=True, help_text="Path of the subject's page.")
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="approvals_requested"
    )
    requested_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    round = models.PositiveSmallIntegerField(default=1)
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closing_note = models.CharField(max_length=500, blank=True, help_text="Why withdrawn or superseded.")

    objects = ApprovalRequestQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="people_approvalrequest_one_live",
                fields=("kind", "subject_id"),
                condition=Q(state__in=("open", "returned")),
            ),
            models.CheckConstraint(
                name="people_approvalrequest_closed_at",
                condition=Q(state__in=("open", "returned"), closed_at=None)
                | (~Q(state__in=("open", "returned")) & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="people_approvalrequest_due_while_open",
                condition=Q(state="open", due_at__isnull=False) | (~Q(state="open") & Q(due_at=None)),
            ),
        )
        indexes = (
            models.Index(name="people_approval_newest", fields=("-requested_at", "-id")),
            models.Index(name="people_approval_account", fields=("account_id",)),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the path of the request's page."""
        return reverse("people:approval", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether somebody has to decide."""
        return self.state == self.State.OPEN

    @property
    def is_live(self) -> bool:
        """Whether it may still come to a decision."""
        return self.state in self.LIVE


class ApprovalStep(models.Model):
    """One decision that a request needs, by a function or by a person; at most one at a time has its turn.

    ``requested_by`` repeats the request's, and ``authors`` are the people who wrote what is asked for, so that the
    database itself refuses whoever decides their own. ``decided_for`` is who delegated the decision. ``hours`` is the
    time it may take from ``began_at``.
    """

    class State(models.TextChoices):
        AHEAD = "ahead", "Ahead"
        WAITING = "waiting", "Waiting"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        RETURNED = "returned", "Returned"
        ENDED = "ended", "No longer needed"

    DECIDED: ClassVar[tuple[str, ...]] = (State.APPROVED, State.REJECTED, State.RETURNED)

    request = models.ForeignKey(ApprovalRequest, models.CASCADE, related_name="steps", db_index=False)
    round = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=120, blank=True)
    function = models.CharField(max_length=32, choices=Function, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    authors = ArrayField(models.BigIntegerField(), default=list, blank=True, help_text="Keys of people.")
    hours = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.AHEAD)
    began_at = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    late_at = models.DateTimeField(null=True, help_text="When it was found to be late.")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="approvals_decided"
    )
    decided_for = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    comment = models.TextField(blank=True)

    objects = ApprovalStepQuerySet.as_manager()

    class Meta:
        ordering = ("round", "position")
        constraints = (
            models.UniqueConstraint(
                name="people_approvalstep_place", fields=("request", "round", "position")
            ),
            models.UniqueConstraint(
                name="people_approvalstep_one_turn", fields=("request",), condition=Q(state="waiting")
            ),
            models.CheckConstraint(
                name="people_approvalstep_approver", condition=~Q(function="") | Q(user__isnull=False)
            ),
            models.CheckConstraint(name="people_approvalstep_hours", condition=Q(hours__gte=1)),
            models.CheckConstraint(
                name="people_approvalstep_decided",
                condition=Q(
                    state__in=("approved", "rejected", "returned"),
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                )
                | (
                    ~Q(state__in=("approved", "rejected", "returned"))
                    & Q(decided_at=None, decided_by=None, decided_for=None)
                ),
            ),
            models.CheckConstraint(
                name="people_approvalstep_not_by_requester",
                condition=Q(requested_by=None)
                | Q(decided_by=None)
                | (
                    ~Q(decided_by=F("requested_by"))
                    & (Q(decided_for=None) | ~Q(decided_for=F("requested_by")))
                ),
            ),
            models.CheckConstraint(
                name="people_approvalstep_not_by_author",
                condition=~Q(IsAmong("decided_by", "authors")) & ~Q(IsAmong("decided_for", "authors")),
            ),
            models.CheckConstraint(
                name="people_approvalstep_clock",
                condition=~Q(state="waiting") | Q(began_at__isnull=False, due_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(name="people_approvalstep_turn", fields=("due_at",), condition=Q(state="waiting")),
        )

    def __str__(self) -> str:
        return self.label or f"Step {self.position}"

    def is_own_of(self, user_id: int | None) -> bool:
        """Return whether somebody asked for what it decides, or wrote it."""
        return user_id is not None and (user_id == self.requested_by_id or user_id in self.authors)


class ApprovalComment(models.Model):
    """What somebody said about a request, beside any decision."""

    request = models.ForeignKey(ApprovalRequest, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("pk",)
        constraints = (models.CheckConstraint(name="people_approvalcomment_said", condition=~Q(text="")),)

    def __str__(self) -> str:
        return self.text[:80]


class ApprovalDelegation(models.Model):
    """Somebody lets another decide in their place, from one day to another, both included.

    The days are those of the giver's time zone. No kinds are all of them. It isn't passed on: who decides for
    somebody can't let a third one decide for them. Rows are ended, never deleted.
    """

    giver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegations_given")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegations_taken")
    starts_on = models.DateField()
    ends_on = models.DateField()
    kinds = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="people_approvaldelegation_to_another", condition=~Q(giver=F("taker"))
            ),
            models.CheckConstraint(
                name="people_approvaldelegation_days", condition=Q(ends_on__gte=F("starts_on"))
            ),
        )
        indexes = (
            models.Index(name="people_delegation_running", fields=("ends_on",), condition=Q(ended_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.giver_id} to {self.taker_id}, {self.starts_on} to {self.ends_on}"
