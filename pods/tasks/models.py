"""What somebody has to do for an account."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import Account
from people.functions import Function
from pods.tasks.querysets import TaskQuerySet


class Task(models.Model):
    """One thing to do for an account, by a function or by the person it is assigned to.

    ``kind`` and ``about`` name what it is about, once for ever, so that whoever opens it again opens nothing.
    ``outcome`` is one of the kind's, ``note`` what was said with it, or why it was dropped. ``done_by`` is empty where
    the product closed it itself.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    account = models.ForeignKey(Account, models.CASCADE, related_name="tasks", db_index=False)
    kind = models.CharField(max_length=64, help_text="Key such as finance.before_dunning.")
    about = models.CharField(max_length=120, help_text="What it is about, such as case:12.")
    title = models.CharField(max_length=255)
    body = models.TextField(blank=True)
    function = models.CharField(max_length=32, choices=Function)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="tasks", db_index=False
    )
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    outcome = models.CharField(max_length=32, blank=True)
    note = models.TextField(blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    opened_at = models.DateTimeField(db_default=Now())
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    done_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="pods_task_once", fields=("kind", "about")),
            models.CheckConstraint(
                name="pods_task_state_known", condition=Q(state__in=("open", "done", "dropped"))
            ),
            models.CheckConstraint(
                name="pods_task_function_known", condition=Q(function__in=Function.values)
            ),
            models.CheckConstraint(
                name="pods_task_closed_at",
                condition=Q(state="open", done_at=None, outcome="")
                | ~Q(state="open") & Q(done_at__isnull=False),
            ),
            models.CheckConstraint(name="pods_task_outcome", condition=~Q(state="done", outcome="")),
        )
        indexes = (
            models.Index(name="pods_task_of_account", fields=("account", "-opened_at")),
            models.Index(
                name="pods_task_of_person", fields=("assignee", "due_on"), condition=Q(state="open")
            ),
            models.Index(
                name="pods_task_of_function", fields=("function", "due_on"), condition=Q(state="open")
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the task's page."""
        return reverse("pods:task", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state == self.State.OPEN
