"""What product and engineering see first: whose usage moved, and what is used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Sum
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.home_tables import AccountTable, card
from accounts.models import Account
from common.charts import Chart, Series
from common.formatting import format_count, format_key
from people.functions import Function
from people.models import Category
from product.models import UsageFeatureDay


@register_home_panel
class UsageFalls(AccountTable):
    """Customers whose usage fell most against their own norm."""

    key = "product.usage_falls"
    title = "Usage fell most against its norm"
    explain = "product.usage_trend"
    category = Category.PRODUCT_USAGE
    functions = {Function.PRODUCT: 10, Function.ENGINEERING: 20, Function.CUSTOMER_SUCCESS: 35}

    def load(self, reader: Reader) -> dict[str, Any]:
        fallen = (
            Account.objects.customers()
            .filter(standing__usage_trend__lt=1)
            .order_by("standing__usage_trend", "pk")
        )
        url = f"{reverse('accounts:list')}?lens=product&sort=product.usage_trend&lifecycle=customer"
        return card(
            fallen, reader, ("usage_trend", "health"), empty="Nobody uses less than usual", link_url=url
        )


@register_home_panel
class UsageSurges(AccountTable):
    """Customers who use much more than usual: an expansion, or a script run wild."""

    key = "product.usage_surges"
    title = "Usage rose most against its norm"
    explain = "product.usage_trend"
    category = Category.PRODUCT_USAGE
    functions = {Function.PRODUCT: 20, Function.ENGINEERING: 25, Function.SALES: 50}

    def load(self, reader: Reader) -> dict[str, Any]:
        risen = (
            Account.objects.customers()
            .filter(standing__usage_trend__gt=1)
            .order_by(F("standing__usage_trend").desc(), "pk")
        )
        url = f"{reverse('accounts:list')}?lens=product&sort=-product.usage_trend&lifecycle=customer"
        return card(
            risen, reader, ("usage_trend", "health"), empty="Nobody uses more than usual", link_url=url
        )


@register_home_panel
class TopFeatures(HomePanel):
    """Which features reach how many accounts; fetched apart, since it reads a month of everybody's usage."""

    key = "product.reach"
    title = "Reach of features, last 30 days"
    explain = "product.features_used_30d"
    template = "accounts/panels/chart.html"
    category = Category.PRODUCT_USAGE
    functions = {Function.PRODUCT: 30, Function.ENGINEERING: 35}
    span = 12
    is_lazy = True

    def load(self, reader: Reader) -> dict[str, Any]:
        rows = list(
            UsageFeatureDay.objects.filter(
                day__gt=reader.as_of - timedelta(days=30), day__lte=reader.as_of, account__deleted_at=None
            )
            .exclude(feature="")
            .values("feature")
            .annotate(reach=Count("account", distinct=True), total=Sum("events"))
            .order_by("-reach", "-total", "feature")[:15]
        )
        return {
            "chart": Chart(
                key=self.key,
                kind="bar",
                title=f"{format_key(rows[0]['feature'])} reaches most: {format_count(rows[0]['reach'], 'account')}"
                if rows
                else "No feature was used in 30 days",
                categories=[format_key(row["feature"]) for row in rows],
                series=[Series(name="Accounts", values=[row["reach"] for row in rows], tone="accent")]
                if rows
                else [],
                unit="accounts",
                category_label="Feature",
                height="lg" if len(rows) > 8 else "md",
                extra={"horizontal": True},
            )
        }
