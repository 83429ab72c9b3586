"""Contracts and their lines, as billing or the CLM last reported them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from finance.querysets import ContractLineQuerySet, ContractQuerySet
from sync.models import SyncedModel


class BillingPeriod(models.TextChoices):
    DAY = "day", "Day"
    WEEK = "week", "Week"
    MONTH = "month", "Month"
    QUARTER = "quarter", "Quarter"
    HALF_YEAR = "half_year", "Half year"
    YEAR = "year", "Year"
    ONE_OFF = "one_off", "One-off"
    USAGE = "usage", "Usage"


class Contract(SyncedModel):
    """An agreement with an account; billing or the CLM owns it."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    number = models.CharField(max_length=128, blank=True)
    start_on = models.DateField()
    end_on = models.DateField(null=True, blank=True, help_text="First day after the term; null: open-ended.")
    notice_days = models.PositiveIntegerField(null=True, blank=True)
    auto_renew = models.BooleanField(default=False, db_default=False)
    renewal_months = models.PositiveIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    payment_terms_days = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = ContractQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_contract_ends_after_start",
                condition=Q(end_on=None) | Q(end_on__gt=F("start_on")),
            ),
        )

    def __str__(self) -> str:
        return self.number or f"Contract {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the path of the contract's page."""
        return reverse("finance:contract", args=[self.pk])


class ContractLine(SyncedModel):
    """One priced position of a contract, active on days from ``start_on`` to before ``end_on``.

    ``amount`` is for the whole quantity and one billing period, before the recurring discount.
    """

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="lines")
    product = models.CharField(max_length=255)
    start_on = models.DateField()
    end_on = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=4)
    billing_period = models.CharField(max_length=16, choices=BillingPeriod)
    quantity = models.DecimalField(max_digits=18, decimal_places=4, default=1, db_default=1)
    is_per_seat = models.BooleanField(
        default=False, db_default=False, help_text="Whether the quantity counts seats."
    )
    discount_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0, db_default=0)
    is_trial = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = ContractLineQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_contractline_ends_after_start",
                condition=Q(end_on=None) | Q(end_on__gt=F("start_on")),
            ),
            models.CheckConstraint(
                name="finance_contractline_amount_not_negative", condition=Q(amount__gte=0)
            ),
            models.CheckConstraint(
                name="finance_contractline_discount_is_percent",
                condition=Q(discount_percent__gte=0, discount_percent__lte=100),
            ),
        )

    def __str__(self) -> str:
        return self.product
