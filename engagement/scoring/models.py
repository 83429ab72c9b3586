"""Point models in versions, and the scores they gave."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from common.versions.frozen import frozen_after_draft, frozen_with_version
from common.versions.models import Version
from engagement.querysets import ScoreModelQuerySet

MOST_POINTS = 100
LONGEST_HALF_LIFE = 3650


class ScoreKind(models.TextChoices):
    FIT = "fit", "Fit"
    ENGAGEMENT = "engagement", "Engagement"
    INTENT = "intent", "Intent"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ScoreModel(Version):
    """One version of a point model; at most one of a kind is published.

    A score is the sum of the points of its rules, within 0 and 100. What happened counts half as much with every
    ``half_life_days`` that pass; a model without it has only rules about what an account is.
    """

    kind = models.CharField(max_length=12, choices=ScoreKind)
    half_life_days = models.PositiveSmallIntegerField(null=True, blank=True)
    saved_at = models.DateTimeField(db_default=Now())

    objects = ScoreModelQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="engagement_scoremodel_version", fields=("kind", "version")),
            models.UniqueConstraint(
                name="engagement_scoremodel_one_published", fields=("kind",), condition=Q(state="published")
            ),
            models.CheckConstraint(
                name="engagement_scoremodel_kind_known", condition=Q(kind__in=ScoreKind.values)
            ),
            models.CheckConstraint(
                name="engagement_scoremodel_half_life",
                condition=Q(half_life_days=None)
                | Q(half_life_days__gte=1, half_life_days__lte=LONGEST_HALF_LIFE),
            ),
            models.CheckConstraint(
                name="engagement_scoremodel_publication_known",
                condition=Q(state="draft") | Q(published_at__isnull=False),
            ),
        )
        triggers = (frozen_after_draft("score model", content=("kind", "half_life_days")),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} model, version {self.version}"


class ScoreRule(models.Model):
    """Points for what an account is (``condition``) or for each time that something happened (``signal``).

    Points may be negative. ``at_most`` limits how many points the happenings of one rule add up to, or take away.
    """

    model = models.ForeignKey(ScoreModel, models.CASCADE, related_name="rules", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="From 1.")
    name = models.CharField(max_length=128)
    points = models.DecimalField(max_digits=6, decimal_places=2)
    condition = models.JSONField(null=True, blank=True)
    signal = models.CharField(max_length=64, blank=True)
    at_most = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="engagement_scorerule_position", fields=("model", "position")),
            models.UniqueConstraint("model", Lower("name"), name="engagement_scorerule_name"),
            models.CheckConstraint(name="engagement_scorerule_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="engagement_scorerule_one_cause",
                condition=Q(condition__isnull=False, signal="", at_most=None)
                | (Q(condition=None) & ~Q(signal="")),
            ),
            models.CheckConstraint(
                name="engagement_scorerule_points",
                condition=Q(points__gte=-MOST_POINTS, points__lte=MOST_POINTS) & ~Q(points=0),
            ),
            models.CheckConstraint(
                name="engagement_scorerule_at_most", condition=Q(at_most=None) | Q(at_most__gt=0)
            ),
        )
        triggers = (frozen_with_version("score model", table="engagement_scoremodel", column="model_id"),)

    def __str__(self) -> str:
        return self.name


class AccountScore(models.Model):
    """The score of one account on one day, with the points it is made of.

    ``parts`` is a list of ``{rule, points, count}``: the rule's position, the points it gave, and how often what it
    counts happened (1 for what an account is). Rules that gave nothing are left out.
    """

    pk = models.CompositePrimaryKey("as_of", "kind", "account_id")
    as_of = models.DateField()
    kind = models.CharField(max_length=12, choices=ScoreKind)
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    model = models.ForeignKey(ScoreModel, models.PROTECT, related_name="+", db_index=False)
    score = models.DecimalField(max_digits=5, decimal_places=2)
    parts = models.JSONField()

    class Meta:
        indexes = (models.Index(name="engagement_score_history", fields=("account", "kind", "as_of")),)
        constraints = (
            models.CheckConstraint(
                name="engagement_accountscore_range", condition=Q(score__gte=0, score__lte=100)
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind} {self.as_of}: {self.score}"
