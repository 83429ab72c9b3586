"""What goes out by itself: events beside the change log, who is told of them, and what became of each telling."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from people.functions import Function


class OutboxEvent(models.Model):
    """Something that happened to an account and is no change of a record; append-only, forgotten by retention.

    Written in the transaction that it tells of. ``data`` is told under the access policy: ``guards`` names for
    each guarded member its category, or ``category:level``, or several of them. ``xid`` is the writing
    transaction, as in the change log.
    """

    kind = models.CharField(max_length=64, help_text="Key such as health.changed.")
    account_id = models.BigIntegerField(null=True, help_text="No FK: the event outlives its account.")
    data = models.JSONField()
    guards = models.JSONField(default=dict, db_default={})
    happened_at = models.DateTimeField(db_default=Now())
    xid = models.BigIntegerField()

    class Meta:
        indexes = (
            models.Index(name="sync_outboxevent_feed", fields=("xid", "id")),
            models.Index(name="sync_outboxevent_age", fields=("happened_at",)),
        )

    def __str__(self) -> str:
        return f"{self.kind} of account {self.account_id}"


class RelayPosition(models.Model):
    """How far the relay has turned events into deliveries: one row, the last event it has seen.

    ``stream`` is 0 for the change log and 1 for the outbox; events are ordered by (xid, stream, event_id).
    """

    id = models.SmallIntegerField(primary_key=True)
    xid = models.BigIntegerField()
    stream = models.SmallIntegerField()
    event_id = models.BigIntegerField()

    class Meta:
        constraints = (models.CheckConstraint(name="sync_relayposition_one", condition=Q(id=1)),)

    def __str__(self) -> str:
        return f"{self.xid}.{self.stream}.{self.event_id}"


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["name", "url", "kinds", "function", "state"],
    model_name="WebhookEndpointEvent",
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class WebhookEndpoint(models.Model):
    """An address of another system that is told of events; RevOps owns it.

    ``function`` is whose eyes it reads with, as a token does. Secrets are sealed (``common.encryption``); until
    ``old_secret_until`` deliveries are signed with both. ``failing_since`` is the first failure after the last
    success. While paused, deliveries are kept and wait; a disabled one is told nothing more.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        DISABLED = "disabled", "Disabled"

    name = models.CharField(max_length=150)
    url = models.CharField(max_length=2000)
    kinds = ArrayField(models.CharField(max_length=64), help_text="Keys of events; * is every one.")
    function = models.CharField(max_length=32, choices=Function, default=Function.REVOPS)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was disabled.")
    secret = models.TextField(help_text="Sealed.")
    old_secret = models.TextField(blank=True, help_text="Sealed; signs too for a day after a rotation.")
    old_secret_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    succeeded_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0, help_text="In a row.")
    retry_at = models.DateTimeField(null=True, help_text="Nothing is sent before, after a failure.")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="sync_webhookendpoint_state",
                condition=Q(state__in=["active", "paused", "disabled"]),
            ),
        )

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one endpoint, and what became of the attempts to tell it.

    Ids rise in the order in which events are told of an account. Whoever attempts one moves ``due_at`` behind
    the longest that an attempt may take, so one whose worker dies comes up again with the same ``event_id``.
    ``attempts`` lists the newest attempts as ``{at, status, seconds, error}``.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        GIVEN_UP = "given_up", "Given up"

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries", db_index=False)
    event_id = models.CharField(max_length=80, help_text="The webhook-id; the same at every repeat.")
    kind = models.CharField(max_length=64)
    account_id = models.BigIntegerField(null=True)
    body = models.TextField(help_text="What is sent, byte for byte.")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    happened_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    began_at = models.DateTimeField(null=True, help_text="First attempt since it was last queued.")
    finished_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0, db_default=0)
    is_held = models.BooleanField(
        default=False, db_default=False, help_text="In a worker's hands until due_at."
    )
    response_status = models.SmallIntegerField(null=True)
    response_body = models.TextField(blank=True)
    attempts = models.JSONField(default=list, db_default=[])

    class Meta:
        constraints = (
            models.UniqueConstraint(name="sync_webhookdelivery_one", fields=("endpoint", "event_id")),
            models.CheckConstraint(
                name="sync_webhookdelivery_state",
                condition=Q(state__in=["waiting", "delivered", "given_up"]),
            ),
        )
        indexes = (
            models.Index(name="sync_delivery_newest", fields=("endpoint", "-id")),
            models.Index(
                name="sync_delivery_ready", fields=("endpoint", "due_at", "id"), condition=Q(state="waiting")
            ),
            models.Index(
                name="sync_delivery_order",
                fields=("endpoint", "account_id", "id"),
                condition=Q(state="waiting"),
            ),
            models.Index(name="sync_delivery_age", fields=("finished_at",), condition=~Q(state="waiting")),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id} for {self.endpoint_id}"
