"""Home cards that list accounts, and what is missing of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, F, Q, Sum, When
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.home_tables import AccountTable, card, mine_or_all
from accounts.models import Account, HealthBand
from common.formatting import format_count, format_money, format_number
from people.functions import Function
from people.models import Category, Level


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
class SinglePoints(AccountTable):
    """Large customers that only one colleague holds: without an executive sponsor, or without an owner."""

    key = "accounts.single_points"
    title = "Large customers held by one person"
    category = Category.ACCOUNT_TEAM
    functions = {Function.PEOPLE: 20, Function.LEADERSHIP: 65}

    def load(self, reader: Reader) -> dict[str, Any]:
        held = Account.objects.customers().filter(
            Q(owner_email="") | Q(sponsor_email="") | Q(owner_email=F("sponsor_email")),
            standing__tier__rank__lte=2,
        )
        count = held.count()
        return card(
            held.order_by("standing__tier__rank", F("standing__health").asc(nulls_last=True), "pk"),
            reader,
            ("health", "owner"),
            empty="Every strategic and enterprise customer has an owner and a sponsor",
            finding=f"{format_count(count, 'customer')} without a second colleague" if count else "",
            link_url=f"{reverse('accounts:list')}?tier=strategic&tier=enterprise&lifecycle=customer"
            "&columns=accounts.tier,metrics.health_score,accounts.owner,accounts.sponsor&sort=accounts.sponsor",
        )


@register_home_panel
class Gaps(HomePanel):
    """What stands in the way of good numbers: accounts without a tier, a domain or an owner."""

    key = "accounts.gaps"
    title = "Gaps in account data"
    template = "accounts/home/gaps.html"
    category = Category.ACCOUNT_PROFILE
    is_today_only = True
    functions = {Function.REVOPS: 40}

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
