"""The charts that an account's page and the home page share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncWeek

from common.charts import Chart, Series
from common.periods import day_label, end_of, start_of
from support.models import Ticket


def per_week_chart(key: str, weeks: Sequence[date], as_of: date, **which: Any) -> Chart:
    """Return tickets opened and solved by week, for one account or for all; two queries."""
    since, end = start_of(weeks[0]), end_of(as_of)
    live = Ticket.objects.live().filter(**which)
    opened = _per_week(live.filter(opened_at__gte=since, opened_at__lt=end), "opened_at")
    solved = _per_week(live.filter(solved_at__gte=since, solved_at__lt=end), "solved_at")
    came, went = sum(opened.values()), sum(solved.values())
    if not came and not went:
        title = f"No ticket in {len(weeks)} weeks"
    elif came > went:
        title = f"{came - went} more opened than solved in {len(weeks)} weeks"
    elif came < went:
        title = f"{went - came} more solved than opened in {len(weeks)} weeks"
    else:
        title = f"As many solved as opened in {len(weeks)} weeks"
    return Chart(
        key=key,
        kind="bar",
        title=title,
        categories=[day_label(week) for week in weeks],
        series=[
            Series(name="Opened", values=[opened.get(week, 0) for week in weeks], tone="accent"),
            Series(name="Solved", values=[solved.get(week, 0) for week in weeks], tone="muted"),
        ]
        if came or went
        else [],
        unit="tickets",
        category_label="Week of",
    )


def _per_week(tickets: Any, moment: str) -> dict[date, int]:
    weeks = (
        tickets.annotate(week=TruncWeek(moment, tzinfo=UTC))
        .values_list("week")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {week.date(): count for week, count in weeks}
