"""The nights that made the numbers, step by step."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from metrics.querysets import RefreshRunQuerySet, RefreshStepQuerySet


class RefreshRun(models.Model):
    """One refresh of one day: planned once, worked off by any number of workers.

    ``finished_at`` is when it was last through, also while a step of it is made again. ``judged_at`` is when it was
    looked at for what RevOps must be told (``metrics.nights.judging``).
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Done with failures"

    as_of = models.DateField()
    cause = models.CharField(max_length=64, default="nightly")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    planned_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    judged_at = models.DateTimeField(null=True)

    objects = RefreshRunQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="metrics_refreshrun_one_open", fields=("as_of",), condition=Q(state="running")
            ),
        )
        indexes = (models.Index(name="metrics_refreshrun_newest", fields=("-planned_at",)),)

    def __str__(self) -> str:
        return f"Refresh of {self.as_of} ({self.state})"

    @property
    def over_at(self) -> datetime | None:
        """When it ended; None while workers are at it, for the first time or anew."""
        return None if self.state == self.State.RUNNING else self.finished_at


class RefreshStep(models.Model):
    """One declared number (or roll-up) for one slice of accounts; its result and mark commit together.

    ``attempts`` counts how often workers began with it since it was last asked for, ``retries`` how often somebody
    asked for it again.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(RefreshRun, models.CASCADE, related_name="steps", db_index=False)
    key = models.CharField(max_length=80)
    wave = models.PositiveSmallIntegerField()
    depends_on = ArrayField(models.CharField(max_length=80), default=list)
    first = models.BigIntegerField(help_text="First account id of the slice.")
    last = models.BigIntegerField(help_text="Last account id of the slice, included.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    rows = models.IntegerField(null=True)
    seconds = models.FloatField(null=True)
    note = models.TextField(blank=True, help_text="What the numbers leave out, and why.")
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    retries = models.PositiveSmallIntegerField(default=0, db_default=0)
    retried_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    objects = RefreshStepQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="metrics_refreshstep_one", fields=("run", "key", "first")),
        )
        indexes = (
            models.Index(
                name="metrics_refreshstep_queue", fields=("run", "wave", "id"), condition=Q(state="queued")
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} [{self.first}, {self.last}]"
