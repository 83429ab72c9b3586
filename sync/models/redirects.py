"""Where an object went that was merged into another one."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Redirect(models.Model):
    """An id that stands for another object now, until the merge behind it is taken back.

    A chain of merges is a chain of rows: each says what was true when it was made, so that each can end by
    itself. ``sync.redirects`` follows them.
    """

    resource = models.CharField(max_length=64)
    old_id = models.BigIntegerField()
    new_id = models.BigIntegerField()
    merge_id = models.BigIntegerField(help_text="The merge as its app numbers it.")
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="sync_redirect_one_at_a_time",
                fields=("old_id", "resource"),
                condition=Q(ended_at=None),
            ),
            models.CheckConstraint(name="sync_redirect_elsewhere", condition=~Q(old_id=F("new_id"))),
        )
        indexes = (
            models.Index(
                name="sync_redirect_into", fields=("new_id", "resource"), condition=Q(ended_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.resource} {self.old_id} is {self.new_id}"
