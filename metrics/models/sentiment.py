"""What people make of an account, beside its score and never inside it."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce, Now

from accounts.models import Account
from metrics.querysets import SentimentQuerySet
from people.models import User

REASON_LENGTH = 500


class Sentiment(models.IntegerChoices):
    """How somebody who knows the account sees it."""

    VERY_NEGATIVE = -2, "Very negative"
    NEGATIVE = -1, "Negative"
    NEUTRAL = 0, "Neutral"
    POSITIVE = 1, "Positive"
    VERY_POSITIVE = 2, "Very positive"

    @property
    def slug(self) -> str:
        """Its name in conditions and files."""
        return self.name.lower()


class AccountSentiment(models.Model):
    """Somebody's judgement of an account with the reason, for a time.

    It holds from ``starts_on`` until ``expires_on``, the first day without it, or until ``ended_on`` where another
    replaced it or it was taken back before. An account has one at a time; those that have ended are kept.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="sentiments", db_index=False)
    value = models.SmallIntegerField(choices=Sentiment)
    reason = models.CharField(max_length=REASON_LENGTH)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    starts_on = models.DateField()
    expires_on = models.DateField()
    set_at = models.DateTimeField(db_default=Now())
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = SentimentQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(name="metrics_sentiment_history", fields=("account", "-starts_on")),)
        constraints = (
            models.CheckConstraint(
                name="metrics_accountsentiment_value", condition=Q(value__gte=-2, value__lte=2)
            ),
            models.CheckConstraint(name="metrics_accountsentiment_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="metrics_accountsentiment_ends_after_start",
                condition=Q(expires_on__gt=F("starts_on"))
                & (Q(ended_on=None) | Q(ended_on__gte=F("starts_on"), ended_on__lte=F("expires_on"))),
            ),
            ExclusionConstraint(
                name="metrics_accountsentiment_one_at_a_time",
                expressions=(
                    ("account", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"),
                            Coalesce("ended_on", "expires_on"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_value_display()} for account {self.account_id} until {self.expires_on}"
