"""Columns that everything written in versions has. They are abstract: this app has no tables."""

from __future__ import annotations

from datetime import date
from typing import Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Now


class VersionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Retired"


V = TypeVar("V", bound="Version")


class VersionQuerySet(QuerySet[V]):
    def newest_first(self) -> Self:
        """Versions, the newest first."""
        return self.order_by("-version")

    def drafts(self) -> Self:
        """Versions that are still written."""
        return self.filter(state=VersionState.DRAFT)

    def published(self) -> Self:
        """Versions that are published: one of a series."""
        return self.filter(state=VersionState.PUBLISHED)


class Version(models.Model):
    """One version of a series: a draft, published, or of the past; at most one of a series is published.

    The database keeps what was published as it was (``frozen``), so whatever refers to a version can be explained
    for ever. A series is told by fields of the model, such as the kind; ``Lifecycle`` names them.
    """

    State = VersionState

    version = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=VersionState, default=VersionState.DRAFT)
    note = models.TextField(blank=True, help_text="What it changes and why, for colleagues.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    based_on = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        abstract = True

    @property
    def is_draft(self) -> bool:
        """Whether it is still written."""
        return self.state == VersionState.DRAFT


D = TypeVar("D", bound="DatedVersion")


class DatedVersionQuerySet(VersionQuerySet[D]):
    def scheduled(self) -> Self:
        """Versions that wait for their day, the soonest first."""
        return self.filter(state=VersionState.SCHEDULED).order_by("starts_on", "pk")

    def due(self, day: date) -> Self:
        """Scheduled versions whose day has come, the oldest first."""
        return self.scheduled().filter(starts_on__lte=day)


class DatedVersion(Version):
    """A version that counts from ``starts_on``, which may lie ahead, to ``ends_on``, the first day without it."""

    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True
