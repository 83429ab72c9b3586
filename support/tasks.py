"""Support on workers: each task does what is due, however often it is asked."""

from __future__ import annotations

from celery import shared_task

from support.calendars.services import publish_due_hours


@shared_task
def publish_hours() -> None:
    """Put hours of calendars in force whose day has come."""
    publish_due_hours()
