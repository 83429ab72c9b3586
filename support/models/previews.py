"""What a version of the policies would have done to the tickets of the last days, before it does anything."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Tier
from metrics.runs.models import Run
from support.models.policies import PolicySet, SlaMetric
from support.models.tickets import Priority, Ticket


class PolicyPreview(Run):
    """One look at how tickets opened from ``since`` to ``until`` would have stood under a version, and under another.

    ``digest`` stands for the content that was looked at, ``in_force`` is the version that it is compared with.
    """

    policy_set = models.ForeignKey(PolicySet, models.CASCADE, related_name="previews")
    in_force = models.ForeignKey(PolicySet, models.CASCADE, null=True, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"Preview of {self.policy_set}"


class Outcome(models.TextChoices):
    """How a clock of a ticket ends by a version of the policies."""

    MET = "met", "Met"
    MISSED = "missed", "Missed"
    # Solved before the answer was due, and without one.
    ENDED = "ended", "Ended unanswered"
    OPEN = "open", "Undecided"
    NONE = "none", "Not promised"


class PolicyPreviewRow(models.Model):
    """One clock of a ticket that either of the two versions promises something for.

    ``late_minutes`` is by how much the previewed version's target is missed so far, null where it isn't.
    """

    run = models.ForeignKey(PolicyPreview, models.CASCADE, related_name="rows", db_index=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+", db_index=False)
    metric = models.CharField(max_length=16, choices=SlaMetric)
    cycle = models.PositiveSmallIntegerField()
    priority = models.CharField(max_length=8, choices=Priority)
    tier = models.ForeignKey(Tier, models.CASCADE, null=True, related_name="+", db_index=False)
    before = models.CharField(max_length=6, choices=Outcome)
    after = models.CharField(max_length=6, choices=Outcome)
    late_minutes = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="support_policypreviewrow_one", fields=("run", "ticket", "metric", "cycle")
            ),
            models.CheckConstraint(
                name="support_policypreviewrow_known",
                condition=Q(before__in=Outcome.values, after__in=Outcome.values),
            ),
        )

    def __str__(self) -> str:
        return f"{self.ticket_id}, {self.metric} {self.cycle}: {self.before}, then {self.after}"
