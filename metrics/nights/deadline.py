"""By when a night must be finished."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from common.periods import end_of
from metrics.models import RefreshRun


def company_zone() -> ZoneInfo:
    """Return the time zone in which the company works."""
    return ZoneInfo(settings.COMPANY_TIME_ZONE)


def due_at(night: date) -> datetime:
    """Return when the refresh of a day must be finished: at the first due hour after it is planned."""
    planned = end_of(night) + timedelta(hours=settings.REFRESH_HOUR)
    local = planned.astimezone(company_zone())
    due = local.replace(hour=settings.NIGHT_DUE_HOUR, minute=0, second=0, microsecond=0)
    return due if due > planned else due + timedelta(days=1)


def is_finished(night: date) -> bool:
    """Return whether a day's refresh is through that was planned after the day had ended, or that of a later day."""
    through = RefreshRun.objects.finished().filter(as_of__gte=night, planned_at__gte=end_of(night))
    return through.exists()
