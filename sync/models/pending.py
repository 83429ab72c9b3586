"""Records that couldn't be applied when they came: those that wait, and those that somebody gave up."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from sync.models.clients import Client, Source
from sync.models.log import Batch


class KeptRecord(models.Model):
    """What is kept of a record that was not applied: all that its source said, and why it waits.

    ``code`` is ``reference_missing`` while it waits; one that proved wrong when its reference came keeps the
    error's code and detail until its source sends a newer state. One that may be any of several objects has
    ``ambiguous_match``, waits for its own pair and names the ``candidates``; a person decides.
    """

    WAITING: ClassVar[str] = "reference_missing"
    AMBIGUOUS: ClassVar[str] = "ambiguous_match"

    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    resource = models.CharField(max_length=64)
    external_id = models.CharField(max_length=255)
    payload = models.JSONField()
    source_updated_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=64, default=WAITING)
    field = models.CharField(max_length=64)
    detail = models.TextField(blank=True)
    candidates = models.JSONField(null=True, help_text="Ids of the objects that it may be.")
    is_new = models.BooleanField(
        default=False, db_default=False, help_text="Somebody said that it is none of the candidates."
    )
    waits_for_resource = models.CharField(max_length=64)
    waits_for_source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    waits_for_external_id = models.CharField(max_length=255)
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.resource} {self.external_id} waits for {self.waits_for_external_id}"


class PendingRecordQuerySet(models.QuerySet["PendingRecord"]):
    """Reads of pending records."""

    def waiting(self) -> Self:
        """Records that wait for another or for a correction, without the deletions that came first."""
        return self.exclude(code=PendingRecord.DELETED)


class PendingRecord(KeptRecord):
    """A valid record that waits for another one to arrive. Kept until applied; expires never.

    A deletion that came before its record is kept here too, with the code ``deleted`` and no fields: it
    makes an older state that comes late stale, as a waiting state does, and gives way to a newer one.
    """

    DELETED: ClassVar[str] = "deleted"

    received_at = models.DateTimeField(db_default=Now())

    objects = PendingRecordQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="sync_pendingrecord_one", fields=("source", "resource", "external_id")
            ),
        )
        indexes = (
            models.Index(
                name="sync_pending_waits",
                fields=("waits_for_source", "waits_for_resource", "waits_for_external_id"),
            ),
        )


class DiscardedRecord(KeptRecord):
    """A waiting record that somebody gave up, with who, when and why; it can be taken up again.

    ``id`` is the one that it had while it waited. A person or a client discarded it.
    """

    id = models.BigIntegerField(primary_key=True)
    received_at = models.DateTimeField()
    discarded_at = models.DateTimeField(db_default=Now())
    discarded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    discarded_by_client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=1000)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="sync_discardedrecord_by_somebody",
                condition=models.Q(discarded_by__isnull=False) ^ models.Q(discarded_by_client__isnull=False),
            ),
            models.CheckConstraint(name="sync_discardedrecord_has_reason", condition=~models.Q(reason="")),
        )
        indexes = (models.Index(name="sync_discarded_pair", fields=("source", "resource", "external_id")),)
