"""What came in: batches, whose record is whose, what changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from sync.models.clients import Client, Source


class Batch(models.Model):
    """One call that wrote: what was sent, and what became of it. Never deleted."""

    class Mode(models.TextChoices):
        UPSERT = "upsert"
        UPDATE_ONLY = "update_only"
        APPEND = "append", "tracked events"
        DELETE = "delete"
        PENDING = "pending", "applying what had waited"
        UNDO = "undo", "undoing a batch"

    source = models.ForeignKey(Source, models.PROTECT, related_name="batches")
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="batches")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who made here what it brought (sync.own); null for what a source sent and for the clock's own work.",
    )
    resource = models.CharField(max_length=64)
    mode = models.CharField(max_length=16, choices=Mode, default=Mode.UPSERT)
    received_at = models.DateTimeField(db_default=Now())
    seconds = models.FloatField(default=0, help_text="Time from the first byte decoded to the commit.")
    source_time = models.DateTimeField(null=True, help_text="The newest source time among its records.")
    created = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    stale = models.IntegerField(default=0)
    pending = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    deleted = models.IntegerField(default=0)
    errors = models.JSONField(default=list, help_text="The first rejected records with their errors.")

    class Meta:
        indexes = (
            models.Index(name="sync_batch_newest", fields=("-received_at",)),
            models.Index(name="sync_batch_by_source", fields=("source", "resource", "-received_at")),
        )

    def __str__(self) -> str:
        return f"{self.resource} from {self.source_id} at {self.received_at}"


class Link(models.Model):
    """The identity of a record: which object of ours a source's external id stands for.

    ``source_updated_at`` is the newest state applied from that source; an older one is stale.
    A tombstone (``deleted_at``) keeps its time too, so that a late old state doesn't resurrect it.
    ``digest`` is of the bytes last applied, so that the same bytes are known as unchanged without a look at
    what they say. ``is_shared`` marks the records of objects in which others have a say too (``FieldClaim``).
    """

    resource = models.CharField(max_length=64)
    # Sources are never deleted; checking that row by row would cost a tenth of an intake.
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=255)
    object_id = models.BigIntegerField()
    source_updated_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    digest = models.BinaryField(max_length=16, null=True)
    is_shared = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="sync_link_pair", fields=("source", "resource", "external_id")),
        )
        indexes = (models.Index(name="sync_link_object", fields=("object_id", "resource")),)

    def __str__(self) -> str:
        return f"{self.resource} {self.external_id}"


class Change(models.Model):
    """One record changed by one batch, with what the changed fields held before and hold after.

    Append-only. It is the history behind each value and the feed in change order: ``xid`` is the
    writing transaction, and readers stop short of the oldest one still running, so that a slow
    writer's rows are never skipped.
    """

    class Kind(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        DELETED = "deleted"
        RESTORED = "restored"
        MERGED = "merged"
        UNMERGED = "unmerged"

    # Batches and sources are never deleted; checking that row by row would cost a tenth of an intake.
    batch = models.ForeignKey(
        Batch, models.PROTECT, related_name="+", null=True, db_index=False, db_constraint=False
    )
    source = models.ForeignKey(
        Source, models.PROTECT, related_name="+", null=True, db_index=False, db_constraint=False
    )
    resource = models.CharField(max_length=64)
    object_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    source_updated_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(db_default=Now())
    xid = models.BigIntegerField()

    class Meta:
        indexes = (
            models.Index(name="sync_change_feed", fields=("resource", "xid", "id")),
            models.Index(name="sync_change_of_object", fields=("object_id", "resource", "id")),
            # Where in the feed a time stands, read from the index alone.
            models.Index(name="sync_change_since", fields=("resource", "changed_at"), include=("xid",)),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.resource} {self.object_id}"


class IdempotencyKey(models.Model):
    """The answer already given for a client's key, written in the transaction that it describes."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.BinaryField(max_length=32)
    status = models.SmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(name="sync_idempotencykey_one", fields=("client", "key")),)
        indexes = (models.Index(name="sync_idempotencykey_age", fields=("created_at",)),)

    def __str__(self) -> str:
        return self.key
