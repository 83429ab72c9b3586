"""The clause library in versions, and what accounts were allowed beside it."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from common.versions.frozen import frozen_after_draft, frozen_with_version
from common.versions.models import Version
from finance.clauses.querysets import ClauseVersionQuerySet, DeviationQuerySet
from finance.models.contracts import Contract
from finance.models.versions import ContractVersion


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ClauseFamily(models.Model):
    """A kind of clause that contracts can have, such as the liability cap; what it says stands in its versions.

    ``shape`` names which terms stand beside the wording (``finance.clauses.terms.SHAPES``).
    """

    key = models.SlugField(max_length=40, unique=True)
    label = models.CharField(max_length=80, unique=True)
    shape = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ("position", "label")
        constraints = (
            models.CheckConstraint(name="finance_clausefamily_named", condition=~Q(key="") & ~Q(label="")),
        )

    def __str__(self) -> str:
        return self.label


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ClauseVersion(Version):
    """One version of what we agree to in a family: its texts, and whose word is needed beyond them.

    ``approval`` is a list of ``{function, hours, label}``, the steps in their order, at least one.
    """

    family = models.ForeignKey(ClauseFamily, models.CASCADE, related_name="versions", db_index=False)
    approval = models.JSONField()
    saved_at = models.DateTimeField(db_default=Now())

    objects = ClauseVersionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="finance_clauseversion_version", fields=("family", "version")),
            models.UniqueConstraint(
                name="finance_clauseversion_one_published", fields=("family",), condition=Q(state="published")
            ),
            models.CheckConstraint(
                name="finance_clauseversion_state_known",
                condition=Q(state__in=("draft", "published", "retired")),
            ),
            models.CheckConstraint(
                name="finance_clauseversion_publication_known",
                condition=Q(state="draft") | Q(published_at__isnull=False),
            ),
        )
        triggers = (frozen_after_draft("clause", content=("family_id", "approval")),)

    def __str__(self) -> str:
        return f"Version {self.version}"

    def get_absolute_url(self) -> str:
        """Return the page of this version."""
        return reverse("finance:clause_version", args=[self.family.key, self.version])


class ClauseText(models.Model):
    """One text of a version: the preferred one, or a fallback that is pre-approved for accounts of some tiers.

    ``key`` tells the same text through versions. ``terms`` are typed values by the terms of the family's shape.
    """

    class Kind(models.TextChoices):
        PREFERRED = "preferred", "Preferred"
        FALLBACK = "fallback", "Fallback"

    version = models.ForeignKey(ClauseVersion, models.CASCADE, related_name="texts", db_index=False)
    position = models.PositiveSmallIntegerField()
    key = models.SlugField(max_length=60)
    kind = models.CharField(max_length=12, choices=Kind)
    label = models.CharField(max_length=80)
    wording = models.TextField()
    terms = models.JSONField(default=dict)
    tiers = ArrayField(models.CharField(max_length=32), default=list, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="finance_clausetext_position", fields=("version", "position")),
            models.UniqueConstraint(name="finance_clausetext_key", fields=("version", "key")),
            models.UniqueConstraint(
                name="finance_clausetext_one_preferred", fields=("version",), condition=Q(kind="preferred")
            ),
            models.CheckConstraint(
                name="finance_clausetext_said", condition=~Q(wording="") & ~Q(label="") & ~Q(key="")
            ),
            models.CheckConstraint(
                name="finance_clausetext_kind_known", condition=Q(kind__in=("preferred", "fallback"))
            ),
            # The preferred text is for everybody.
            models.CheckConstraint(
                name="finance_clausetext_preferred_for_all", condition=Q(kind="fallback") | Q(tiers=[])
            ),
        )
        triggers = (frozen_with_version("clause", table="finance_clauseversion", column="version_id"),)

    def __str__(self) -> str:
        return self.label


class Deviation(models.Model):
    """Somebody asked that an account be given another clause than the preferred one, and what became of it.

    ``kind`` and ``sentence`` are what the guardrail of ``version`` said for the account's ``tier`` when it was asked
    last: within it, it was granted at once (``by_rule``). ``text`` is the library's text, without one ``wording`` is
    its own; ``wording`` and ``terms`` are complete either way. It counts until before ``expires_on`` unless it has
    come into a contract (``entered``) by then.
    """

    class Kind(models.TextChoices):
        FALLBACK = "fallback", "Pre-approved fallback"
        OUTSIDE = "outside", "Outside the guardrail"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        GRANTED = "granted", "Granted"
        IN_CONTRACT = "in_contract", "In the contract"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    contract = models.ForeignKey(Contract, models.CASCADE, null=True, blank=True, related_name="deviations")
    family = models.ForeignKey(ClauseFamily, models.PROTECT, related_name="deviations")
    version = models.ForeignKey(ClauseVersion, models.PROTECT, related_name="+", db_index=False)
    text = models.ForeignKey(ClauseText, models.PROTECT, null=True, blank=True, related_name="+")
    wording = models.TextField()
    terms = models.JSONField(default=dict)
    reason = models.TextField()
    kind = models.CharField(max_length=12, choices=Kind)
    by_rule = models.BooleanField(help_text="Granted at once, for it lay within the guardrail.")
    sentence = models.TextField(help_text="What the guardrail said.")
    approval = models.JSONField(default=list, help_text="The steps it needs, as the version says.")
    tier = models.CharField(max_length=32, blank=True, help_text="The account's when it was asked.")
    state = models.CharField(max_length=12, choices=State)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)
    expires_on = models.DateField()
    entered = models.ForeignKey(ContractVersion, models.PROTECT, null=True, blank=True, related_name="+")

    objects = DeviationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_deviation_state_known",
                condition=Q(
                    state__in=("waiting", "granted", "in_contract", "rejected", "withdrawn", "expired")
                ),
            ),
            models.CheckConstraint(
                name="finance_deviation_kind_known",
                condition=Q(kind__in=("fallback", "outside")),
            ),
            models.CheckConstraint(
                name="finance_deviation_by_rule_within",
                condition=Q(by_rule=False) | (Q(kind="fallback") & ~Q(state__in=("waiting", "rejected"))),
            ),
            models.CheckConstraint(
                name="finance_deviation_decided_at",
                condition=Q(state="waiting", decided_at=None)
                | (~Q(state="waiting") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="finance_deviation_entered",
                condition=Q(state="in_contract", entered__isnull=False)
                | (~Q(state="in_contract") & Q(entered=None)),
            ),
            models.CheckConstraint(
                name="finance_deviation_in_order",
                condition=Q(decided_at=None) | Q(decided_at__gte=F("asked_at")),
            ),
            models.CheckConstraint(name="finance_deviation_said", condition=~Q(wording="") & ~Q(reason="")),
        )
        indexes = (
            models.Index(name="finance_deviation_newest", fields=("-asked_at", "-id")),
            models.Index(
                name="finance_deviation_live",
                fields=("expires_on",),
                condition=Q(state__in=("waiting", "granted")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.family}: {self.text.label if self.text else 'own wording'}"
