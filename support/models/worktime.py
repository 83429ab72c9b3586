"""Time that people spent on tickets."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from support.models.tickets import Ticket
from support.querysets import TimeEntryQuerySet
from sync.models import SyncedModel

MOST_MINUTES = 24 * 60
LONGEST_NOTE = 255


class TimeEntry(SyncedModel):
    """Minutes that somebody worked on a ticket on a day; who sent the record owns it, the help desk or ABE itself.

    What was written here is corrected by another entry in its place; the earlier one stays as taken back.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="time_entries", db_index=False)
    minutes = models.PositiveSmallIntegerField()
    worked_on = models.DateField()
    worked_by_email = models.CharField(max_length=254, blank=True)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = TimeEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "time entries"
        constraints = (
            models.CheckConstraint(
                name="support_timeentry_minutes_of_a_day",
                condition=Q(minutes__gte=1, minutes__lte=MOST_MINUTES),
            ),
        )
        indexes = (
            models.Index(name="support_timeentry_of_ticket", fields=("ticket", "-worked_on")),
            models.Index(name="support_timeentry_on", fields=("worked_on",)),
            models.Index(name="support_timeentry_by", fields=("worked_by_email", "worked_on")),
        )

    def __str__(self) -> str:
        return f"{self.minutes} min on {self.worked_on:%Y-%m-%d}"
