"""Collections: how overdue customers are asked, what they were asked, what they promised, and what holds us back."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import Account
from common.versions.frozen import frozen_after_draft
from common.versions.models import Version
from finance.collections.querysets import (
    CollectionHoldQuerySet,
    DunningCycleQuerySet,
    DunningMessageQuerySet,
    DunningPolicyQuerySet,
    PaymentPromiseQuerySet,
)
from finance.models.invoices import Invoice


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class DunningPolicy(Version):
    """How customers who are overdue are asked to pay: one series of versions; finance and RevOps own it.

    ``stages`` are shaped as ``finance.collections.policy.Stage`` writes them, ordered by days overdue. ``tiers`` holds
    the tiers it asks by mail, none for all of them; an account without a tier counts as one of the lowest.
    """

    tiers = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    stages = models.JSONField(default=list)
    saved_at = models.DateTimeField(db_default=Now())

    objects = DunningPolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "dunning policies"
        constraints = (
            models.UniqueConstraint(name="finance_dunningpolicy_version", fields=("version",)),
            models.UniqueConstraint(
                name="finance_dunningpolicy_one_published", fields=("state",), condition=Q(state="published")
            ),
            models.CheckConstraint(
                name="finance_dunningpolicy_state_known",
                condition=Q(state__in=("draft", "published", "retired")),
            ),
        )
        triggers = (frozen_after_draft("dunning policy", content=("tiers", "stages", "saved_at")),)

    def __str__(self) -> str:
        return f"Version {self.version}"

    def get_absolute_url(self) -> str:
        """Return the page of this version."""
        return reverse("finance:dunning_version", args=[self.version])


class DunningCycle(models.Model):
    """A stretch of time in which an account was overdue in one currency, from the first day to the last.

    One is open at a time. Its messages and its releases count within it, so that whoever pays and is late again is
    asked from the beginning.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="dunning_cycles", db_index=False)
    currency = models.CharField(max_length=3)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)

    objects = DunningCycleQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="finance_dunningcycle_one_open",
                fields=("account", "currency"),
                condition=Q(closed_on=None),
            ),
            models.CheckConstraint(
                name="finance_dunningcycle_in_order",
                condition=Q(closed_on=None) | Q(closed_on__gte=F("opened_on")),
            ),
        )
        indexes = (models.Index(name="finance_cycle_of_account", fields=("account", "-opened_on")),)

    def __str__(self) -> str:
        return f"{self.currency} since {self.opened_on}"


class DunningMessage(models.Model):
    """One mail that asks for money, written before it is sent and sent at most once.

    ``queued`` → ``claimed`` (committed before the mail server hears of it) → ``sent``, or ``failed`` where the server
    took nothing. A worker that dies in between leaves it ``unknown``, which a person decides. ``stopped`` never was in
    anybody's hands, so its attempt is free again. ``asked_for`` are the invoices with what was open of each.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waits"
        CLAIMED = "claimed", "Being sent"
        SENT = "sent", "Sent"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"

    cycle = models.ForeignKey(DunningCycle, models.CASCADE, related_name="messages", db_index=False)
    policy = models.ForeignKey(DunningPolicy, models.PROTECT, related_name="+", db_index=False)
    stage = models.PositiveSmallIntegerField(help_text="From 1, the place in the policy.")
    attempt = models.PositiveSmallIntegerField(help_text="From 1, within the stage.")
    recipient = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    amount = models.DecimalField(max_digits=18, decimal_places=4)
    asked_for = models.JSONField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    note = models.CharField(max_length=500, blank=True, help_text="Why it was stopped or what went wrong.")
    asked_on = models.DateField()
    created_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = DunningMessageQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="finance_dunningmessage_once",
                fields=("cycle", "stage", "attempt"),
                condition=~Q(state="stopped"),
            ),
            models.CheckConstraint(
                name="finance_dunningmessage_state_known",
                condition=Q(state__in=("queued", "claimed", "sent", "stopped", "failed", "unknown")),
            ),
            models.CheckConstraint(name="finance_dunningmessage_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="finance_dunningmessage_claimed",
                condition=Q(state__in=("queued", "stopped")) | Q(claimed_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(name="finance_message_of_cycle", fields=("cycle", "-created_at")),
            models.Index(
                name="finance_message_waiting",
                fields=("state",),
                condition=Q(state__in=("queued", "claimed")),
            ),
        )

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        """Return the message's page."""
        return reverse("finance:dunning_message", args=[self.pk])


class DunningRelease(models.Model):
    """Leave to ask a customer of a relationship-based account by mail at one stage of a cycle.

    The customer success manager and finance agreed, or finance released it alone with a reason.
    """

    cycle = models.ForeignKey(DunningCycle, models.CASCADE, related_name="releases")
    stage = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500, blank=True, help_text="Empty where both agreed.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(name="finance_dunningrelease_once", fields=("cycle", "stage")),
        )

    def __str__(self) -> str:
        return f"Stage {self.stage}"


class PaymentPromise(models.Model):
    """What a customer promised to pay by a day; what was paid since then decides whether it was kept.

    One is open for an account and currency; a further one takes its place. While it is open, as much as is still to be
    paid of it isn't asked for.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        KEPT = "kept", "Kept"
        BROKEN = "broken", "Broken"
        REPLACED = "replaced", "Replaced"
        WITHDRAWN = "withdrawn", "Withdrawn"

    account = models.ForeignKey(Account, models.CASCADE, related_name="payment_promises", db_index=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    made_on = models.DateField()
    due_on = models.DateField()
    promised_by = models.CharField(max_length=255, help_text="Who said so at the customer.")
    note = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    recorded_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = PaymentPromiseQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="finance_paymentpromise_one_open",
                fields=("account", "currency"),
                condition=Q(state="open"),
            ),
            models.CheckConstraint(name="finance_paymentpromise_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="finance_paymentpromise_in_order", condition=Q(due_on__gte=F("made_on"))
            ),
            models.CheckConstraint(
                name="finance_paymentpromise_state_known",
                condition=Q(state__in=("open", "kept", "broken", "replaced", "withdrawn")),
            ),
            models.CheckConstraint(
                name="finance_paymentpromise_decided",
                condition=Q(state="open", decided_at=None) | ~Q(state="open") & Q(decided_at__isnull=False),
            ),
        )
        indexes = (models.Index(name="finance_promise_of_account", fields=("account", "-made_on")),)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} by {self.due_on}"


class CollectionHold(models.Model):
    """Why nobody asks for an account's invoices, or for one of them, until a day.

    It counts up to and including ``ends_on``, whether or not the workers have marked it as ended by then.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="collection_holds", db_index=False)
    invoice = models.ForeignKey(
        Invoice, models.CASCADE, null=True, blank=True, related_name="collection_holds", db_index=False
    )
    reason = models.CharField(max_length=500)
    starts_on = models.DateField()
    ends_on = models.DateField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    set_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = CollectionHoldQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="finance_collectionhold_one_of_account",
                fields=("account",),
                condition=Q(ended_at=None, invoice=None),
            ),
            models.UniqueConstraint(
                name="finance_collectionhold_one_of_invoice",
                fields=("invoice",),
                condition=Q(ended_at=None, invoice__isnull=False),
            ),
            models.CheckConstraint(
                name="finance_collectionhold_in_order", condition=Q(ends_on__gte=F("starts_on"))
            ),
            models.CheckConstraint(name="finance_collectionhold_reason", condition=~Q(reason="")),
        )
        indexes = (models.Index(name="finance_hold_of_account", fields=("account", "-starts_on")),)

    def __str__(self) -> str:
        return self.reason
