"""What serving an account costs, as finance looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.charts import Chart, Series
from common.export import Table, table_of
from common.formatting import format_money
from common.periods import month_label, months_until
from finance.costs.costing import driver_of, first_of, rated
from finance.costs.listing import ARR, revenue_in, share_of
from finance.costs.metrics import SUPPORT, SUPPORT_COST, UNRATED
from metrics.models import MetricValue
from metrics.statements import load
from people.access import EVERYTHING, Access
from people.models import Category, Level
from tiers.entitlements.values import minutes_in_words

MONTHS = 6
MOST_TICKETS = 5


def quarter_start(day: date) -> date:
    """Return the first day of the quarter."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


@register_panel
class CostToServe(Panel):
    """What support cost this quarter and in each of six months, beside revenue, and the tickets that cost most."""

    key = "finance.cost_to_serve"
    title = "Cost to serve"
    explain = SUPPORT_COST
    numbers = (UNRATED, ARR)
    template = "finance/panels/cost_to_serve.html"
    category = Category.COST_RATES
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        return self.load_for(account, as_of, EVERYTHING)

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        driver, months = driver_of(SUPPORT), months_until(as_of, MONTHS)
        work = rated(driver, months[0], as_of, account=account.pk)
        by_month = {row["month"]: row for row in load("finance", "costs/by_month", rated=work).fetch_dicts()}
        quarter = [row for month, row in by_month.items() if month >= quarter_start(as_of)]
        cost = _sum(row["cost"] for row in quarter) if quarter else Decimal(0)
        unrated = sum(int(row["unrated"]) for row in by_month.values())
        days = (as_of - quarter_start(as_of)).days + 1
        share = share_of(cost, revenue_in(days, _arr(account, as_of)))
        reads_work = access.allows(driver.category)
        return {
            "has_work": bool(by_month),
            "quarter": f"Q{(as_of.month - 1) // 3 + 1} {as_of.year}, {days} days",
            "cost": cost,
            "share": access.redact(share, Category.REVENUE, Level.TOTALS),
            "unrated": unrated,
            "unrated_words": minutes_in_words(unrated) if unrated else "",
            "rates_url": reverse("finance:cost_rates"),
            "all_url": reverse("finance:cost_to_serve"),
            "currency": settings.REPORTING_CURRENCY,
            "chart": _chart(f"{self.key}-{account.pk}", months, by_month),
            "tickets": self._tickets(account, as_of) if reads_work else [],
            "tickets_closed": "" if reads_work else access.why_not(driver.category),
        }

    def _tickets(self, account: Account, as_of: date) -> list[dict[str, Any]]:
        driver = driver_of(SUPPORT)
        work = rated(driver, first_of(as_of), as_of, account=account.pk)
        rows = load("finance", "costs/by_item", rated=work, most=MOST_TICKETS).fetch_dicts()
        named = driver.name_items([row["item_id"] for row in rows]) if rows else {}
        return [
            {
                "subject": named[row["item_id"]].label,
                "url": named[row["item_id"]].url,
                "minutes": row["minutes"],
                "spent": minutes_in_words(row["minutes"]),
                "cost": row["cost"],
            }
            for row in rows
            if row["item_id"] in named
        ]

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the tickets shown."""
        if not data["tickets"]:
            return None
        return table_of(
            "cost-to-serve-tickets",
            data["tickets"],
            [
                ("subject", "Ticket", lambda row: row["subject"]),
                ("minutes", "Minutes", lambda row: row["minutes"]),
                ("cost", "Cost", lambda row: round(row["cost"], 2)),
                ("currency", "Currency", lambda _: data["currency"]),
            ],
        )


def _chart(key: str, months: list[date], by_month: Mapping[date, Mapping[str, Any]]) -> Chart:
    # A month in which nobody worked costs nothing; one in which no day had a rate isn't known.
    costs = [by_month[month]["cost"] if month in by_month else Decimal(0) for month in months]
    whole = _sum(costs)
    told = format_money(whole or Decimal(0), settings.REPORTING_CURRENCY, decimals=0)
    return Chart(
        key=key,
        kind="bar",
        title=f"{told} in six months" if whole else "No cost in six months",
        categories=[month_label(month) for month in months],
        series=[Series(name="Support cost", values=costs, tone="accent")] if by_month else [],
        unit="money",
        currency=settings.REPORTING_CURRENCY,
        height="sm",
        empty="Nobody wrote down time on a ticket of this account.",
        good="down",
    )


def _sum(values: Any) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


def _arr(account: Account, as_of: date) -> Decimal | None:
    stored = MetricValue.objects.of(account.pk, ARR).filter(
        as_of__lte=as_of, as_of__gt=as_of - timedelta(days=45)
    )
    return stored.order_by("-as_of").values_list("value", flat=True).first()
