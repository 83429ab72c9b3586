"""What support promises: policies in versions, and what was promised to each account from when on."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Account, Tier
from common.versions.frozen import frozen_after_draft, frozen_with_version
from common.versions.models import DatedVersion, DatedVersionQuerySet
from support.models.calendars import COUNTS, BusinessCalendar
from support.models.tickets import Priority

LONGEST_TARGET = 366 * 24 * 60


class SlaMetric(models.TextChoices):
    """What a target is about."""

    FIRST_RESPONSE = "first_response", "First response"
    NEXT_RESPONSE = "next_response", "Next response"
    RESOLUTION = "resolution", "Resolution"


class PolicySetQuerySet(DatedVersionQuerySet["PolicySet"]):
    def agreed(self) -> PolicySetQuerySet:
        """Versions that count, have counted or will, the earliest first."""
        return self.filter(state__in=COUNTS).order_by("starts_on", "version")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class PolicySet(DatedVersion):
    """One version of all policies; support and RevOps own it.

    ``digest`` is of its whole content; whoever edits or publishes says which content they saw.
    """

    version = models.PositiveIntegerField(unique=True)
    digest = models.CharField(max_length=64, blank=True)

    objects = PolicySetQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_policyset_one_published", fields=("state",), condition=Q(state="published")
            ),
            models.UniqueConstraint(
                name="support_policyset_one_a_day", fields=("starts_on",), condition=Q(state="scheduled")
            ),
            models.CheckConstraint(
                name="support_policyset_dated", condition=Q(state="draft") | Q(starts_on__isnull=False)
            ),
        )
        triggers = (frozen_after_draft("policies", content=("digest",), is_dated=True),)

    def __str__(self) -> str:
        return f"Version {self.version}"


def _frozen_with_set() -> pgtrigger.Trigger:
    return frozen_with_version("policies", table="support_policyset", column="policy_set_id")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Policy(models.Model):
    """Targets for the accounts that meet ``condition``; of a set the first whose condition holds counts."""

    class ClockKind(models.TextChoices):
        ENTITLED = "entitled", "As the tier or contract says"
        ALWAYS = "24x7", "Around the clock"
        CALENDAR = "calendar", "By a calendar"

    policy_set = models.ForeignKey(PolicySet, models.CASCADE, related_name="policies")
    position = models.PositiveSmallIntegerField(help_text="From 1; the first that fits counts.")
    name = models.CharField(max_length=80)
    condition = models.JSONField()
    clock = models.CharField(max_length=10, choices=ClockKind, default=ClockKind.ENTITLED)
    calendar = models.ForeignKey(BusinessCalendar, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="support_policy_position", fields=("policy_set", "position")),
            models.UniqueConstraint(name="support_policy_name", fields=("policy_set", "name")),
            models.CheckConstraint(
                name="support_policy_calendar_named",
                condition=Q(clock="calendar", calendar__isnull=False)
                | Q(clock__in=("entitled", "24x7"), calendar=None),
            ),
        )
        triggers = (_frozen_with_set(),)

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class PolicyTarget(models.Model):
    """One cell of a policy: what is promised to a tier (any, where it names none) for a priority.

    ``minutes`` is null where the account's entitlement to a first response says it, by contract or tier. A cell that
    isn't there promises nothing. That of a tier goes before that of any.
    """

    policy_set = models.ForeignKey(PolicySet, models.CASCADE, related_name="targets", db_index=False)
    policy = models.ForeignKey(Policy, models.CASCADE, related_name="targets")
    metric = models.CharField(max_length=16, choices=SlaMetric)
    priority = models.CharField(max_length=8, choices=Priority)
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, related_name="+")
    minutes = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_policytarget_one",
                fields=("policy", "metric", "priority", "tier"),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="support_policytarget_minutes",
                condition=Q(minutes=None) | Q(minutes__gte=1, minutes__lte=LONGEST_TARGET),
            ),
            models.CheckConstraint(
                name="support_policytarget_known",
                condition=Q(metric__in=SlaMetric.values, priority__in=Priority.values),
            ),
        )
        triggers = (_frozen_with_set(),)

    def __str__(self) -> str:
        return f"{self.get_metric_display()}, {self.get_priority_display()}"


class PolicyTenure(models.Model):
    """What was promised to an account from ``since`` on: by which policy, at which tier, with what entitlement.

    The first row of an account counts for all time before it too (``since`` null). ``policy`` is null where none fits.
    ``entitled_minutes`` is what tier or contract gave for the first response; ``agreed_by`` names the contract where
    one did. ``calendar`` is the one by which time runs, null for around the clock.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    since = models.DateTimeField(null=True)
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, related_name="+", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    entitled_minutes = models.PositiveIntegerField()
    calendar = models.ForeignKey(
        BusinessCalendar, models.PROTECT, null=True, related_name="+", db_index=False
    )
    agreed_by = models.CharField(max_length=255, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_policytenure_since",
                fields=("account", "since"),
                nulls_distinct=False,
            ),
        )
        indexes = (models.Index(F("account"), F("id").desc(), name="support_policytenure_newest"),)

    def __str__(self) -> str:
        return f"Account {self.account_id} since {self.since or 'ever'}"
