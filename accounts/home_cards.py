"""The home cards over accounts and their standing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, F, Q, Sum, When
from django.urls import reverse

from accounts.concentration import concentration_of
from accounts.home import HomePanel, Reader, register_home_panel
from accounts.home_tables import AccountTable, card, mine_or_all
from accounts.models import Account, HealthBand, Lifecycle
from common.charts import Chart, Series
from common.formatting import format_money, format_number, format_percent
from people.functions import Function
from people.models import Category, Level, User


@register_home_panel
class FallingHealth(AccountTable):
    """Where health fell most in 30 days, among the reader's own accounts where they have any."""

    key = "accounts.falling_health"
    title = "Health fell most in 30 days"
    explain = "metrics.health_change"
    level = Level.TOTALS
    functions = {Function.CUSTOMER_SUCCESS: 20, Function.SALES: 30, Function.SUPPORT: 40}

    def load(self, reader: Reader) -> dict[str, Any]:
        found, _ = mine_or_all(reader)
        falling = found.filter(standing__health_change__lt=0).order_by("standing__health_change", "pk")
        return card(
            falling,
            reader,
            ("health", "health_change", "arr"),
            empty="No account lost health in 30 days",
            link_url=f"{reverse('accounts:list')}?sort=metrics.health_change",
        )


@register_home_panel
class RenewalsSoon(AccountTable):
    """Which customers renew within 90 days, the nearest first."""

    key = "accounts.renewals_soon"
    title = "Renewals within 90 days"
    explain = "finance.renewal_on"
    category = Category.CONTRACTS
    level = Level.TOTALS
    functions = {
        Function.SALES: 20,
        Function.CUSTOMER_SUCCESS: 30,
        Function.FINANCE: 30,
        Function.LEADERSHIP: 40,
        Function.LEGAL: 20,
    }

    def load(self, reader: Reader) -> dict[str, Any]:
        is_owner = reader.user.function in (Function.SALES, Function.CUSTOMER_SUCCESS)
        found = mine_or_all(reader)[0] if is_owner else Account.objects.live()
        near = found.filter(
            standing__renewal_on__gte=reader.as_of, standing__renewal_on__lte=reader.in_days(90)
        ).order_by("standing__renewal_on", "pk")
        sums = near.order_by().aggregate(count=Count("pk"), arr=Sum("standing__arr"))
        return card(
            near,
            reader,
            ("renewal_on", "arr", "health"),
            finding=_renewals_finding(sums["count"], sums["arr"], reader),
            empty="No contract ends within 90 days",
            link_url=f"{reverse('accounts:list')}?renewal_days=90&sort=finance.renewal_on",
        )


def _renewals_finding(count: int, arr: Decimal | None, reader: Reader) -> str:
    if not count:
        return ""
    found = f"{format_number(count)} account{' renews' if count == 1 else 's renew'}"
    if arr is None or not reader.access.allows(Category.REVENUE, Level.TOTALS):
        return found
    return f"{found}, with {format_money(arr, settings.REPORTING_CURRENCY, short=True)} of ARR"


@register_home_panel
class RedAccounts(AccountTable):
    """Strategic and enterprise accounts in red with who owns them, then those that come nearest to it."""

    key = "accounts.red_accounts"
    title = "Strategic and enterprise accounts in red"
    explain = "metrics.health_score"
    level = Level.TOTALS
    functions = {
        Function.LEADERSHIP: 30,
        Function.CUSTOMER_SUCCESS: 40,
        Function.SALES: 40,
        Function.PEOPLE: 30,
    }

    def load(self, reader: Reader) -> dict[str, Any]:
        large = Account.objects.customers().filter(standing__tier__rank__lte=2)
        counts = large.aggregate(
            all=Count("pk"), red=Count("pk", filter=Q(standing__health_band=HealthBand.RED))
        )
        weakest = large.filter(standing__health_band__in=(HealthBand.RED, HealthBand.AMBER)).order_by(
            Case(When(standing__health_band=HealthBand.RED, then=0), default=1),
            Case(When(standing__health_band=HealthBand.RED, then="standing__tier__rank")),
            "standing__health",
            "pk",
        )
        return card(
            weakest,
            reader,
            ("health", "arr", "owner"),
            empty="No strategic or enterprise account is red or amber",
            finding=_red_finding(counts["red"], counts["all"]),
            link_url=f"{reverse('accounts:list')}?health=red&health=amber&tier=strategic&tier=enterprise"
            "&sort=metrics.health_score",
        )


