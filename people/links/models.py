"""What every kind of secret link has. The model is abstract: each kind has its own table."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

# What a history of links leaves out: secrets, and what changes with every use.
UNTRACKED = ("digest", "last_used_at", "uses")


class SecretLink(models.Model):
    """An address that opens by the secret in it, for whoever was given it. Only the secret's SHA-256 is kept.

    A model of links is tracked without ``UNTRACKED``, so that no history tells what opens anything.
    """

    note = models.CharField(max_length=128, help_text="For whom it is.")
    prefix = models.CharField(max_length=8, help_text="First characters of the secret, to recognise it by.")
    digest = models.BinaryField(max_length=32, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(name="%(app_label)s_%(class)s_noted", condition=~Q(note="")),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_expires", condition=Q(expires_at__gt=F("created_at"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.prefix}… for {self.note}"

    @property
    def is_open(self) -> bool:
        """Whether it still works."""
        return self.revoked_at is None and self.expires_at > timezone.now()
