"""Files that people bring: what was uploaded, how it is read, where its columns go and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from sync.models.clients import Source
from sync.models.log import Batch


class Import(models.Model):
    """One file on its way in, from upload to report.

    ``reading`` says how the bytes become cells, ``columns`` what each column holds, judged from all of its
    cells, ``plan`` where the columns go and in which form they are written. Rows are numbered as a
    spreadsheet numbers them: the heading is row 1.
    """

    class State(models.TextChoices):
        READING = "reading", "Being read"
        UNREADABLE = "unreadable", "Can't be read"
        MAPPING = "mapping", "Waits for its columns"
        CHECKING = "checking", "Dry run"
        CHECKED = "checked", "Waits for your word"
        IMPORTING = "importing", "Importing"
        DONE = "done", "Imported"
        STOPPED = "stopped", "Stopped halfway"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    # A worker is at it, or should be.
    BUSY: ClassVar[tuple[str, ...]] = ("reading", "checking", "importing", "undoing")

    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    resource = models.CharField(max_length=64)
    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField(help_text="Bytes of the file.")
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the file.")
    state = models.CharField(max_length=16, choices=State, default=State.READING)
    reading = models.JSONField(default=dict)
    columns = models.JSONField(default=list)
    plan = models.JSONField(default=dict)
    rows = models.IntegerField(default=0)
    rows_done = models.IntegerField(default=0, help_text="Of the step under way.")
    expected = models.JSONField(default=dict, help_text="Counts of the dry run by status.")
    counts = models.JSONField(default=dict, help_text="Counts of the import by status.")
    error = models.TextField(blank=True, help_text="Why it can't go on, and what to do.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="None: by command."
    )
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    step_at = models.DateTimeField(db_default=Now(), help_text="When a worker last got further.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True, help_text="When the bytes and cells were thrown away.")

    class Meta:
        indexes = (
            models.Index(name="sync_import_newest", fields=("-created_at", "-id")),
            models.Index(
                name="sync_import_busy",
                fields=("step_at",),
                condition=Q(state__in=("reading", "checking", "importing", "undoing")),
            ),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_busy(self) -> bool:
        """Whether a worker is at it."""
        return self.state in self.BUSY

    @property
    def version(self) -> str:
        """What tells this state of it from any other, for whoever agrees to what a page shows."""
        return self.step_at.isoformat()

    @property
    def percent(self) -> int:
        """How far the step under way is."""
        return min(100, self.rows_done * 100 // self.rows) if self.rows else 0


class ImportPart(models.Model):
    """A piece of an uploaded file. Web and worker may be different machines, so it lies in the database."""

    imported = models.ForeignKey(Import, models.CASCADE, related_name="parts", db_index=False)
    position = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(name="sync_importpart_one", fields=("imported", "position")),)

    def __str__(self) -> str:
        return f"Part {self.position} of import {self.imported_id}"


class ImportBlock(models.Model):
    """Up to a batch of rows as read, column by column, and what became of them.

    Blocks are read, tried and imported one by one, each in a transaction of its own with its mark, so a lost
    worker costs one block and none comes in twice.
    """

    imported = models.ForeignKey(Import, models.CASCADE, related_name="blocks", db_index=False)
    position = models.IntegerField()
    first_row = models.IntegerField()
    rows = models.IntegerField()
    cells = models.BinaryField()
    report = models.BinaryField(null=True)
    counts = models.JSONField(default=dict)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(name="sync_importblock_one", fields=("imported", "position")),)

    def __str__(self) -> str:
        return f"Rows {self.first_row} to {self.first_row + self.rows - 1} of import {self.imported_id}"


class SavedPlan(models.Model):
    """Where the columns of a source's files of one heading went last time; offered the next time."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    resource = models.CharField(max_length=64)
    signature = models.CharField(max_length=64, help_text="SHA-256 of the normalised heading.")
    plan = models.JSONField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(name="sync_savedplan_one", fields=("source", "resource", "signature")),
        )

    def __str__(self) -> str:
        return f"{self.resource} from {self.source_id}"


class Undoing(models.Model):
    """A batch whose changes were taken back, by whom, and what was left because it had changed since."""

    batch = models.OneToOneField(Batch, models.PROTECT, related_name="undoing")
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(db_default=Now())
    restored = models.IntegerField(default=0, help_text="Records given back what they held before.")
    removed = models.IntegerField(default=0, help_text="Records it had created.")
    forgotten = models.IntegerField(default=0, help_text="Records of it that still waited.")
    conflicts = models.JSONField(
        default=list, help_text="What was left alone: the first of them, with the reason."
    )
    conflict_count = models.IntegerField(default=0)
    batches = models.JSONField(default=list, help_text="Ids of the batches that took it back.")

    def __str__(self) -> str:
        return f"Undoing of batch {self.batch_id}"
