"""Who says what: the claims of several sources about one object, pins, and whose word counts more."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from sync.models.clients import Source
from sync.models.log import Link


class FieldClaim(models.Model):
    """What one source's record says about one field of an object.

    Kept only for shared objects: those with records of several sources, or with a pin. What a single source
    says stands in the object itself and its change rows. ``value`` is the column's value as JSON; own fields
    are claimed key by key as ``custom.<key>``. An empty claim never beats a value.
    """

    resource = models.CharField(max_length=64)
    object_id = models.BigIntegerField()
    field = models.CharField(max_length=120)
    link = models.ForeignKey(Link, models.CASCADE, related_name="claims")
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    value = models.JSONField(null=True)
    is_empty = models.BooleanField(default=False)
    source_updated_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(db_default=Now())
    batch_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(name="sync_fieldclaim_one", fields=("link", "field")),)
        indexes = (models.Index(name="sync_fieldclaim_of_object", fields=("object_id", "resource", "field")),)

    def __str__(self) -> str:
        return f"{self.field} of {self.resource} {self.object_id} by {self.source_id}"


class ClaimBefore(models.Model):
    """What a shared record said before a batch said otherwise, so that the batch can be taken back exactly.

    One row for each claim that the batch wrote, and one with an empty ``field`` where the record itself changed:
    its time at the source, its tombstone, or that it was there at all. Not ``was_there`` means that there was
    nothing before. Only the newest batch's row of a claim is about what is held now: the value that an earlier
    batch brought stands in the row of the one that overwrote it. Forgotten when the batch is taken back, when the
    object is no longer shared, and after ``sync.undoing.before.KEEP``.
    """

    batch_id = models.BigIntegerField()
    link = models.ForeignKey(Link, models.CASCADE, related_name="+", db_index=False)
    field = models.CharField(max_length=120, blank=True)
    was_there = models.BooleanField()
    value = models.JSONField(null=True)
    is_empty = models.BooleanField(default=False, db_default=False)
    source_updated_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    said_in = models.BigIntegerField(null=True, help_text="The batch that had brought the earlier word.")
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="sync_claimbefore_one", fields=("link", "field", "batch_id")),
        )
        indexes = (models.Index(name="sync_claimbefore_of_batch", fields=("batch_id",)),)

    def __str__(self) -> str:
        return f"{self.field or 'record'} of {self.link_id} before batch {self.batch_id}"


class Pin(models.Model):
    """A value that a person holds against every source, with the reason, until it ends or expires."""

    resource = models.CharField(max_length=64)
    object_id = models.BigIntegerField()
    field = models.CharField(max_length=120)
    value = models.JSONField(null=True)
    reason = models.CharField(max_length=500)
    pinned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    pinned_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="sync_pin_one_at_a_time",
                fields=("object_id", "resource", "field"),
                condition=Q(ended_at=None),
            ),
            models.CheckConstraint(name="sync_pin_reasoned", condition=~Q(reason="")),
        )
        indexes = (
            models.Index(name="sync_pin_expiring", fields=("expires_at",), condition=Q(ended_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.field} of {self.resource} {self.object_id}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class FieldPrecedence(models.Model):
    """How much a source's word counts for a field: rank 1 beats rank 2; a source without a rank comes last.

    ``field`` is empty for the order that holds where a field has none of its own.
    """

    EVERY_FIELD: ClassVar[str] = ""

    resource = models.CharField(max_length=64)
    field = models.CharField(max_length=120, blank=True)
    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    rank = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="sync_fieldprecedence_source", fields=("resource", "field", "source")
            ),
            models.UniqueConstraint(name="sync_fieldprecedence_rank", fields=("resource", "field", "rank")),
        )

    def __str__(self) -> str:
        return f"{self.resource}.{self.field or '*'}: {self.rank}"


class Settling(models.Model):
    """How far the shared records of a resource follow the order of the sources saved last.

    Written with the order, in one transaction, and gone once every record follows it. ``after`` is the last object
    settled: a slice and its mark are written together, and another order begins anew.
    """

    resource = models.CharField(max_length=64, unique=True)
    after = models.BigIntegerField(default=0)
    settled = models.IntegerField(default=0)
    total = models.IntegerField(help_text="Shared records when the order was saved.")
    asked_at = models.DateTimeField(db_default=Now())
    step_at = models.DateTimeField(db_default=Now(), help_text="When a worker last got further.")

    def __str__(self) -> str:
        return f"{self.settled} of {self.total} {self.resource}"

    @property
    def percent(self) -> int:
        """How far it is."""
        return min(100, self.settled * 100 // self.total) if self.total else 0
