"""The revenue that follows from contract lines."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class MonthlyRevenue(models.Model):
    """ARR of an account at the end of a month, by contract currency: the base of every movement.

    A roll-up of contract lines: recomputed whole for accounts whose lines changed. Months without
    revenue have no row.
    """

    pk = models.CompositePrimaryKey("account_id", "month", "currency")
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    month = models.DateField(help_text="First day of the month.")
    currency = models.CharField(max_length=3)
    arr = models.DecimalField(max_digits=24, decimal_places=2)

    class Meta:
        indexes = (
            models.Index(
                name="finance_monthlyrevenue_month", fields=("month",), include=("account", "currency", "arr")
            ),
        )
        constraints = (
            models.CheckConstraint(name="finance_monthlyrevenue_first_day", condition=Q(month__day=1)),
        )

    def __str__(self) -> str:
        return f"{self.account_id} {self.month}: {self.arr} {self.currency}"


class RevenueToRecompute(models.Model):
    """An account whose contracts changed since its monthly revenue was last rolled up."""

    account = models.OneToOneField("accounts.Account", models.CASCADE, primary_key=True, related_name="+")
    marked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.account_id)
