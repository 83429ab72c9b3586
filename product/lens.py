"""What product shows of an account: its columns, panels and lens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncWeek

from accounts.lenses import Column, Lens, Panel, register_column, register_lens, register_panel
from accounts.models import Account
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_count, format_key, format_number, format_percent
from common.periods import day_label, days_until, weeks_until
from people.functions import Function
from people.models import Category
from product import home as _home  # noqa: F401 - declares the home cards
from product.models import UsageFeatureDay, UsageUserDay
from product.norm import Norm, newest_norm

USAGE = Category.PRODUCT_USAGE
SHOWN_DAYS = 90
NORM_DAYS = 90
MOST_FEATURES = 12


def trend_note(figures: Mapping[str, Any], today: date) -> str:
    """Say how the last 30 days compare with the account's own norm."""
    trend = figures.get("usage_trend")
    return "" if trend is None else f"{format_percent(trend, 0)} of its norm"


register_column(
    Column(
        key="product.usage_events_30d",
        label="Events in 30 days",
        field="standing__usage_events",
        kind="number",
        category=USAGE,
        explain="product.usage_events_30d",
        headline=60,
        note=trend_note,
        help="Usage events of the last 30 days",
    )
)
register_column(
    Column(
        key="product.usage_trend",
        label="Usage trend",
        field="standing__usage_trend",
        kind="ratio",
        category=USAGE,
        explain="product.usage_trend",
        help="Last 30 days against the account's own norm; 100% is as usual",
    )
)


@register_panel
class UsageByDay(Panel):
    """Events per day against the account's own norm, so that a fall shows against itself."""

    key = "product.usage_by_day"
    title = "Usage by day"
    explain = "product.usage_trend"
    template = "accounts/panels/chart.html"
    category = USAGE
    span = 12

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        first = as_of - timedelta(days=SHOWN_DAYS + NORM_DAYS - 1)
        rows = UsageUserDay.objects.filter(account=account, day__range=(first, as_of))
        events = dict(rows.values_list("day").annotate(n=Sum("events")).order_by())
        days = days_until(as_of, SHOWN_DAYS)
        norm = newest_norm(account, as_of, events)
        weekly = [_week_mean(events, day) for day in days] if events else []
        series = [
            Series(name="Events a day", values=[events.get(day, 0) for day in days], tone="muted"),
            Series(name="Mean of seven days", values=weekly, tone="accent"),
        ]
        if norm is not None:
            series.append(
                Series(
                    name="Norm: 90 days before the last 30",
                    values=[round(norm.per_day, 1)] * len(days),
                    tone="2",
                )
            )
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="line",
                title=_usage_title(events, as_of, norm),
                categories=[day_label(day) for day in days],
                series=series if events else [],
                unit="events",
                category_label="Day",
            )
        }


def _week_mean(events: Mapping[date, int], day: date) -> float:
    return round(sum(events.get(day - timedelta(days=back), 0) for back in range(7)) / 7, 1)


def _usage_title(events: Mapping[date, int], as_of: date, norm: Norm | None) -> str:
    if not events:
        return "No usage in half a year"
    last_day = max(day for day, count in events.items() if count)
    silent = (as_of - last_day).days
    if silent > 7:
        return f"No usage for {silent} days"
    if norm is None:
        recent = sum(count for day, count in events.items() if day > as_of - timedelta(days=30)) / 30
        return f"{format_number(recent, 0)} events a day in the last 30 days; no norm to compare with yet"
    change = norm.trend - 1
    if abs(change) < 0.05:
        return f"Usage runs at its norm of {format_number(norm.per_day, 0)} events a day"
    way = "above" if change > 0 else "below"
    return f"Usage of the last 30 days is {format_percent(abs(change), 0)} {way} its norm"


