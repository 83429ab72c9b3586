"""The first screen's card of accounts whose score contradicts what else is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.home_tables import mine_or_all
from accounts.models import Account
from common.export import Table, table_of
from common.formatting import format_count
from metrics.health.disagreement import names_of_disagreements, open_to
from metrics.models import RefreshRun
from people.functions import Function
from people.models import Category, Level

MOST_ROWS = 8
OWNERS = (Function.SALES, Function.CUSTOMER_SUCCESS)


@register_home_panel
class WhereJudgementsDisagree(HomePanel):
    """Customers whose score contradicts people, tickets, money or deals; owners see their own where they have any."""

    key = "metrics.disagreements"
    title = "Where judgements disagree"
    explain = "metrics.health_score"
    template = "metrics/home/disagreements.html"
    category = Category.ACCOUNT_PROFILE
    is_today_only = True
    is_lazy = True
    functions = {Function.LEADERSHIP: 35, Function.CUSTOMER_SUCCESS: 45}

    def load(self, reader: Reader) -> dict[str, Any]:
        newest = RefreshRun.objects.finished().newest_day()
        asked = open_to(reader.access) if newest else []
        url = reverse("accounts:list")
        query = "&".join(f"disagreement={one.key}" for one in asked)
        shown = "columns=metrics.health_score,metrics.sentiment,metrics.disagreements,accounts.owner"
        if not asked:
            return {"accounts": [], "finding": "", "link_url": f"{url}?{shown}"}
        held = mine_or_all(reader)[0] if reader.user.function in OWNERS else Account.objects.live()
        among = [Q(pk__in=one.accounts(None, newest).order_by().values("pk")) for one in asked]
        found = held.filter(pk__in=Account.objects.customers().order_by().values("pk")).filter(
            reduce(or_, among)
        )
        # Whose revenue may not be read must not show in an order either.
        weight = (
            [F("standing__arr").desc(nulls_last=True)]
            if reader.access.allows(Category.REVENUE, Level.TOTALS)
            else []
        )
        rows = (
            found.annotate(names=names_of_disagreements(asked, numbers_on=newest))
            .order_by("standing__tier__rank", *weight, "pk")
            .values("pk", "name", "standing__health", "standing__health_band", "names")[:MOST_ROWS]
        )
        return {
            "accounts": [
                {
                    "id": row["pk"],
                    "name": row["name"],
                    "health": row["standing__health"],
                    "band": row["standing__health_band"],
                    "names": row["names"],
                }
                for row in rows
            ],
            "finding": f"{format_count(found.count(), 'customer')} where the score is contradicted",
            "link_url": f"{url}?{query}&{shown}",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the accounts shown."""
        if not data["accounts"]:
            return None
        return table_of(
            "disagreements",
            data["accounts"],
            [
                ("id", "Account id", lambda row: row["id"]),
                ("account", "Account", lambda row: row["name"]),
                ("health", "Health", lambda row: row["health"]),
                ("disagreements", "Disagreements", lambda row: row["names"]),
            ],
        )
