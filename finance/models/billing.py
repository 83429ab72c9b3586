"""What was agreed about an account's invoices, milestones that are billed, and the numbers that invoices get."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from common.versions.frozen import frozen_after_draft
from common.versions.models import DatedVersion
from finance.billing.querysets import BillingArrangementQuerySet, BillingMilestoneQuerySet
from finance.models.contracts import Contract


class BillingArrangement(DatedVersion):
    """How an account is billed from ``starts_on`` on, as finance agreed it: one series of versions an account.

    Until there is one, and while ``schedule`` is ``elsewhere``, another system makes the account's invoices. Where it
    is consolidated, invoices hold the lines of every account whose billing parent it is. ``payment_days`` null: what
    the contract says, else the tier. Whom invoices go to is a contact of the account, or an address alone.
    """

    class Schedule(models.TextChoices):
        ELSEWHERE = "elsewhere", "Made in another system"
        MONTHLY = "monthly", "Monthly"
        QUARTERLY = "quarterly", "Quarterly"
        HALF_YEARLY = "half_yearly", "Half-yearly"
        ANNUAL = "annual", "Annually"
        CUSTOM = "custom", "On agreed days"
        MILESTONES = "milestones", "By milestones only"

    class Timing(models.TextChoices):
        ADVANCE = "advance", "In advance"
        ARREARS = "arrears", "In arrears"

    account = models.ForeignKey(
        "accounts.Account", models.CASCADE, related_name="billing_arrangements", db_index=False
    )
    schedule = models.CharField(max_length=12, choices=Schedule)
    bill_day = models.PositiveSmallIntegerField(default=1)
    bill_month = models.PositiveSmallIntegerField(default=1)
    timing = models.CharField(max_length=8, choices=Timing, default=Timing.ADVANCE)
    dates = ArrayField(models.DateField(), default=list, blank=True)
    payment_days = models.PositiveSmallIntegerField(null=True, blank=True)
    is_consolidated = models.BooleanField(default=False)
    contact = models.ForeignKey(
        "accounts.Contact", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    email = models.EmailField(blank=True)
    purchase_order = models.CharField(max_length=64, blank=True)
    tax_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)

    objects = BillingArrangementQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="finance_billingarrangement_version", fields=("account", "version")),
            models.UniqueConstraint(
                name="finance_billingarrangement_one_published",
                fields=("account",),
                condition=Q(state="published"),
            ),
            models.CheckConstraint(
                name="finance_billingarrangement_dated",
                condition=Q(state="draft") | Q(starts_on__isnull=False),
            ),
            models.CheckConstraint(
                name="finance_billingarrangement_schedule_known",
                condition=Q(
                    schedule__in=(
                        "elsewhere",
                        "monthly",
                        "quarterly",
                        "half_yearly",
                        "annual",
                        "custom",
                        "milestones",
                    )
                ),
            ),
            models.CheckConstraint(
                name="finance_billingarrangement_timing_known", condition=Q(timing__in=("advance", "arrears"))
            ),
            models.CheckConstraint(
                name="finance_billingarrangement_bill_day", condition=Q(bill_day__gte=1, bill_day__lte=31)
            ),
            models.CheckConstraint(
                name="finance_billingarrangement_bill_month",
                condition=Q(bill_month__gte=1, bill_month__lte=12),
            ),
            models.CheckConstraint(
                name="finance_billingarrangement_tax_is_percent",
                condition=Q(tax_percent__gte=0, tax_percent__lte=100),
            ),
        )
        triggers = (
            frozen_after_draft(
                "billing arrangement",
                content=(
                    "account_id",
                    "schedule",
                    "bill_day",
                    "bill_month",
                    "timing",
                    "dates",
                    "payment_days",
                    "is_consolidated",
                    "contact_id",
                    "email",
                    "purchase_order",
                    "tax_percent",
                ),
                is_dated=True,
            ),
        )

    def __str__(self) -> str:
        return f"Version {self.version}"


class BillingMilestone(models.Model):
    """An amount that is billed once something is reached, or on a day, whichever comes first.

    ``reached_on`` is the day that ``reached_by`` said it was. One that waits can be changed and thrown away; billed
    is what an invoice line says.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="billing_milestones")
    contract = models.ForeignKey(Contract, models.PROTECT, null=True, blank=True, related_name="+")
    label = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    due_on = models.DateField(null=True, blank=True)
    event = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    reached_on = models.DateField(null=True, blank=True)
    reached_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    objects = BillingMilestoneQuerySet.as_manager()

    class Meta:
        ordering = ("due_on", "pk")
        constraints = (
            models.CheckConstraint(name="finance_billingmilestone_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="finance_billingmilestone_when", condition=Q(due_on__isnull=False) | ~Q(event="")
            ),
            models.CheckConstraint(
                name="finance_billingmilestone_reached_by_somebody",
                condition=Q(reached_on=None, reached_by=None)
                | Q(reached_on__isnull=False, reached_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.label


class BillingCounter(models.Model):
    """The last number given to an invoice or credit note of a year.

    Whoever takes the next locks the row until the invoice is written, so that none is skipped and none given twice.
    """

    kind = models.CharField(max_length=12)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="finance_billingcounter_one_a_year", fields=("kind", "year")),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last}"


class BillingPass(models.Model):
    """A draft that somebody threw away: its invoice isn't made again, what it held comes with the next one."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="finance_billingpass_one", fields=("account", "currency", "starts_on")
            ),
            models.CheckConstraint(
                name="finance_billingpass_in_order", condition=Q(ends_on__gte=F("starts_on"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id}, {self.starts_on} to {self.ends_on}"
