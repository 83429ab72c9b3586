"""The revenue ledger: what contract lines brought, as it was known at any time."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


def _append_only(noun: str) -> pgtrigger.Trigger:
    """Return the trigger that lets rows come, and never change or go."""
    return pgtrigger.Trigger(
        name="append_only",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=(
            f"RAISE EXCEPTION 'The {noun} is append-only: a correction is another entry.' "
            "USING ERRCODE = 'check_violation';"
        ),
    )


class RevenueEntry(models.Model):
    """A change of ARR by a contract line, from a day on; never changed, corrected by further entries.

    The ARR of an account on a day, as it was known at a time, is the sum of ``arr`` over the entries with ``on`` up
    to the day that were recorded by the time. A line that runs from one day to before another is two entries, the
    second one taking off what the first one added, even where it lies in the future. Accounts and lines are given
    a tombstone, never deleted, so checking them again for each entry would only cost.
    """

    class Cause(models.TextChoices):
        BEGAN = "began", "The line began"
        ENDED = "ended", "The line ended"
        CHANGED = "changed", "The line's terms were changed"
        WITHDRAWN = "withdrawn", "The line no longer counts"
        RESTORED = "restored", "The line counts again"
        MOVED = "moved", "The line moved from one account to another"
        ACCOUNT_GONE = "account_gone", "The account was deleted"

    account = models.ForeignKey(
        "accounts.Account", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    line = models.ForeignKey(
        "finance.ContractLine", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    currency = models.CharField(max_length=3)
    on = models.DateField(help_text="The first day on which it counts.")
    # As exact as amount × periods a year × discount, so that sums are rounded once.
    arr = models.DecimalField(max_digits=38, decimal_places=12)
    recorded_at = models.DateTimeField()
    cause = models.CharField(max_length=16, choices=Cause)
    corrects = models.BooleanField(help_text="Its month had been closed when it was recorded.")

    class Meta:
        verbose_name = "entry of the revenue ledger"
        verbose_name_plural = "entries of the revenue ledger"
        indexes = (
            models.Index(
                name="finance_revenueentry_account",
                fields=("account", "currency", "on"),
                include=("arr", "recorded_at", "line"),
            ),
            models.Index(name="finance_revenueentry_line", fields=("line",)),
            models.Index(
                name="finance_revenueentry_restates", fields=("recorded_at",), condition=Q(corrects=True)
            ),
            # Few, and looked at each night: whether the account has come back.
            models.Index(
                name="finance_revenueentry_gone", fields=("account",), condition=Q(cause="account_gone")
            ),
        )
        constraints = (
            models.CheckConstraint(name="finance_revenueentry_moves_something", condition=~Q(arr=0)),
        )
        triggers = (_append_only("revenue ledger"),)

    def __str__(self) -> str:
        return f"{self.on}: {self.arr} {self.currency}"


class RateEntry(models.Model):
    """What an exchange rate was known to be from a time on; without ``rate``, that there is none on that day.

    Append-only, as the ledger is, so that what was published can be told again at the rates of then.
    """

    currency = models.CharField(max_length=3)
    on = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8, null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = "known exchange rate"
        indexes = (models.Index(name="finance_rateentry_latest", fields=("currency", "-on", "-id")),)
        triggers = (_append_only("history of rates"),)

    def __str__(self) -> str:
        return f"{self.currency} {self.on}: {self.rate}"


class RevenueClose(models.Model):
    """A month whose figures are published: they are what the ledger knew at ``closed_at``.

    By the nightly refresh, or by whoever in finance closed it by hand. What is recorded later of a closed month
    restates it.
    """

    month = models.DateField(unique=True, help_text="First day of the month.")
    closed_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ("month",)
        constraints = (
            models.CheckConstraint(name="finance_revenueclose_first_day", condition=Q(month__day=1)),
        )
        triggers = (_append_only("list of closed months"),)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} closed at {self.closed_at}"


class RevenuePlace(models.Model):
    """What an account with revenue was like for a time, so that it counts where it stood when a period began.

    ``since`` is null where it was so before we knew, ``until`` (the first day on which it no longer was) where it
    still is. The tier has a history of its own.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    industry = models.CharField(max_length=128)
    country = models.CharField(max_length=2)
    employees = models.PositiveIntegerField(null=True)
    owner_email = models.CharField(max_length=254, default="", db_default="")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="finance_revenueplace_one_begins", fields=("account", "since"), nulls_distinct=False
            ),
            models.UniqueConstraint(
                name="finance_revenueplace_one_now", fields=("account",), condition=Q(until=None)
            ),
            models.CheckConstraint(
                name="finance_revenueplace_ends_after_start",
                condition=Q(since=None) | Q(until=None) | Q(until__gt=F("since")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id} since {self.since}"


class RevenueToRecompute(models.Model):
    """An account whose contracts changed since the ledger last followed them."""

    account = models.OneToOneField("accounts.Account", models.CASCADE, primary_key=True, related_name="+")
    marked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.account_id)
