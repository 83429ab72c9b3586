"""What the pods see first: what wants attention now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, F, IntegerField, Value, When
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.models import Account
from common.export import Table, table_of
from common.formatting import format_date
from people.functions import Function
from people.models import Category, Level
from pods.models import Severity, Signal
from pods.sentences import doubt_about, sentence_on
from pods.tones import ORDER, TONES

MOST_SIGNALS = 60
OWNERS = (Function.SALES, Function.CUSTOMER_SUCCESS)
MOST_ACCOUNTS = 10
BY_SEVERITY = Case(
    *(When(severity=severity, then=Value(place)) for severity, place in ORDER.items()),
    default=Value(len(ORDER)),
    output_field=IntegerField(),
)
# Only an order: signals of a past day may stand in the order of today's revenue.
BY_REVENUE = F("account__standing__arr").desc(nulls_last=True)


@register_home_panel
class MySignals(HomePanel):
    """Open signals that the reader may read, risks first and then by tier; owners see their own accounts."""

    key = "pods.my_signals"
    title = "Risks, dates and chances"
    template = "pods/home/signals.html"
    category = Category.ACCOUNT_PROFILE
    is_flush = True
    span = 12
    functions = {
        Function.SALES: 10,
        Function.CUSTOMER_SUCCESS: 10,
        Function.PRODUCT: 40,
        Function.ENGINEERING: 40,
        Function.SUPPORT: 50,
        Function.MARKETING: 30,
        Function.LEGAL: 30,
        Function.LEADERSHIP: 70,
    }

    def load(self, reader: Reader) -> dict[str, Any]:
        readable = reader.access.readable(Category.values)
        found = Signal.objects.open_on(reader.as_of).filter(category__in=readable, account__deleted_at=None)
        mine = Account.objects.live().owned_by(reader.user.email)
        is_mine = reader.user.function in OWNERS and mine.exists()
        if is_mine:
            found = found.filter(account__in=mine.values("pk"))
        # Whose revenue may not be read must not show in an order either.
        may_weigh = reader.access.allows(Category.REVENUE, Level.TOTALS)
        weight = (BY_REVENUE,) if may_weigh else ()
        rows = found.order_by(
            BY_SEVERITY, "account__standing__tier__rank", *weight, "-opened_on", "pk"
        ).values(
            "severity",
            "trigger",
            "reason",
            "opened_on",
            "account_id",
            "account__name",
            "account__standing__tier__slug",
            "account__standing__tier__label",
        )[:MOST_SIGNALS]
        accounts: dict[int, dict[str, Any]] = {}
        for row in rows:
            held = accounts.setdefault(
                row["account_id"],
                {
                    "id": row["account_id"],
                    "name": row["account__name"],
                    "tier": row["account__standing__tier__slug"],
                    "tier_label": row["account__standing__tier__label"] or "",
                    "signals": [],
                },
            )
            held["signals"].append(
                {
                    "reason": sentence_on(reader.as_of, trigger=row["trigger"], reason=row["reason"]),
                    "tone": TONES.get(row["severity"], "neutral"),
                    "since": f"{Severity(row['severity']).label} since {format_date(row['opened_on'])}",
                    "provisional": doubt_about(row["trigger"], reader.doubts),
                }
            )
        return {
            "accounts": list(accounts.values())[:MOST_ACCOUNTS],
            "has_more": len(accounts) > MOST_ACCOUNTS,
            "is_mine": is_mine,
            "mine_url": f"{reverse('accounts:list')}?owner=mine",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the signals shown, one a row."""
        if not data["accounts"]:
            return None
        return table_of(
            "signals",
            [(account, signal) for account in data["accounts"] for signal in account["signals"]],
            [
                ("account_id", "Account id", lambda each: each[0]["id"]),
                ("account", "Account", lambda each: each[0]["name"]),
                ("tier", "Tier", lambda each: each[0]["tier_label"]),
                ("signal", "Signal", lambda each: each[1]["reason"]),
                ("since", "Since", lambda each: each[1]["since"]),
                ("provisional", "Provisional", lambda each: each[1]["provisional"]),
            ],
        )
