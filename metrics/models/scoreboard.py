"""What each line of the scoreboard is held to, by segment and from a day on."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from metrics.querysets import ScoreTargetQuerySet


class Goal(models.TextChoices):
    """What a figure is held to; the last three take no value."""

    AT_LEAST = "at_least", "At least"
    ABOVE = "above", "More than"
    AT_MOST = "at_most", "At most"
    BELOW = "below", "Less than"
    RISING = "rising", "Rising"
    FALLING = "falling", "Falling"
    NONE = "none", "No target"


WITHOUT_VALUE = (Goal.RISING, Goal.FALLING, Goal.NONE)


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["line", "dimension", "member", "goal", "value", "starts_on", "person", "reason"],
    model_name="ScoreTargetEvent",
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class ScoreTarget(models.Model):
    """What one line is held to from a day on, for all accounts or one segment; RevOps owns it.

    It holds until the next one of the same line and segment begins, so that no two can overlap. Before the first one
    the line's own declaration holds. ``dimension`` and ``member`` are those of ``SegmentValue``.
    """

    line = models.CharField(max_length=64, help_text="Key of a line of the scoreboard.")
    dimension = models.CharField(max_length=32, default="all")
    member = models.CharField(max_length=128, blank=True)
    goal = models.CharField(max_length=8, choices=Goal)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True, blank=True)
    starts_on = models.DateField()
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who answers for it.",
    )
    reason = models.CharField(max_length=500)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = ScoreTargetQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="metrics_scoretarget_one_a_day", fields=("line", "dimension", "member", "starts_on")
            ),
            models.CheckConstraint(
                name="metrics_scoretarget_value_where_needed",
                condition=Q(goal__in=WITHOUT_VALUE, value=None)
                | (~Q(goal__in=WITHOUT_VALUE) & Q(value__isnull=False)),
            ),
            models.CheckConstraint(name="metrics_scoretarget_goal_known", condition=Q(goal__in=Goal.values)),
            models.CheckConstraint(name="metrics_scoretarget_reasoned", condition=~Q(reason="")),
            models.CheckConstraint(
                name="metrics_scoretarget_whole_has_no_member",
                condition=Q(dimension="all", member="") | (~Q(dimension="all") & ~Q(member="")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.line} from {self.starts_on}"
