"""What the models that other apps sync have in common."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from sync.models.clients import Source

LIVE = Q(deleted_at=None)


class SyncedModel(models.Model):
    """What every synced entity holds beside its own fields: custom values and its tombstone."""

    custom = models.JSONField(default=dict, db_default={}, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


class StreamModel(models.Model):
    """A fact of a stream, such as one usage event; the row is its own log and its own identity."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=255)
    source_updated_at = models.DateTimeField(null=True)
    custom = models.JSONField(default=dict, db_default={}, blank=True)
    batch_id = models.BigIntegerField(help_text="The sync.Batch that brought it; no FK, for speed of intake.")
    received_at = models.DateTimeField(db_default=Now())
    xid = models.BigIntegerField()
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True
