"""What a version of a health model would do, before it does: looks at one day, and at days past."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account, HealthBand, Tier
from metrics.models.health import HealthModel
from metrics.runs.models import Run


def _exact() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=7, decimal_places=4, null=True)


def _points() -> ArrayField[Any, Any]:
    return ArrayField(models.DecimalField(max_digits=5, decimal_places=2, null=True), default=list)


class HealthPreview(Run):
    """One look at what a version gives on a day everybody whom it scores, or from whom it takes the score.

    ``seen`` stands for what a publisher has seen with it: its content, and which version of its series was in force.
    ``beside`` are the published versions of the other series, which decide whom it scores. ``summary`` is told on its
    page.
    """

    model = models.ForeignKey(HealthModel, models.CASCADE, related_name="previews")
    in_force = models.ForeignKey(HealthModel, models.CASCADE, null=True, related_name="+", db_index=False)
    seen = models.CharField(max_length=96)
    beside = models.JSONField(default=list)
    day = models.DateField(help_text="The day whose numbers are scored.")

    def __str__(self) -> str:
        return f"Preview of {self.model}"


class HealthPreviewRow(models.Model):
    """What one account has by the versions in force, and what it would have with the previewed one.

    A side without a model scores the account not at all; one without a number hasn't enough data. ``points`` follow the
    components of the side's model.
    """

    run = models.ForeignKey(HealthPreview, models.CASCADE, related_name="rows", db_index=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    tier = models.ForeignKey(Tier, models.CASCADE, null=True, related_name="+", db_index=False)
    before_model = models.ForeignKey(HealthModel, models.CASCADE, null=True, related_name="+", db_index=False)
    after_model = models.ForeignKey(HealthModel, models.CASCADE, null=True, related_name="+", db_index=False)
    before = _exact()
    after = _exact()
    before_band = models.CharField(max_length=8, choices=HealthBand, blank=True)
    after_band = models.CharField(max_length=8, choices=HealthBand, blank=True)
    before_limit = models.CharField(max_length=128, blank=True)
    after_limit = models.CharField(max_length=128, blank=True)
    before_points = _points()
    after_points = _points()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="metrics_healthpreviewrow_one", fields=("run", "account")),
        )

    def __str__(self) -> str:
        return f"{self.account_id}: {self.before} to {self.after}"


class HealthPast(Run):
    """What a version would have given on days past, by the numbers stored for them; nothing published is touched.

    ``days`` are those that are scored, the oldest first, and ``seen`` stands for the content that scored them. The
    scores are those of the version (``HealthDraftScore``); a newer run replaces them.
    """

    model = models.ForeignKey(HealthModel, models.CASCADE, related_name="pasts")
    seen = models.CharField(max_length=96)
    days = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Past of {self.model}"


class HealthDraftScore(models.Model):
    """What a version would have given one account on a past day, beside what is stored of that day.

    ``points`` follow the components of the version.
    """

    pk = models.CompositePrimaryKey("model_id", "as_of", "account_id")
    model = models.ForeignKey(HealthModel, models.CASCADE, related_name="+", db_index=False)
    as_of = models.DateField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    exact = _exact()
    band = models.CharField(max_length=8, choices=HealthBand)
    limit = models.CharField(max_length=128, blank=True)
    points = _points()

    class Meta:
        indexes = (models.Index(name="metrics_healthdraft_history", fields=("account", "model", "as_of")),)

    def __str__(self) -> str:
        return f"{self.account_id} {self.as_of}: {self.exact}"
