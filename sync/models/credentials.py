"""What a program signs in with to get short-lived tokens."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from people.functions import Function


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(
        condition=pghistory.AnyChange("key", "scopes", "function", "rate", "rotated_at", "revoked_at")
    ),
    pghistory.DeleteEvent(),
    model_name="ClientCredentialEvent",
    fields=["client", "key", "scopes", "function", "rate", "rotated_at", "revoked_at"],
)
class ClientCredential(models.Model):
    """An OAuth 2 client id with its secret: what it gets at ``/oauth/token/`` are rows of ``ApiToken``.

    Only the secret's SHA-256 is kept; the secret is shown once. ``scopes`` is the most that a token of it
    gets, ``function`` whose eyes such a token reads with, ``rate`` how many calls a minute all of them have
    together. The history leaves out the digest.
    """

    client = models.ForeignKey("sync.Client", models.CASCADE, related_name="credentials")
    key = models.CharField(max_length=64, unique=True, help_text="The client_id that the program sends.")
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=64))
    function = models.CharField(max_length=32, choices=Function, default=Function.REVOPS)
    rate = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    rotated_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.key} of {self.client}"
