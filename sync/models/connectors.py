"""Connections to systems that are asked for their records, where each stands, and what each run did."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from sync.models.clients import Source


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["name", "settings", "secrets_set_at", "state", "interval_minutes"],
    model_name="ConnectionEvent",
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class Connection(models.Model):
    """One system that is pulled from: how to get in, how often, and how it goes.

    ``sealed`` holds the secret settings as one encrypted JSON object; they are never shown again. A worker that
    runs the connection holds ``lease`` until ``lease_until`` and renews it with each page, so no two run it. The
    history holds what people decide, and when a secret was typed in, never the secret.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Not started"
        ACTIVE = "active", "Running on schedule"
        PAUSED = "paused", "Paused"
        STOPPED = "stopped", "Needs you"

    kind = models.CharField(max_length=32, help_text="Key of the connector that knows the system.")
    name = models.CharField(max_length=150, unique=True)
    source = models.OneToOneField(Source, models.PROTECT, related_name="connection")
    settings = models.JSONField(default=dict, help_text="The settings that are no secrets.")
    sealed = models.TextField(blank=True)
    secrets_set_at = models.JSONField(default=dict, help_text="When each secret was typed in.")
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    problem = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    interval_minutes = models.PositiveIntegerField(default=15)
    next_run_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="Failed attempts since the last success."
    )
    last_success_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="sync_connection_interval_positive", condition=Q(interval_minutes__gte=1)
            ),
        )
        indexes = (
            models.Index(name="sync_connection_due", fields=("next_run_at",), condition=Q(state="active")),
        )

    def __str__(self) -> str:
        return self.name


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["is_enabled", "mapping"],
    model_name="ConnectedObjectEvent",
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class ConnectedObject(models.Model):
    """One kind of record that a connection pulls: its mapping, and how far it has got.

    ``cursor`` is the connector's own note, empty before the first page; it is saved in the transaction of the
    page that it follows. ``mapping`` lists for each of our resources which of their fields fills which of ours.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="objects_pulled")
    key = models.CharField(max_length=64)
    is_enabled = models.BooleanField(default=True)
    mapping = models.JSONField(default=dict)
    cursor = models.JSONField(default=dict)
    schema = models.JSONField(default=list, help_text="The fields that the system says it has.")
    schema_at = models.DateTimeField(null=True, blank=True)
    synced_to = models.DateTimeField(
        null=True, blank=True, help_text="Whatever changed there before this moment is in."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(name="sync_connectedobject_one", fields=("connection", "key")),
        )

    def __str__(self) -> str:
        return f"{self.key} of {self.connection_id}"


class ConnectorRun(models.Model):
    """One pass over a connection's objects; it may span several attempts.

    ``progress`` holds for each object when its pass began, its pages and rows and whether it is done. ``left_out``
    counts, by reason, what couldn't be taken over although nothing is wrong with it.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        WAITING = "waiting", "Will try again"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="runs")
    is_manual = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=1)
    pages = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    stale = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    cursor_before = models.JSONField(default=dict)
    cursor_after = models.JSONField(default=dict)
    progress = models.JSONField(default=dict)
    left_out = models.JSONField(default=dict)
    samples = models.JSONField(default=list, help_text="The first rejected records with their errors.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="sync_connectorrun_one_open",
                fields=("connection",),
                condition=Q(state__in=("running", "waiting")),
            ),
        )
        indexes = (models.Index(name="sync_connectorrun_newest", fields=("connection", "-started_at")),)

    def __str__(self) -> str:
        return f"{self.connection_id} at {self.started_at}"