@register_panel
class ActiveUsers(Panel):
    """How many people use the product each week."""

    key = "product.active_users"
    title = "People who use it"
    explain = "product.active_users_30d"
    template = "accounts/panels/chart.html"
    category = USAGE
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        weeks = weeks_until(as_of, 26)
        rows = UsageUserDay.objects.filter(account=account, day__range=(weeks[0], as_of)).exclude(user="")
        counts = dict(
            rows.annotate(week=TruncWeek("day"))
            .values_list("week")
            .annotate(n=Count("user", distinct=True))
            .order_by()
        )
        values = [counts.get(week, 0) for week in weeks]
        now, before = values[-2] if len(values) > 1 else 0, values[-14]
        title = (
            "Nobody has used it in half a year"
            if not any(values)
            else f"{format_count(now, 'person', 'people')} in the last full week, "
            f"{format_number(before)} twelve weeks earlier"
        )
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="bar",
                title=title,
                categories=[day_label(week) for week in weeks],
                series=[Series(name="People", values=values, tone="accent")] if any(values) else [],
                unit="people",
                category_label="Week of",
            )
        }


@register_panel
class TopFeatures(Panel):
    """What they use most, and what they use more or less than a month ago."""

    key = "product.top_features"
    title = "Features, last 30 days"
    explain = "product.features_used_30d"
    template = "product/panels/top_features.html"
    category = USAGE
    span = 6
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        edge, first = as_of - timedelta(days=30), as_of - timedelta(days=60)
        rows = (
            UsageFeatureDay.objects.filter(account=account, day__gt=first, day__lte=as_of)
            .exclude(feature="")
            .values("feature")
            .annotate(
                now=Sum("events", filter=Q(day__gt=edge), default=0),
                before=Sum("events", filter=Q(day__lte=edge), default=0),
            )
            .order_by("-now", "-before", "feature")[:MOST_FEATURES]
        )
        return {
            "features": [
                {
                    **row,
                    "feature": format_key(row["feature"]),
                    "change": (row["now"] - row["before"]) / row["before"] if row["before"] else None,
                }
                for row in rows
            ]
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the features shown."""
        if not data["features"]:
            return None
        return table_of(
            "features",
            data["features"],
            [
                ("feature", "Feature", lambda row: row["feature"]),
                ("now", "Events, last 30 days", lambda row: row["now"]),
                ("before", "30 days before", lambda row: row["before"]),
                ("change", "Change", lambda row: row["change"]),
            ],
        )


@register_panel
class FeatureAdoption(Panel):
    """When each feature was used in the last twelve weeks: gaps are what is unused."""

    key = "product.feature_adoption"
    title = "Feature adoption"
    explain = "product.features_used_30d"
    template = "accounts/panels/chart.html"
    category = USAGE
    span = 12
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        weeks = weeks_until(as_of, 12)
        rows = (
            UsageFeatureDay.objects.filter(account=account, day__range=(weeks[0], as_of))
            .exclude(feature="")
            .annotate(week=TruncWeek("day"))
            .values_list("feature", "week")
            .annotate(n=Sum("events"))
            .order_by()
        )
        counts: dict[str, dict[date, int]] = {}
        for feature, week, count in rows:
            counts.setdefault(feature, {})[week] = count
        ranked = sorted(counts, key=lambda name: (-sum(counts[name].values()), name))[:15]
        lately = [name for name in counts if counts[name].get(weeks[-1]) or counts[name].get(weeks[-2])]
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="heatmap",
                title=f"{len(lately)} of {format_count(len(counts), 'feature')} "
                f"{'was' if len(lately) == 1 else 'were'} used in the last two weeks"
                if counts
                else "No feature was used in twelve weeks",
                categories=[day_label(week) for week in weeks],
                series=[
                    Series(name=format_key(name), values=[counts[name].get(week) for week in weeks])
                    for name in ranked
                ],
                unit="events",
                category_label="Feature",
                height="lg" if len(ranked) > 8 else "md",
            )
        }


register_lens(
    Lens(
        key="product",
        label="Product",
        order=60,
        functions=(Function.PRODUCT, Function.ENGINEERING),
        panels=(
            "product.usage_by_day",
            "product.active_users",
            "product.top_features",
            "product.feature_adoption",
            "support.open_tickets",
            "metrics.health_makeup",
        ),
        sort="product.usage_trend",
        columns=(
            "accounts.tier",
            "metrics.health_score",
            "product.usage_events_30d",
            "product.usage_trend",
            "support.open_tickets",
            "accounts.industry",
            "accounts.owner",
        ),
    )
)
