"""What a version of the rules would do, before anything happens."""

from __future__ import annotations

from django.db import models

from accounts.models import Account, Tier
from metrics.runs.models import Run
from tiers.models.rules import RuleSet


class PreviewRun(Run):
    """One look at what a version would do: now, or as it would have been on a past day (``as_of``).

    It speaks of the content that it keeps, known by ``digest``, and of ``seen``, which is what a publisher has seen
    with it.
    """

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="previews")
    digest = models.CharField(max_length=64)
    seen = models.CharField(max_length=96)
    content = models.JSONField()
    as_of = models.DateField(null=True, blank=True)
    on = models.DateField(help_text="The day from which its moves would count.")

    def __str__(self) -> str:
        return f"Preview of {self.rule_set}"


class PreviewRow(models.Model):
    """What a preview says of one account that would move, would wait, is held by an override, or is near a boundary.

    ``place`` counts the rule that decides, from 1, ``near_place`` the first rule with a number within a tenth of its
    threshold. ``values`` are those that the rules read, by the names of ``accounts.conditions.query``.
    """

    class Outcome(models.TextChoices):
        NOW = "now", "Moves at once"
        FIRST = "first", "Gets its first tier"
        GRACE = "grace", "In its grace period"
        DWELL = "dwell", "Moved too recently"
        APPROVAL = "approval", "Waits for approval"
        REFUSED = "refused", "Was not approved"
        OVERRIDE = "override", "Held by an override"
        STAYS = "stays", "Stays, near a boundary"

    run = models.ForeignKey(PreviewRun, models.CASCADE, related_name="rows", db_index=False)
    # Written from rows of accounts and tiers by the thousand; checking each again took as long as finding them.
    account = models.ForeignKey(
        Account, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    outcome = models.CharField(max_length=8, choices=Outcome)
    direction = models.SmallIntegerField(help_text="1 up, -1 down, 0 neither.")
    from_tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    to_tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    until = models.DateField(null=True)
    place = models.PositiveSmallIntegerField(null=True)
    near_place = models.PositiveSmallIntegerField(null=True)
    is_near = models.BooleanField(default=False)
    score = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    arr = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    values = models.JSONField()

    class Meta:
        constraints = (models.UniqueConstraint(name="tiers_previewrow_one", fields=("run", "account")),)

    def __str__(self) -> str:
        return f"{self.account_id}: {self.outcome}"


class PreviewSum(models.Model):
    """How many accounts of a slice go from one tier to another, with what they are worth and ask of support."""

    run = models.ForeignKey(PreviewRun, models.CASCADE, related_name="sums")
    outcome = models.CharField(max_length=8)
    from_tier = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    to_tier = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    direction = models.SmallIntegerField()
    accounts = models.IntegerField()
    near = models.IntegerField()
    arr = models.DecimalField(max_digits=24, decimal_places=6)
    tickets = models.DecimalField(max_digits=24, decimal_places=6)

    def __str__(self) -> str:
        return f"{self.accounts} accounts {self.outcome}"


class PreviewReplay(models.Model):
    """One move that the version would have made in the year past."""

    run = models.ForeignKey(PreviewRun, models.CASCADE, related_name="replayed")
    # As in PreviewRow.
    account = models.ForeignKey(
        Account, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    moved_on = models.DateField()
    direction = models.SmallIntegerField()
    from_tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    to_tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", db_index=False, db_constraint=False)

    def __str__(self) -> str:
        return f"{self.account_id} on {self.moved_on}"
