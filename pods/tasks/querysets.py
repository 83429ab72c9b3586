"""Reads of tasks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

from common.periods import end_of

if TYPE_CHECKING:
    from people.models import User
    from pods.tasks.models import Task


class TaskQuerySet(QuerySet["Task"]):
    def open(self) -> Self:
        """Tasks that are still to be done, of accounts that are there."""
        return self.filter(state="open", account__deleted_at=None)

    def open_on(self, day: date) -> Self:
        """Tasks that were to be done when ``day`` ended."""
        end = end_of(day)
        return self.filter(Q(done_at=None) | Q(done_at__gte=end), opened_at__lt=end)

    def waiting_for(self, user: User) -> Self:
        """Tasks that are a person's: assigned to them, or their function's and nobody's who can do it."""
        nobodys = Q(assignee=None) | Q(assignee__is_active=False)
        return self.filter(Q(assignee=user) | nobodys & Q(function=user.function))

    def of_function(self, function: str) -> Self:
        """Tasks that a function must do, whoever it is assigned to."""
        return self.filter(function=function)
