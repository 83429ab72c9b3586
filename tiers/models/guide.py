"""Links by which customers open the tier guide."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from people.models import User

USE = ("last_used_at", "uses")


@pghistory.track(exclude=["digest", *USE])
class GuideLink(models.Model):
    """A secret address of the tier guide, for whoever was given it. Only the secret's SHA-256 is kept.

    It shows the guide as published at the time it is opened.
    """

    note = models.CharField(max_length=128, help_text="For whom it is.")
    prefix = models.CharField(max_length=8, help_text="First characters of the secret, to recognise it by.")
    digest = models.BinaryField(max_length=32, unique=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    last_used_at = models.DateTimeField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(name="tiers_guidelink_noted", condition=~Q(note="")),
            models.CheckConstraint(
                name="tiers_guidelink_expires", condition=Q(expires_at__gt=F("created_at"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.prefix}… for {self.note}"
