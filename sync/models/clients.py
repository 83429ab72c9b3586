"""Who sends: sources, the programs that speak for them and their tokens."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from people.functions import Function

# The source of the records that are made here; no client, file or connection speaks for it.
OWN_SLUG = "abe"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Source(models.Model):
    """A system that feeds the platform, such as the CRM or the help desk."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name

    @property
    def is_own(self) -> bool:
        """Whether its records are made here (``sync.own``)."""
        return self.slug == OWN_SLUG


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Client(models.Model):
    """A program that calls the sync API on behalf of one source."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="clients")
    name = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(name="sync_client_name", fields=("source", "name")),)

    def __str__(self) -> str:
        return f"{self.name} ({self.source})"


@pghistory.track(
    # Those of a credential are made by the hour by programs, and nobody decides about them.
    pghistory.InsertEvent(condition=pghistory.Q(new__credential__isnull=True)),
    pghistory.UpdateEvent(
        condition=pghistory.AnyChange("scopes", "function", "rate", "expires_at", "revoked_at")
    ),
    model_name="ApiTokenEvent",
    fields=["client", "prefix", "scopes", "function", "rate", "expires_at", "revoked_at"],
)
class ApiToken(models.Model):
    """A secret of a client. Only its SHA-256 is kept; the secret is shown once.

    ``function`` is whose eyes the token reads with: the access policy applies to it as to a person.
    ``credential`` is the OAuth 2 credential that it was issued to, if any; ``rate`` the calls that it may make
    in a minute where that differs from the installation's ``API_RATE``. The history leaves out the digest.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="tokens")
    credential = models.ForeignKey(
        "sync.ClientCredential", models.CASCADE, null=True, blank=True, related_name="tokens"
    )
    prefix = models.CharField(max_length=12, help_text="First characters of the secret, to recognise it by.")
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=64))
    function = models.CharField(max_length=32, choices=Function, default=Function.REVOPS)
    rate = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.client}"
