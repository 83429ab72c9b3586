"""The tabs that the pages about retention share."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from common.asof import requested_as_of
from finance.retention.asking import Asked
from people.access import request_access
from people.models import Category, Level

TABS: tuple[tuple[str, str, Level], ...] = (
    ("finance:retention", "Retention", Level.TOTALS),
    ("finance:retention_changes", "What changed", Level.FULL),
    ("finance:retention_cohorts", "Cohorts", Level.TOTALS),
    ("finance:retention_differences", "Why definitions differ", Level.FULL),
    ("finance:retention_forecast", "Forecast", Level.TOTALS),
    ("finance:revenue_months", "Closed months", Level.TOTALS),
    ("finance:retention_policy", "What it means", Level.TOTALS),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab as the reader sees it."""

    label: str
    url: str
    is_current: bool


def tabs_for(request: HttpRequest, current: str, asked: Asked | None = None) -> list[Tab]:
    """Return the tabs that the reader may open.

    Pages that ask the same take the filters along, the others the day as of which they are shown.
    """
    access = request_access(request)
    if asked:
        query = asked.query if len(asked.query) > 1 else ""
    else:
        day = requested_as_of(request)
        query = f"?as_of={day.isoformat()}" if day else ""
    return [
        Tab(label, f"{reverse(name)}{query}", name == current)
        for name, label, level in TABS
        if access.allows(Category.REVENUE, level)
    ]
