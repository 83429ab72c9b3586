"""Reads of health checks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db.models import QuerySet

from common.periods import end_of

if TYPE_CHECKING:
    from pods.checks.models import HealthCheck


class HealthCheckQuerySet(QuerySet["HealthCheck"]):
    def in_state(self, state: str, day: date) -> Self:
        """Checks that are due (open and in time), overdue, done, or dropped."""
        if state == "due":
            return self.filter(task__state="open", task__due_on__gte=day)
        if state == "overdue":
            return self.filter(task__state="open", task__due_on__lt=day)
        return self.filter(task__state=state)

    def opened_by_day(self, day: date) -> Self:
        """Checks opened by the end of ``day``."""
        return self.filter(task__opened_at__lt=end_of(day))
