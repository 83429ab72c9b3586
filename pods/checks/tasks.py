"""Health checks on workers: each run opens what is due, however often it is asked."""

from __future__ import annotations

from celery import shared_task

from metrics.engine.plan import today
from pods.checks.opening import open_due


@shared_task
def open_health_checks() -> None:
    """Open the checks that are due by now."""
    open_due(today())
