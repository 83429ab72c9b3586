"""What a version would do to scores, before it does."""

from __future__ import annotations

from django.db import models

from engagement.scoring.models import ScoreModel
from metrics.runs.models import Run


class ScorePreview(Run):
    """One look at what a version gives every account on a day, beside the version that was in force then.

    ``seen`` stands for what a publisher has seen with it: its rules, and which version was in force. ``names``
    holds those of the rules by position, of the version in force first. ``summary`` is told on its page; it grows
    with each step.
    """

    model = models.ForeignKey(ScoreModel, models.CASCADE, related_name="previews")
    in_force = models.ForeignKey(ScoreModel, models.CASCADE, null=True, related_name="+", db_index=False)
    seen = models.CharField(max_length=96)
    day = models.DateField(help_text="The day whose facts are counted.")
    names = models.JSONField()

    def __str__(self) -> str:
        return f"Preview of {self.model}"


class ScorePreviewRow(models.Model):
    """What both versions give one account; who gets nothing from either has no row.

    ``parts`` are there where the two differ: ``[is_after, rule, points]`` for each rule that gives something.
    """

    run = models.ForeignKey(ScorePreview, models.CASCADE, related_name="rows", db_index=False)
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    before = models.DecimalField(max_digits=5, decimal_places=2)
    after = models.DecimalField(max_digits=5, decimal_places=2)
    parts = models.JSONField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="engagement_scorepreviewrow_one", fields=("run", "account")),
        )

    def __str__(self) -> str:
        return f"{self.account_id}: {self.before} to {self.after}"


class ScorePublication(Run):
    """One attempt to put in force what a preview showed.

    Every account is counted again and compared; then the version is published, or ``summary`` says who would get
    something else by now. ``accepted`` is the token of such a list that somebody has read and agreed to.
    """

    preview = models.ForeignKey(ScorePreview, models.CASCADE, related_name="publications")
    accepted = models.CharField(max_length=32, blank=True)

    def __str__(self) -> str:
        return f"Publication of {self.preview.model}"


class ScoreDifference(models.Model):
    """An account to which a version gives something else (``now``) than was previewed."""

    run = models.ForeignKey(ScorePublication, models.CASCADE, related_name="differences", db_index=False)
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    previewed = models.DecimalField(max_digits=5, decimal_places=2)
    now = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="engagement_scoredifference_one", fields=("run", "account")),
        )

    def __str__(self) -> str:
        return f"{self.account_id}: {self.previewed}, now {self.now}"
