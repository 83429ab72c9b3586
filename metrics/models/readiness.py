"""How far the rollout was, criterion by criterion and day by day."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class CriterionFinding(models.Model):
    """What a criterion of the rollout showed on a day; made by the nightly refresh, replaced by a rerun.

    ``value`` is the figure, ``part`` and ``whole`` what it is the ratio of where it is one, ``target`` what it was held
    to on that day. ``told`` says why there is no figure, or what stands behind it.
    """

    class State(models.TextChoices):
        MET = "met", "Met"
        UNMET = "unmet", "Not met"
        UNMEASURED = "unmeasured", "Not measured"

    key = models.CharField(max_length=64)
    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=State)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    part = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    whole = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    target = models.DecimalField(max_digits=24, decimal_places=6)
    told = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="metrics_criterionfinding_one", fields=("as_of", "key")),
            models.CheckConstraint(
                name="metrics_criterionfinding_state",
                condition=Q(state="unmeasured", value=None)
                | Q(state__in=("met", "unmet"), value__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.as_of}: {self.state}"
