"""Home cards that draw how accounts are spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, F, Q

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.models import Account, HealthBand, Lifecycle
from common.charts import Chart, Series
from common.formatting import format_number
from people.functions import Function
from people.models import Category, Level, User


@register_home_panel
class HealthByTier(HomePanel):
    """How many customers of each tier are red, amber or green today."""

    key = "accounts.health_by_tier"
    title = "Health by tier"
    explain = "metrics.health_score"
    template = "accounts/panels/chart.html"
    category = Category.ACCOUNT_PROFILE
    level = Level.TOTALS
    is_today_only = True
    functions = {
        Function.LEADERSHIP: 50,
        Function.CUSTOMER_SUCCESS: 50,
        Function.MARKETING: 27,
        Function.PEOPLE: 40,
    }

    def load(self, reader: Reader) -> dict[str, Any]:
        counted = (
            Account.objects.customers()
            .order_by()
            .values_list("standing__tier__rank", "standing__tier__label", "standing__health_band")
            .annotate(n=Count("pk"))
        )
        counts: dict[tuple[int, str], dict[str, int]] = {}
        for rank, label, band, n in counted:
            counts.setdefault((rank or 99, label or "No tier"), {})[band or HealthBand.UNKNOWN] = n
        tiers = sorted(counts)
        total = sum(sum(by.values()) for by in counts.values())
        red = sum(by.get(HealthBand.RED, 0) for by in counts.values())
        shown = (
            (HealthBand.RED, "red"),
            (HealthBand.AMBER, "amber"),
            (HealthBand.GREEN, "green"),
            (HealthBand.UNKNOWN, "muted"),
        )
        return {
            "chart": Chart(
                key=self.key,
                kind="stacked",
                title=f"{red} of {format_number(total)} customers are red" if total else "No customers yet",
                categories=[label for _, label in tiers],
                series=[
                    Series(name=str(band.label), values=[counts[t].get(band, 0) for t in tiers], tone=tone)  # type: ignore[arg-type]
                    for band, tone in shown
                ]
                if total
                else [],
                unit="accounts",
                category_label="Tier",
            )
        }


@register_home_panel
class LoadByOwner(HomePanel):
    """How many customers each colleague looks after: who carries too much, and who could take more."""

    key = "accounts.load_by_owner"
    title = "Customers by owner"
    template = "accounts/panels/chart.html"
    category = Category.ACCOUNT_TEAM
    is_today_only = True
    functions = {Function.PEOPLE: 10, Function.LEADERSHIP: 60}

    def load(self, reader: Reader) -> dict[str, Any]:
        rows = list(
            Account.objects.customers()
            .exclude(owner_email="")
            .order_by()
            .values("owner_email")
            .annotate(
                top=Count("pk", filter=Q(standing__tier__rank__lte=2)),
                rest=Count(
                    "pk", filter=Q(standing=None) | Q(standing__tier=None) | Q(standing__tier__rank__gt=2)
                ),
            )
            .order_by(-(F("top") + F("rest")), "owner_email")[:20]
        )
        names = dict(
            User.objects.filter(email__in=[row["owner_email"] for row in rows]).values_list("email", "name")
        )
        return {
            "chart": Chart(
                key=self.key,
                kind="stacked",
                title=_load_title([dict(row) for row in rows], names),
                categories=[names.get(row["owner_email"], row["owner_email"]) for row in rows],
                series=[
                    Series(
                        name="Strategic and enterprise", values=[row["top"] for row in rows], tone="accent"
                    ),
                    Series(name="Growth, standard, none", values=[row["rest"] for row in rows], tone="muted"),
                ]
                if rows
                else [],
                unit="accounts",
                category_label="Owner",
                height="lg" if len(rows) > 8 else "md",
                extra={"horizontal": True},
            )
        }


def _load_title(rows: list[dict[str, Any]], names: Mapping[str, str]) -> str:
    if not rows:
        return "No customer has an owner yet"
    first = rows[0]
    most = first["top"] + first["rest"]
    return f"{names.get(first['owner_email'], first['owner_email'])} looks after most: {most} customers"


@register_home_panel
class TargetsByIndustry(HomePanel):
    """Where the accounts to win are."""

    key = "accounts.targets_by_industry"
    title = "Targets and prospects by industry"
    template = "accounts/panels/chart.html"
    category = Category.ACCOUNT_PROFILE
    is_today_only = True
    functions = {Function.MARKETING: 15, Function.SALES: 60}

    def load(self, reader: Reader) -> dict[str, Any]:
        wanted = Account.objects.live().filter(lifecycle__in=(Lifecycle.TARGET, Lifecycle.PROSPECT))
        rows = list(
            wanted.exclude(industry="")
            .order_by()
            .values("industry")
            .annotate(
                targets=Count("pk", filter=Q(lifecycle=Lifecycle.TARGET)),
                prospects=Count("pk", filter=Q(lifecycle=Lifecycle.PROSPECT)),
            )
            .order_by(-(F("targets") + F("prospects")), "industry")[:12]
        )
        whole = wanted.count()
        title = (
            f"{rows[0]['industry']} holds {rows[0]['targets'] + rows[0]['prospects']} of {whole}"
            if rows
            else "No targets or prospects yet"
        )
        return {
            "chart": Chart(
                key=self.key,
                kind="stacked",
                title=title,
                categories=[row["industry"] for row in rows],
                series=[
                    Series(name="Prospects", values=[row["prospects"] for row in rows], tone="accent"),
                    Series(name="Targets", values=[row["targets"] for row in rows], tone="muted"),
                ]
                if rows
                else [],
                unit="accounts",
                category_label="Industry",
                extra={"horizontal": True},
            )
        }
