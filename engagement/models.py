"""Touches between our people and the customer's, the deals that come of them, and what they think of us."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from engagement.querysets import EngagementQuerySet, NpsQuerySet, OpportunityQuerySet
from engagement.scoring.models import AccountScore, ScoreKind, ScoreModel, ScoreRule
from engagement.scoring.previews.models import (
    ScoreDifference,
    ScorePreview,
    ScorePreviewRow,
    ScorePublication,
)
from sync.models import SyncedModel


class Kind(models.TextChoices):
    CALL = "call", "Call"
    EMAIL = "email", "E-mail"
    MEETING = "meeting", "Meeting"
    EVENT = "event", "Event"
    BUSINESS_REVIEW = "business_review", "Business review"
    WEB = "web", "Web visit"


class Direction(models.TextChoices):
    INBOUND = "inbound", "From the customer"
    OUTBOUND = "outbound", "From us"


class Engagement(SyncedModel):
    """One touch with an account; the CRM or marketing automation owns it."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    contact = models.ForeignKey("accounts.Contact", models.SET_NULL, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    direction = models.CharField(max_length=8, choices=Direction, default=Direction.OUTBOUND)
    occurred_at = models.DateTimeField()
    subject = models.CharField(max_length=512, blank=True)
    user_email = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = EngagementQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(name="engagement_of_account", fields=("account", "-occurred_at")),)

    def __str__(self) -> str:
        return self.subject or self.get_kind_display()


class DealKind(models.TextChoices):
    NEW = "new", "New business"
    EXPANSION = "expansion", "Expansion"
    RENEWAL = "renewal", "Renewal"


class Opportunity(SyncedModel):
    """A deal that is hoped for, won or lost; the CRM owns it.

    What is won is decided, even where the CRM forgot to close it. ``stage`` is the CRM's own word. ``amount`` is
    the deal's worth in ``currency``; without a currency it is in the reporting currency.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=16, choices=DealKind, blank=True)
    stage = models.CharField(max_length=128, blank=True)
    is_won = models.BooleanField(default=False, db_default=False)
    is_closed = models.BooleanField(default=False, db_default=False)
    amount = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    opened_on = models.DateField(null=True, blank=True)
    close_on = models.DateField(
        null=True, blank=True, help_text="When it is expected to close, or did where it is closed."
    )
    contacts = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=[],
        blank=True,
        help_text="Ids of the contacts who take part.",
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = OpportunityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "opportunities"
        constraints = (
            models.CheckConstraint(
                name="engagement_opportunity_amount_not_negative",
                condition=Q(amount=None) | Q(amount__gte=0),
            ),
            models.CheckConstraint(
                name="engagement_opportunity_closes_after_opening",
                condition=Q(opened_on=None)
                | Q(close_on=None)
                | Q(is_closed=False)
                | Q(close_on__gte=F("opened_on")),
            ),
        )
        indexes = (models.Index(name="engagement_opportunity_of", fields=("account", "-close_on")),)

    def __str__(self) -> str:
        return self.name


class NpsResponse(SyncedModel):
    """Somebody at a customer who was asked whether they would recommend us; the survey owns it.

    ``score`` is null as long as they haven't answered.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    comment = models.TextField(blank=True)
    respondent = models.ForeignKey(
        "accounts.Contact", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    respondent_email = models.CharField(max_length=254, blank=True)
    asked_at = models.DateTimeField()
    responded_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = NpsQuerySet.as_manager()

    class Meta:
        verbose_name = "NPS response"
        constraints = (
            models.CheckConstraint(
                name="engagement_npsresponse_zero_to_ten",
                condition=Q(score=None) | Q(score__gte=0, score__lte=10),
            ),
            models.CheckConstraint(
                name="engagement_npsresponse_answered_after_asked",
                condition=Q(responded_at=None) | Q(responded_at__gte=F("asked_at")),
            ),
        )
        indexes = (models.Index(name="engagement_npsresponse_of", fields=("account", "-asked_at")),)

    def __str__(self) -> str:
        return "No answer" if self.score is None else f"{self.score} of 10"


__all__ = [
    "AccountScore",
    "DealKind",
    "Direction",
    "Engagement",
    "Kind",
    "NpsResponse",
    "Opportunity",
    "ScoreDifference",
    "ScoreKind",
    "ScoreModel",
    "ScorePreview",
    "ScorePreviewRow",
    "ScorePublication",
    "ScoreRule",
]
