"""Touches between our people and the customer's."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from engagement.querysets import EngagementQuerySet
from sync.models import SyncedModel


class Kind(models.TextChoices):
    CALL = "call", "Call"
    EMAIL = "email", "E-mail"
    MEETING = "meeting", "Meeting"
    EVENT = "event", "Event"
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
