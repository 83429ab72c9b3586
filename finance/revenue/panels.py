"""What an account brings in, by month, by movement and by product."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Sum

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.charts import Chart, Series
from common.formatting import format_percent
from finance.models import RevenueEntry
from finance.revenue.charts import arr_chart, movement_chart
from finance.revenue.positions import read_rates
from finance.revenue.series import account_series
from people.models import Category, Level


@register_panel
class ArrByMonth(Panel):
    """ARR at the end of each month, at today's exchange rates so that only the business moves it."""

    key = "finance.arr_by_month"
    title = "Revenue"
    explain = "finance.arr"
    template = "accounts/panels/chart.html"
    category = Category.REVENUE
    level = Level.TOTALS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        return {"chart": arr_chart(f"{self.key}-{account.pk}", account_series(account, as_of), as_of)}


@register_panel
class ArrMovements(Panel):
    """How ARR got from where it stood twelve months ago to where it stands."""

    key = "finance.arr_movements"
    title = "What moved ARR in twelve months"
    explain = "finance.arr"
    template = "accounts/panels/chart.html"
    category = Category.REVENUE
    level = Level.TOTALS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        series = account_series(account, as_of)
        return {"chart": movement_chart(f"{self.key}-{account.pk}", series, as_of)}


@register_panel
class RevenueByProduct(Panel):
    """Which products the recurring revenue comes from today."""

    key = "finance.revenue_by_product"
    title = "Revenue by product"
    explain = "finance.arr"
    template = "accounts/panels/chart.html"
    category = Category.REVENUE
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        lines = (
            RevenueEntry.objects.filter(account=account, on__lte=as_of)
            .values_list("line__product", "currency")
            .annotate(total=Sum("arr"))
            .exclude(total=0)
        )
        rates = read_rates(as_of)
        totals: dict[str, Decimal] = {}
        for product, currency, arr in lines:
            if currency in rates:
                totals[product] = totals.get(product, Decimal(0)) + arr * rates[currency]
        missing = {currency for _, currency, _ in lines if currency not in rates}
        whole = sum(totals.values())
        ranked = sorted(((value, name) for name, value in totals.items() if value), reverse=True)[:10]
        title = (
            f"{ranked[0][1]} brings {format_percent(ranked[0][0] / whole, 0)} of ARR"
            if whole
            else "No recurring revenue"
        )
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="bar",
                title=title,
                categories=[name for _, name in ranked],
                series=[Series(name="ARR", values=[value for value, _ in ranked], tone="accent")]
                if ranked
                else [],
                unit="money",
                currency=settings.REPORTING_CURRENCY,
                decimals=0,
                category_label="Product",
                note=f"Without amounts in {', '.join(sorted(missing))}: no exchange rate." if missing else "",
            )
        }
