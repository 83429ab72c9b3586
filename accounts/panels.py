"""The panels that the account itself owns."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q, Sum
from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.codes import country_name
from common.formatting import format_date, format_key
from people.access import Access
from people.models import Category, Level
from sync.provenance.reading import conflicting_fields
from sync.registry import resources

MOST_DIVISIONS = 8
ISO_DAY = len("2026-11-22")


@register_panel
class KeyFacts(Panel):
    """Who the customer is, and how it hangs together with its parents and divisions."""

    key = "accounts.key_facts"
    title = "Key facts"
    template = "accounts/panels/key_facts.html"
    category = Category.ACCOUNT_PROFILE
    numbers = ("finance.arr", "metrics.health_score")
    span = 6

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        may_read_revenue = access.allows(Category.REVENUE, Level.TOTALS)
        below = Account.objects.live().filter(Q(parent=account) | Q(billing_parent=account))
        sums = below.aggregate(
            divisions=Count("pk", filter=Q(parent=account)),
            divisions_arr=Sum("standing__arr", filter=Q(parent=account)),
            billed=Count("pk", filter=Q(billing_parent=account)),
            billed_arr=Sum("standing__arr", filter=Q(billing_parent=account)),
        )
        # Asked for whether or not there are any, so that every account's page costs the same.
        by_size = F("standing__arr").desc(nulls_last=True) if may_read_revenue else F("name").asc()
        divisions = (
            account.divisions.filter(deleted_at=None)
            .order_by(by_size, "pk")
            .values("pk", "name", "standing__arr", "standing__health", "standing__health_band")[
                :MOST_DIVISIONS
            ]
        )
        own = getattr(getattr(account, "standing", None), "arr", None)

        def revenue(value: Any) -> Any:
            return access.redact(value, Category.REVENUE, Level.TOTALS)

        return {
            "facts": _facts(account),
            "origins_url": reverse("sync:origins", args=["accounts", account.pk]),
            "parent": _named(account.parent),
            "billing_parent": _named(account.billing_parent),
            "currency": settings.REPORTING_CURRENCY,
            "divisions": [
                {
                    "id": row["pk"],
                    "name": row["name"],
                    "arr": revenue(row["standing__arr"]),
                    "health": row["standing__health"],
                    "band": row["standing__health_band"],
                }
                for row in divisions
            ],
            "division_count": sums["divisions"],
            "division_arr": revenue((sums["divisions_arr"] or 0) + (own or 0)),
            "billed_count": sums["billed"],
            "billed_arr": revenue((sums["billed_arr"] or 0) + (own or 0)),
        }


def _own_value(value: Any) -> str:
    """Return an own field's value as people read it: yes and no, days, numbers with commas."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | float):
        return f"{value:,}"
    try:
        return format_date(date.fromisoformat(str(value))) if len(str(value)) == ISO_DAY else str(value)
    except ValueError:
        return str(value)


def _facts(account: Account) -> list[dict[str, Any]]:
    """Return the profile's values, each with the address of where it comes from."""
    shown = [
        ("domain", "Domain", account.domain),
        ("industry", "Industry", account.industry),
        ("country", "Country", country_name(account.country)),
        ("employees", "Employees", f"{account.employees:,}" if account.employees else ""),
        ("currency", "Currency", account.currency),
        ("workspace_ids", "Workspaces", ", ".join(account.workspace_ids[:3])),
        *(
            (f"custom.{name}", format_key(name), _own_value(value))
            for name, value in sorted(account.custom.items())[:6]
            if value not in (None, "")
        ),
    ]
    differing = conflicting_fields(resources["accounts"], account.pk)
    return [
        {
            "label": label,
            "value": value,
            "url": reverse("sync:origin", args=["accounts", account.pk, field]),
            "differs": field in differing,
        }
        for field, label, value in shown
    ]


def _named(account: Account | None) -> dict[str, Any] | None:
    """Return the id and name of a parent, None where there is none or its source deleted it."""
    if account is None or account.deleted_at is not None:
        return None
    return {"id": account.pk, "name": account.name}
