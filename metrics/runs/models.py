"""The row of a run, for apps to inherit from."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from people.models import User

R = TypeVar("R", bound="Run")


class RunQuerySet(QuerySet[R]):
    def open(self) -> Self:
        """Runs that workers have still to do with, the oldest first."""
        return self.filter(state__in=Run.OPEN).order_by("pk")

    def ended(self) -> Self:
        """Runs that workers are through with, however they ended."""
        return self.exclude(state__in=Run.OPEN)

    def newest_first(self) -> Self:
        """Runs, the newest first."""
        return self.order_by("-pk")


class Run(models.Model):
    """Something that workers do step by step while somebody waits for it.

    They go through ``plan`` in order; ``position`` counts the steps that are done. Only a run that is done is a
    result; its ``summary`` is told on its page. Where one failed, ``error`` says why, and ``summary`` may say more.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.WAITING, State.RUNNING)

    plan = models.JSONField(default=list)
    position = models.PositiveIntegerField(default=0, db_default=0)
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often the step at hand was begun."
    )
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    error = models.TextField(blank=True)
    summary = models.JSONField(null=True, blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_state_known",
                condition=Q(state__in=("waiting", "running", "done", "failed", "cancelled")),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_done_with_summary",
                condition=~Q(state="done") | Q(summary__isnull=False, finished_at__isnull=False),
            ),
        )

    @property
    def is_open(self) -> bool:
        """Whether workers still have to do with it."""
        return self.state in self.OPEN

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return 100 * self.position // max(1, len(self.plan))
