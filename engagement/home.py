"""What marketing sees first: where we are in touch, and where nobody is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_number
from common.periods import day_label, end_of, start_of, weeks_until
from engagement.models import Direction, Engagement
from engagement.scoring.analysis import marks_of, newest_scores
from engagement.scoring.charts import POPULATIONS, marks_table, scatter
from metrics.models import MetricValue
from people.functions import Function
from people.models import Category

WEEKS = 26
MOST_BEST = 5
REQUIRED_ROLES = 4


@register_home_panel
class TouchesPerWeek(HomePanel):
    """How much we are in touch, and who starts it."""

    key = "engagement.touches_per_week"
    title = "Touches per week"
    explain = "engagement.touches_90d"
    template = "accounts/panels/chart.html"
    category = Category.ENGAGEMENT
    functions = {Function.MARKETING: 20, Function.SALES: 70}

    def load(self, reader: Reader) -> dict[str, Any]:
        weeks = weeks_until(reader.as_of, WEEKS)
        rows = (
            Engagement.objects.filter(
                deleted_at=None,
                occurred_at__gte=start_of(weeks[0]),
                occurred_at__lt=end_of(reader.as_of),
            )
            .annotate(week=TruncWeek("occurred_at", tzinfo=UTC))
            .values_list("week", "direction")
            .annotate(n=Count("pk"))
            .order_by()
        )
        counts = {(week.date(), direction): n for week, direction, n in rows}
        inbound = sum(n for (_, direction), n in counts.items() if direction == Direction.INBOUND)
        total = sum(counts.values())
        return {
            "chart": Chart(
                key=self.key,
                kind="stacked",
                title=f"{format_number(inbound)} of {format_number(total)} touches in {WEEKS} weeks came from customers"
                if total
                else f"No touch in {WEEKS} weeks",
                categories=[day_label(week) for week in weeks],
                series=[
                    Series(
                        name=str(direction.label),
                        values=[counts.get((week, direction), 0) for week in weeks],
                        tone="accent" if direction == Direction.INBOUND else "muted",
                    )
                    for direction in (Direction.INBOUND, Direction.OUTBOUND)
                ]
                if total
                else [],
                unit="touches",
                category_label="Week of",
            )
        }


@register_home_panel
class FitAndIntent(HomePanel):
    """Who fits and wants to buy among those who don't yet, and who of them comes first."""

    key = "engagement.fit_intent"
    title = "Fit and intent"
    explain = "engagement.fit_score"
    numbers = ("engagement.intent_score",)
    template = "engagement/home/fit_intent.html"
    category = Category.ENGAGEMENT
    is_today_only = True
    functions = {Function.MARKETING: 10, Function.SALES: 65}

    def load(self, reader: Reader) -> dict[str, Any]:
        day = newest_scores(reader.as_of)
        label, lifecycles = POPULATIONS["new"]
        marks, total = marks_of(day, lifecycles) if day else ([], 0)
        return {
            "chart": replace(scatter(marks, total, label.lower()), height="md"),
            "best": marks[:MOST_BEST],
            "link_url": reverse("engagement:scores"),
            "link_label": "All scores",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the highest together."""
        return marks_table("fit-and-intent", data["best"]) if data["best"] else None


@register_home_panel
class CommitteeGaps(HomePanel):
    """Customers in whose buying committee few roles are in touch, the highest tier first."""

    key = "engagement.committee_gaps"
    title = "Committees with gaps"
    explain = "engagement.committee_roles"
    template = "engagement/home/gaps.html"
    category = Category.ENGAGEMENT
    is_flush = True
    functions = {Function.MARKETING: 25, Function.SALES: 45}

    def load(self, reader: Reader) -> dict[str, Any]:
        stored = MetricValue.objects.filter(key="engagement.committee_roles", as_of__lte=reader.as_of)
        day = stored.order_by("-as_of").values_list("as_of", flat=True).first()
        rows = (
            stored.filter(as_of=day or reader.as_of, value__lt=REQUIRED_ROLES, account__deleted_at=None)
            .order_by("account__standing__tier__rank", "value", "account_id")
            .values(
                "value",
                "account_id",
                "account__name",
                "account__standing__tier__slug",
                "account__standing__tier__label",
            )[:8]
        )
        return {"accounts": [{**row, "value": int(row["value"])} for row in rows], "required": REQUIRED_ROLES}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the accounts shown."""
        if not data["accounts"]:
            return None
        return table_of(
            "committees-with-gaps",
            data["accounts"],
            [
                ("account_id", "Account id", lambda row: row["account_id"]),
                ("account", "Account", lambda row: row["account__name"]),
                ("tier", "Tier", lambda row: row["account__standing__tier__label"] or ""),
                ("roles", "Roles in touch", lambda row: row["value"]),
                ("required", "Of", lambda _: data["required"]),
            ],
        )
