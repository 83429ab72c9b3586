"""What tracking tells besides events: who belongs to which group, and which events have no account yet."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from sync.models import Source


class TrackedUser(models.Model):
    """A user of our product as a tracking source last described it; ``group`` is the last one it was put into.

    Visitors who are known by an anonymous id only have a row of their own, named ``anonymous:<id>``. ``known_as`` is
    the user that a name stands for since an alias or identify call said so; what it does is that user's.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    user = models.CharField(max_length=255)
    known_as = models.CharField(max_length=255, blank=True, db_default="")
    group = models.CharField(max_length=255, blank=True)
    grouped_at = models.DateTimeField(null=True)
    traits = models.JSONField(default=dict, db_default={})
    described_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(name="product_trackeduser_one", fields=("source", "user")),)

    def __str__(self) -> str:
        return self.user


class TrackedGroup(models.Model):
    """What a tracking source last said of a group; kept as given, it changes nothing of an account."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    group = models.CharField(max_length=255)
    traits = models.JSONField(default=dict, db_default={})
    described_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(name="product_trackedgroup_one", fields=("source", "group")),)

    def __str__(self) -> str:
        return self.group


class AwaitedAccount(models.Model):
    """A group that matches no account, or a user of no group, and how many events wait for it."""

    class Kind(models.TextChoices):
        GROUP = "group"
        USER = "user"

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=255)
    events = models.BigIntegerField(default=0)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(name="product_awaitedaccount_one", fields=("source", "kind", "key")),
        )
        indexes = (models.Index(name="product_awaitedaccount_most", fields=("kind", "-events")),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class WaitingEvent(models.Model):
    """A tracked event whose account is not known yet; kept until it is, and never dropped for its age.

    Apart from ``sync.PendingRecord``, since most events of a product with free users wait for ever: a row here
    costs one index entry and a number instead of texts that name what is missing.
    """

    awaited = models.ForeignKey(AwaitedAccount, models.PROTECT, related_name="waiting", db_constraint=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=255)
    record = models.JSONField(help_text="The record as sync takes it, but for its account.")
    batch_id = models.BigIntegerField(help_text="The sync.Batch that brought it.")
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(name="product_waitingevent_pair", fields=("source", "external_id")),
        )

    def __str__(self) -> str:
        return self.external_id
