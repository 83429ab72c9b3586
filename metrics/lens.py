"""What the stored numbers show of an account: the health score, what it is made of, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Subquery
from django.urls import reverse

from accounts.lenses import (
    Column,
    History,
    Panel,
    register_column,
    register_history,
    register_panel,
)
from accounts.lenses.memo import read_once
from accounts.models import Account
from common.charts import Chart, Series
from common.formatting import format_number
from common.periods import day_label
from common.tags.values import delta
from metrics import home as _home  # noqa: F401 - declares the home cards
from metrics.engine.plan import today
from metrics.health import columns as _columns  # noqa: F401 - declares columns and chips
from metrics.health import home as _health_home  # noqa: F401 - declares a home card
from metrics.health.explain import SCORE_AXIS, insufficient, makeup_chart, sureness
from metrics.health.green import told_way, way_to_green
from metrics.health.parts import ScorePart, parts_of
from metrics.health.redaction import is_open, limit_name
from metrics.health.seen import seen_of
from metrics.models import HealthScore, MetricValue, RefreshRun
from metrics.registry import metrics
from people.access import Access
from people.models import Category, Level

PROFILE = Category.ACCOUNT_PROFILE
EPOCH = date(1970, 1, 1)
TREND_DAYS = 180
OLDEST_KEPT = 45  # days within which an older stored figure still stands for a day without a refresh


def change_note(figures: Mapping[str, Any], today: date) -> str:
    """Say how the score changed in 30 days."""
    change = figures.get("health_change")
    return "" if change is None else str(delta(change, "points", decimals=1, since="against 30 days before"))


register_column(
    Column(
        key="metrics.health_score",
        label="Health",
        field="standing__health",
        extra=("standing__health_band",),
        kind="health",
        category=PROFILE,
        level=Level.TOTALS,
        explain="metrics.health_score",
        headline=10,
        note=change_note,
        help="0 to 100; red below 50, green from 75",
    )
)
register_column(
    Column(
        key="metrics.health_change",
        label="Health change",
        field="standing__health_change",
        kind="points",
        unit="points",
        category=PROFILE,
        level=Level.TOTALS,
        explain="metrics.health_change",
        help="Points against 30 days before",
    )
)


def past_figures(account: Account, as_of: date) -> dict[str, Any]:
    """Return Standing's fields as the newest refresh up to ``as_of`` left them; two queries, one more without any.

    All of one day: a number that has ceased to be defined must not live on beside newer ones.
    """
    fields = {metric.key: str(metric.standing) for metric in metrics if metric.standing}
    newest = RefreshRun.objects.finished().filter(as_of__lte=as_of).order_by("-as_of").values("as_of")[:1]
    stored = MetricValue.objects.filter(account=account, as_of=Subquery(newest), key__in=fields)
    rows = list(stored.values_list("as_of", "key", "value"))
    day = rows[0][0] if rows else refreshed_by(as_of)
    if day is None or day < as_of - timedelta(days=OLDEST_KEPT):
        return {}
    found: dict[str, Any] = {
        fields[key]: EPOCH + timedelta(days=int(value)) if fields[key].endswith("_on") else value
        for _, key, value in rows
    }
    score = newest_score(account, as_of)
    if score is not None and score.as_of == day:
        found |= {"health": score.score, "health_band": score.band}
    return found | {"as_of": day} if found else {}


def newest_score(account: Account, as_of: date) -> HealthScore | None:
    """Return the newest score up to ``as_of``, with its parts; one query a page."""
    scores = HealthScore.objects.filter(account=account, as_of__lte=as_of).with_parts().order_by("-as_of")
    return read_once(account, ("metrics.score", as_of), scores.first)


def refreshed_by(day: date) -> date | None:
    """Return the newest refreshed day up to another; one query."""
    return RefreshRun.objects.finished().newest_day(until=day)


register_history(History(key="metrics.past", query=past_figures, newest_day=refreshed_by))


@register_panel
class HealthMakeup(Panel):
    """Which components brought the score, and what a limit took away; a change is explained by the same parts."""

    key = "metrics.health_makeup"
    title = "What the health score is made of"
    explain = "metrics.health_score"
    template = "metrics/panels/health_makeup.html"
    category = PROFILE
    level = Level.TOTALS
    span = 6
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        score = newest_score(account, as_of)
        seen = seen_of(account, as_of)
        url = reverse("metrics:health", args=[account.pk])
        beside: dict[str, Any] = {
            "url": f"{url}?as_of={as_of}" if as_of < today() else url,
            "said": {
                "sentiment": str(seen.said.sentiment.label),
                "reason": seen.said.reason,
                "author": seen.said.author,
                "expires_on": seen.said.expires_on,
            }
            if seen.said
            else None,
            "disagreements": [
                {"label": one.label, "told": one.told, "remedy": one.remedy} for one in seen.open_to(access)
            ],
        }
        if score is None:
            return {"chart": None, **beside}
        parts = parts_of(score)
        may = {part.key: is_open(part.key, access) for part in parts}
        limit = limit_name(score, access)
        hidden = [part for part in parts if not may[part.key]]
        return {
            "chart": makeup_chart(f"{self.key}-{account.pk}", score, parts, access, limit),
            "why_none": "" if score.exact is not None else insufficient(score),
            "coverage": score.coverage,
            "confidence": score.confidence,
            "sureness": sureness(score.confidence),
            "missing": [part.label for part in parts if may[part.key] and part.added is None],
            "stale": [part.label for part in parts if may[part.key] and part.is_stale],
            "as_of": score.as_of,
            **beside,
            "reasons": sorted({access.why_not(_category(part)) for part in hidden}),
        }


def _category(part: ScorePart) -> str:
    declared = metrics.get(part.key)
    return str(declared.category) if declared else ""


@register_panel
class HealthGreen(Panel):
    """The cheapest components to move until the account is green."""

    key = "metrics.health_green"
    title = "What would bring it to green"
    explain = "metrics.health_score"
    template = "metrics/panels/health_green.html"
    category = PROFILE
    level = Level.TOTALS
    span = 6
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        score = newest_score(account, as_of)
        way = way_to_green(score, access) if score is not None else None
        return {"band": score.band if score else "", **(told_way(way) if way else {"proposals": []})}


@register_panel
class HealthTrend(Panel):
    """The score over half a year."""

    key = "metrics.health_trend"
    title = "Health over half a year"
    explain = "metrics.health_score"
    template = "accounts/panels/chart.html"
    category = PROFILE
    level = Level.TOTALS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        since = as_of - timedelta(days=TREND_DAYS)
        rows = list(
            HealthScore.objects.filter(account=account, as_of__range=(since, as_of))
            .order_by("as_of")
            .values_list("as_of", "score")
        )
        known = [score for _, score in rows if score is not None]
        scored = dict(rows)
        # A place for each day: months that kept one score must not look as long as one night.
        days = (
            [rows[0][0] + timedelta(days=n) for n in range((rows[-1][0] - rows[0][0]).days + 1)]
            if rows
            else []
        )
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="line",
                title=_trend_title(known),
                categories=[day_label(day) for day in days],
                series=[Series(name="Health", values=[scored.get(day) for day in days], tone="accent")]
                if known
                else [],
                unit="points",
                decimals=0,
                category_label="Day",
                empty="A score needs usage, tickets and touches; the account’s health page says what is missing.",
                extra={**SCORE_AXIS, "connects": True, "sparse": True},
            )
        }


def _trend_title(known: list[Decimal]) -> str:
    if not known:
        return "No score yet: too few of its inputs are present"
    change = known[-1] - known[0]
    if len(known) == 1:
        return f"Health is {format_number(known[-1], 0)}; its history starts now"
    if abs(change) < 1:
        return f"Health stayed at {format_number(known[-1], 0)}"
    way = "rose" if change > 0 else "fell"
    return f"Health {way} {format_number(abs(change), 0)} points, to {format_number(known[-1], 0)}"
