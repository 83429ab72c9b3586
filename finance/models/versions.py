"""What contracts said, version by version."""

from __future__ import annotations

from typing import cast

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from common.versions.frozen import frozen_after_draft
from common.versions.models import DatedVersion
from finance.models.contracts import Contract
from finance.querysets import ContractVersionQuerySet
from sync.models import Batch, Source


class ContractVersion(DatedVersion):
    """All that a contract says from ``starts_on`` on: its terms and its lines, as known when this was written down.

    One is written for every change that a source reports, and for every amendment made here. ``starts_on`` is the
    first day on which something is different, ``published_at`` when we came to know. A change told late may begin
    before an earlier version did: of those that have begun, the newest counts. ``statement`` is shaped as
    ``finance.contracts.statements`` says.
    """

    class Cause(models.TextChoices):
        ORIGINAL = "original", "First known"
        SOURCE = "source", "Changed at the source"
        AMENDMENT = "amendment", "Amended here"
        PAPER = "paper", "Read from the signed paper"

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="versions", db_index=False)
    cause = models.CharField(max_length=12, choices=Cause)
    statement = models.JSONField()
    digest = models.CharField(max_length=32, help_text="MD5 of the statement's text.")
    # Batches and sources are never deleted; checking that row by row would cost a load of contracts dearly.
    source = models.ForeignKey(
        Source, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )

    objects = ContractVersionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="finance_contractversion_version", fields=("contract", "version")),
            models.UniqueConstraint(
                name="finance_contractversion_one_published",
                fields=("contract",),
                condition=Q(state="published"),
            ),
            models.CheckConstraint(
                name="finance_contractversion_state_known",
                condition=Q(state__in=("draft", "scheduled", "published", "retired")),
            ),
            models.CheckConstraint(
                name="finance_contractversion_cause_known",
                condition=Q(cause__in=("original", "source", "amendment", "paper")),
            ),
            models.CheckConstraint(
                name="finance_contractversion_dated",
                condition=Q(state="draft") | Q(starts_on__isnull=False),
            ),
            models.CheckConstraint(
                name="finance_contractversion_publication_known",
                condition=Q(state__in=("draft", "scheduled")) | Q(published_at__isnull=False),
            ),
        )
        triggers = (
            frozen_after_draft(
                "contract",
                content=("contract_id", "cause", "statement", "digest", "source_id", "batch_id"),
                is_dated=True,
            ),
        )

    def __str__(self) -> str:
        return f"Version {self.version}"

    @property
    def base(self) -> ContractVersion | None:
        """The version that this one was made of."""
        return cast("ContractVersion | None", self.based_on)


class ContractToRecord(models.Model):
    """A contract that a source has changed, by itself or by its lines, and whose version isn't written yet.

    ``marked_at`` moves with each change, so that what comes in pieces becomes one version.
    """

    contract = models.OneToOneField(Contract, models.CASCADE, primary_key=True, related_name="+")
    first_marked_at = models.DateTimeField(db_default=Now())
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_contracttorecord_in_order", condition=Q(marked_at__gte=F("first_marked_at"))
            ),
        )
        indexes = (models.Index(name="finance_contracttorecord_due", fields=("marked_at",)),)

    def __str__(self) -> str:
        return str(self.contract_id)
