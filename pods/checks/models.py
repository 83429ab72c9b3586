"""Health checks beside the tasks that they are, and the list by which they are gone through."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from pods.checks.periods import CADENCES
from pods.checks.querysets import HealthCheckQuerySet
from pods.tasks.models import Task


class HealthCheck(models.Model):
    """One look at an account's health in a turn of its cadence; its task says whose, until when, and what came of it.

    ``items`` is the list as it was when the check was opened: ``{"text", "number", "is_done"}``, ``number`` the key
    of what stands beside it, or empty. ``facts`` is what these numbers were when the check was closed, as decimals in
    text by key, on ``facts_on``.
    """

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True, related_name="health_check")
    cadence = models.CharField(max_length=12, choices=list(CADENCES.items()))
    starts_on = models.DateField()
    ends_on = models.DateField()
    items = models.JSONField()
    facts = models.JSONField(default=dict, blank=True)
    facts_on = models.DateField(null=True, blank=True)

    objects = HealthCheckQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="pods_healthcheck_ends_after_start", condition=Q(ends_on__gte=F("starts_on"))
            ),
            models.CheckConstraint(
                name="pods_healthcheck_cadence_known", condition=Q(cadence__in=tuple(CADENCES))
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_cadence_display()} check from {self.starts_on}"

    def get_absolute_url(self) -> str:
        """Return the page on which it is gone through."""
        return reverse("pods:health_check", args=[self.pk])

    @property
    def left(self) -> int:
        """How many items are still to be gone through."""
        return sum(not item["is_done"] for item in self.items)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Checklist(models.Model):
    """What a health check goes through, where RevOps wants it other than it comes; there is one at most.

    ``items`` are ``{"text", "number"}``. Checks that are open keep the list that they were opened with.
    """

    items = models.JSONField()

    class Meta:
        constraints = (models.CheckConstraint(name="pods_checklist_only_one", condition=Q(pk=1)),)

    def __str__(self) -> str:
        return "Checklist"
