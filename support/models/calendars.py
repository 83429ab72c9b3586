"""When support works: calendars by name, and their hours in versions that count from a day on."""

from __future__ import annotations

from typing import Self

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from common.versions.frozen import frozen_after_draft
from common.versions.models import DatedVersion, DatedVersionQuerySet, VersionState

COUNTS = (VersionState.SCHEDULED, VersionState.PUBLISHED, VersionState.RETIRED)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class BusinessCalendar(models.Model):
    """A name for working hours that may change; support and RevOps own it.

    ``is_default`` marks the one that counts where nothing names another. One in use is kept for ever, since clocks
    that ran by it are explained by it.
    """

    name = models.CharField(max_length=80)
    is_default = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                Lower("name"),
                name="support_businesscalendar_name",
                violation_error_message="There is a calendar of this name already. Choose another name.",
            ),
            models.UniqueConstraint(
                name="support_businesscalendar_one_default",
                fields=("is_default",),
                condition=Q(is_default=True),
            ),
        )

    def __str__(self) -> str:
        return self.name


class CalendarVersionQuerySet(DatedVersionQuerySet["CalendarVersion"]):
    def agreed(self) -> Self:
        """Versions that count, have counted or will, the earliest first."""
        return self.filter(state__in=COUNTS).order_by("starts_on", "version")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CalendarVersion(DatedVersion):
    """The hours of a calendar from ``starts_on`` on.

    ``zone`` is an IANA name, ``country`` ISO 3166 and ``subdivision`` its part, both for public holidays. ``spans`` are
    ``[weekday, opens, closes]`` with Monday 0, in minutes after the weekday's midnight (``support.calendars.hours``).
    ``holidays`` are ``{"on", "name", "is_public"}``, written down when the version is, so that a newer list of public
    holidays changes no time that was counted.
    """

    calendar = models.ForeignKey(BusinessCalendar, models.CASCADE, related_name="versions")
    zone = models.CharField(max_length=64)
    country = models.CharField(max_length=2, blank=True)
    subdivision = models.CharField(max_length=8, blank=True)
    spans = models.JSONField()
    holidays = models.JSONField(default=list, blank=True)

    objects = CalendarVersionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="support_calendarversion_version", fields=("calendar", "version")),
            models.UniqueConstraint(
                name="support_calendarversion_one_published",
                fields=("calendar",),
                condition=Q(state="published"),
            ),
            models.UniqueConstraint(
                name="support_calendarversion_one_a_day",
                fields=("calendar", "starts_on"),
                condition=Q(state="scheduled"),
            ),
            models.CheckConstraint(
                name="support_calendarversion_dated",
                condition=Q(state="draft") | Q(starts_on__isnull=False),
            ),
        )
        triggers = (
            frozen_after_draft(
                "calendar",
                content=("calendar_id", "zone", "country", "subdivision", "spans", "holidays"),
                is_dated=True,
            ),
        )

    def __str__(self) -> str:
        return f"Version {self.version} of {self.calendar}"
