"""Publications of previewed rules: compared, decided, and then followed by the accounts."""

from __future__ import annotations

from django.db import models

from accounts.models import Account, Tier
from metrics.runs.models import Run
from tiers.models.previews import PreviewRow, PreviewRun
from tiers.models.rules import RuleSet


class Publication(Run):
    """One attempt to put in force what a preview showed, and the moves that follow.

    Workers judge every account again; then the version is published, or ``summary`` lists who would move otherwise by
    now. Behind the decision (``decided_at``) the moves are made slice by slice: ``moved`` of ``moves``. ``accepted``
    is the token of a list of differences that somebody has read and agreed to.
    """

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="publications")
    preview = models.ForeignKey(PreviewRun, models.CASCADE, related_name="publications")
    accepted = models.CharField(max_length=32, blank=True)
    on = models.DateField(help_text="The day from which the moves count.")
    decided_at = models.DateTimeField(null=True, blank=True)
    moves = models.PositiveIntegerField(default=0, db_default=0)
    moved = models.PositiveIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"Publication of {self.rule_set}"


class PublicationVerdict(models.Model):
    """What the rules said of an account when it was compared, and what follows; gone when its move is made.

    Only of accounts for which something could follow. What was compared is what is applied, whatever others write
    into accounts meanwhile. Without an outcome nothing is decided over the account.
    """

    run = models.ForeignKey(Publication, models.CASCADE, related_name="verdicts", db_index=False)
    account = models.ForeignKey(
        Account, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    # Unchecked as in previews: written by the thousand from rows that are there.
    tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    rule = models.ForeignKey(
        "tiers.TierRule", models.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False
    )
    score = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    outcome = models.CharField(max_length=8, choices=PreviewRow.Outcome, null=True)  # noqa: DJ001 - none is decided
    from_tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    to_tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    until = models.DateField(null=True)
    place = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="tiers_publicationverdict_one", fields=("run", "account")),
        )

    def __str__(self) -> str:
        return f"{self.account_id}: {self.outcome}"
