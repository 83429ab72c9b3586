"""What a person is told by e-mail."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Notice(models.Model):
    """One thing that one person is told once; forgotten a year after it was sent.

    Written in the transaction that it tells of. ``about`` and ``event`` name what it tells, so that a repeat
    writes nothing. Those of one person and topic that are due go out as one mail. A worker that sends holds it
    until ``claimed_until``.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", db_index=False)
    topic = models.CharField(max_length=32, help_text="Key of a topic, such as approvals.")
    about = models.CharField(max_length=80, help_text="What it is about, such as approvals.step:12.")
    event = models.CharField(max_length=32, help_text="What happened to it, such as asked.")
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=500, help_text="Path of the page that shows it.")
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    error = models.CharField(max_length=500, blank=True)

    WAITING: ClassVar[Q] = Q(sent_at=None, given_up_at=None)

    class Meta:
        constraints = (models.UniqueConstraint(name="people_notice_once", fields=("user", "about", "event")),)
        indexes = (
            models.Index(
                name="people_notice_due", fields=("due_at",), condition=Q(sent_at=None, given_up_at=None)
            ),
            models.Index(name="people_notice_about", fields=("about",)),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.about} for {self.user_id}"
