"""Amendments made here: what a drafted version of a contract changes, and how far it has come."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from finance.models.versions import ContractVersion


class Amendment(models.Model):
    """What a version that is drafted here changes from ``effective_on`` on, and how far that has come.

    ``writers`` are those who saved it. ``changes`` is what was typed, shaped as ``finance.contracts.changes`` says; the
    version's statement is what the contract would say. A held one waits for its author, for ``problem`` says what came
    in between. Ended ones stay.
    """

    class Stage(models.TextChoices):
        DRAFT = "draft", "Draft"
        PROPOSED = "proposed", "Waits for approval"
        SCHEDULED = "scheduled", "Approved"
        IN_EFFECT = "in_effect", "In effect"
        HELD = "held", "Held"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    OPEN: ClassVar[tuple[str, ...]] = (Stage.DRAFT, Stage.PROPOSED, Stage.SCHEDULED, Stage.HELD)

    version = models.OneToOneField(
        ContractVersion, models.CASCADE, primary_key=True, related_name="amendment"
    )
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.DRAFT)
    effective_on = models.DateField(null=True, blank=True)
    changes = models.JSONField(default=dict)
    writers = ArrayField(models.BigIntegerField(), default=list, blank=True, help_text="People's keys.")
    problem = models.TextField(blank=True, help_text="Why it is held, with what differs.")
    stage_at = models.DateTimeField(db_default=Now(), help_text="Since when it is at this stage.")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_amendment_dated", condition=Q(stage="draft") | Q(effective_on__isnull=False)
            ),
            models.CheckConstraint(
                name="finance_amendment_held_with_reason", condition=~Q(stage="held") | ~Q(problem="")
            ),
        )
        indexes = (
            models.Index(
                name="finance_amendment_open",
                fields=("stage", "effective_on"),
                condition=Q(stage__in=("draft", "proposed", "scheduled", "held")),
            ),
        )
        triggers = (
            pgtrigger.Trigger(
                name="kept_once_proposed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF OLD.stage <> 'draft' AND NEW.stage <> 'draft'
                        AND (OLD.effective_on, OLD.changes) IS DISTINCT FROM (NEW.effective_on, NEW.changes) THEN
                        RAISE EXCEPTION 'Amendment % is % and is kept as it is.', OLD.version_id, OLD.stage
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF OLD.stage IN ('in_effect', 'rejected', 'withdrawn') AND NEW.stage <> OLD.stage THEN
                        RAISE EXCEPTION 'Amendment % is over.', OLD.version_id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"Amendment {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it may still take effect."""
        return self.stage in self.OPEN
