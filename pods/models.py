"""Signals, tasks and surveys: what to look at now and why, what is to be done, and what customers say of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Account
from people.models import FED_CHOICES
from pods.checks.models import Checklist, HealthCheck
from pods.querysets import SignalQuerySet
from pods.surveys.models import SurveyRequest, SurveyRule
from pods.tasks.models import Task


class Severity(models.TextChoices):
    RISK = "risk", "Risk"
    OPPORTUNITY = "opportunity", "Opportunity"
    DUE = "due", "Due"


class Signal(models.Model):
    """A trigger that holds for an account since ``opened_on``; one open per account and trigger.

    The nightly refresh opens and closes them. ``value`` is the number that fired it.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="signals", db_index=False)
    trigger = models.CharField(max_length=64, help_text="Key such as finance.renewal_near.")
    severity = models.CharField(max_length=12, choices=Severity)
    category = models.CharField(max_length=32, choices=FED_CHOICES)
    reason = models.CharField(max_length=512)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    objects = SignalQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="pods_signal_one_open", fields=("account", "trigger"), condition=Q(closed_on=None)
            ),
            models.CheckConstraint(
                name="pods_signal_closed_after_opened",
                condition=Q(closed_on=None) | Q(closed_on__gte=F("opened_on")),
            ),
        )
        indexes = (models.Index(name="pods_signal_of_account", fields=("account", "-opened_on")),)

    def __str__(self) -> str:
        return self.reason


__all__ = ["Checklist", "HealthCheck", "Severity", "Signal", "SurveyRequest", "SurveyRule", "Task"]