def _red_finding(red: int, whole: int) -> str:
    if not red:
        return f"None of {format_number(whole)} is red; these come nearest to it"
    return f"{format_number(red)} of {format_number(whole)} {'is' if red == 1 else 'are'} red"


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
    functions = {Function.LEADERSHIP: 50, Function.CUSTOMER_SUCCESS: 50, Function.MARKETING: 27}

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
class Gaps(HomePanel):
    """What stands in the way of good numbers: accounts without a tier, a domain or an owner."""

    key = "accounts.gaps"
    title = "Gaps in account data"
    template = "accounts/home/gaps.html"
    category = Category.ACCOUNT_PROFILE
    span = 12
    is_today_only = True
    functions = {Function.REVOPS: 30}

    def load(self, reader: Reader) -> dict[str, Any]:
        live = Account.objects.live()
        counts = live.aggregate(
            all=Count("pk"),
            tier=Count("pk", filter=Q(tier=None, standing__tier=None)),
            domain=Count("pk", filter=Q(domain="")),
            owner=Count("pk", filter=Q(owner_email="")),
            industry=Count("pk", filter=Q(industry="")),
        )
        base = reverse("accounts:list")
        wanted = (
            ("tier", "without a tier", f"{base}?tier=none"),
            ("domain", "without a web domain", f"{base}?sort=accounts.domain&columns=accounts.domain"),
            ("owner", "without an owner", f"{base}?sort=accounts.owner"),
            ("industry", "without an industry", f"{base}?sort=accounts.industry"),
        )
        return {
            "total": counts["all"],
            "gaps": [{"count": counts[name], "label": label, "url": url} for name, label, url in wanted],
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
    functions = {Function.MARKETING: 10, Function.SALES: 60}

    def load(self, reader: Reader) -> dict[str, Any]:
        rows = list(
            Account.objects.live()
            .filter(lifecycle__in=(Lifecycle.TARGET, Lifecycle.PROSPECT))
            .exclude(industry="")
            .order_by()
            .values("industry")
            .annotate(
                targets=Count("pk", filter=Q(lifecycle=Lifecycle.TARGET)),
                prospects=Count("pk", filter=Q(lifecycle=Lifecycle.PROSPECT)),
            )
            .order_by(-(F("targets") + F("prospects")), "industry")[:12]
        )
        whole = sum(row["targets"] + row["prospects"] for row in rows)
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


@register_home_panel
class Concentration(HomePanel):
    """How much of the revenue how few accounts bring: the premise of working by account."""

    key = "accounts.concentration"
    title = "Concentration of revenue"
    explain = "finance.arr"
    template = "accounts/home/concentration.html"
    category = Category.REVENUE
    level = Level.TOTALS
    is_today_only = True
    functions = {Function.LEADERSHIP: 10, Function.FINANCE: 40}

    def load(self, reader: Reader) -> dict[str, Any]:
        paying = Account.objects.live().filter(standing__arr__gt=0)
        amounts = paying.order_by("-standing__arr").values_list("standing__arr", flat=True)
        found = concentration_of([amount for amount in amounts if amount is not None])
        return {
            "chart": Chart(
                key=self.key,
                kind="lorenz",
                title=f"The top 20% of accounts bring {format_percent(found.top_fifth, 0)} of ARR"
                if found.accounts
                else "No recurring revenue yet",
                points=found.curve,
                category_label="Accounts",
                x_label="Share of accounts",
                y_label="Share of ARR",
                unit="ratio",
                x_unit="ratio",
            ),
            "figures": [
                {"label": "Largest account", "value": found.top_1},
                {"label": "Largest 5", "value": found.top_5},
                {"label": "Largest 10", "value": found.top_10},
            ],
            "hhi": found.hhi,
            "is_concentrated": found.top_fifth >= 0.5,
            "accounts": found.accounts,
        }


@register_home_panel
class TopAccounts(AccountTable):
    """The largest accounts by ARR."""

    key = "accounts.top_accounts"
    title = "Largest accounts"
    explain = "finance.arr"
    category = Category.REVENUE
    level = Level.TOTALS
    functions = {Function.FINANCE: 50, Function.REVOPS: 60}

    def load(self, reader: Reader) -> dict[str, Any]:
        largest = Account.objects.live().filter(standing__arr__gt=0).order_by(F("standing__arr").desc(), "pk")
        whole = Account.objects.live().aggregate(total=Sum("standing__arr"))["total"]
        return card(
            largest,
            reader,
            ("arr", "health", "renewal_on"),
            empty="No recurring revenue yet",
            total=whole,
            link_url=f"{reverse('accounts:list')}?sort=-finance.arr",
        )
