"""What missed promises would have us credit to an account, as finance looks at it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.charts import Chart, Series
from common.formatting import format_money
from common.periods import month_label, month_start, months_until
from metrics.models import MetricValue
from people.models import Category, Level

KEY = "finance.service_credits"
MONTHS = 12


@register_panel
class ServiceCredits(Panel):
    """Service credits by month, as the last night of each told."""

    key = KEY
    title = "Service credits"
    explain = KEY
    template = "accounts/panels/chart.html"
    category = Category.REVENUE
    level = Level.TOTALS
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        months = months_until(as_of, MONTHS)
        stored = MetricValue.objects.of(account.pk, KEY).between(months[0], as_of)
        by_month = {month_start(row.as_of): row.value for row in stored}
        whole = sum(by_month.values(), Decimal(0))
        told = format_money(whole, settings.REPORTING_CURRENCY, decimals=0)
        return {
            "chart": Chart(
                key=f"{self.key}-{account.pk}",
                kind="bar",
                title=f"{told} to credit in twelve months" if whole else "Nothing to credit in twelve months",
                categories=[month_label(month) for month in months],
                series=[
                    Series(name="Credits", values=[by_month.get(month) for month in months], tone="accent")
                ]
                if by_month
                else [],
                unit="money",
                currency=settings.REPORTING_CURRENCY,
                empty="No running contract credits a share of its fee for late answers.",
                good="down",
            )
        }
