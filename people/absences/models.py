"""When somebody is away, and who stands in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.functions import Now

if TYPE_CHECKING:
    from people.models import User


def day_of(person: User, moment: datetime) -> date:
    """Return the day that it is for a person at a moment."""
    return moment.astimezone(ZoneInfo(person.time_zone)).date()


class AbsenceQuerySet(QuerySet["Absence"]):
    def standing(self) -> Self:
        """Absences that were not taken back."""
        return self.filter(withdrawn_at=None)

    def around(self, moment: datetime) -> Self:
        """Standing absences that may hold at a moment: days differ by time zone, so a day to each side is read."""
        day = timedelta(days=1)
        return self.standing().filter(starts_on__lte=moment.date() + day, ends_on__gte=moment.date() - day)

    def on(self, moment: datetime) -> list[Absence]:
        """Return the absences that hold at a moment, each by the days of its person; one query."""
        found = self.around(moment).select_related("person", "stand_in").order_by("pk")
        return [each for each in found if each.holds_at(moment)]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Absence(models.Model):
    """A person is away from one day to another, both included, by the clocks of their own time zone.

    ``stand_in`` works in their place, where somebody does. Rows are kept for ever: one that was taken back before it
    began has ``withdrawn_at``, one from which somebody came back early ends on the day before.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="absences")
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="The last day away.")
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(name="people_absence_days", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(
                name="people_absence_of_another",
                condition=Q(stand_in=None) | ~Q(stand_in=F("person")),
            ),
            ExclusionConstraint(
                name="people_absence_one_at_a_time",
                expressions=(
                    ("person", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"),
                            F("ends_on"),
                            Value("[]"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ),
                condition=Q(withdrawn_at=None),
            ),
        )
        indexes = (
            models.Index(
                name="people_absence_by_day", fields=("ends_on", "starts_on"), condition=Q(withdrawn_at=None)
            ),
        )
        triggers = (pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.person}, {self.starts_on} to {self.ends_on}"

    def holds_at(self, moment: datetime) -> bool:
        """Return whether its person is away at a moment, by the days of their time zone."""
        return self.withdrawn_at is None and self.starts_on <= day_of(self.person, moment) <= self.ends_on

    def has_begun(self, moment: datetime) -> bool:
        """Return whether its first day has come for its person."""
        return self.starts_on <= day_of(self.person, moment)

    def is_over(self, moment: datetime) -> bool:
        """Return whether nothing of it lies ahead: its last day is over, or it was taken back."""
        return self.withdrawn_at is not None or self.ends_on < day_of(self.person, moment)
