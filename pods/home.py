"""What the pods see first: what wants attention now."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.models import Account
from people.functions import Function
from people.models import Category
from pods.models import Severity, Signal
from pods.tones import ORDER, TONES

MOST_SIGNALS = 10
BY_SEVERITY = Case(
    *(When(severity=severity, then=Value(place)) for severity, place in ORDER.items()),
    default=Value(len(ORDER)),
    output_field=IntegerField(),
)


@register_home_panel
class MySignals(HomePanel):
    """Open signals that the reader may read, of their own accounts where they have any, largest tier first."""

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
        found = Signal.objects.filter(closed_on=None, category__in=readable, account__deleted_at=None)
        mine = Account.objects.live().owned_by(reader.user.email)
        is_mine = mine.exists()
        if is_mine:
            found = found.filter(account__in=mine.values("pk"))
        rows = found.order_by(BY_SEVERITY, "account__standing__tier__rank", "-opened_on", "pk").values(
            "severity",
            "reason",
            "opened_on",
            "account_id",
            "account__name",
            "account__standing__tier__slug",
            "account__standing__tier__label",
        )[: MOST_SIGNALS + 1]
        signals = [
            {
                **row,
                "label": Severity(row["severity"]).label,
                "tone": TONES.get(row["severity"], "neutral"),
            }
            for row in rows
        ]
        return {
            "signals": signals[:MOST_SIGNALS],
            "has_more": len(signals) > MOST_SIGNALS,
            "is_mine": is_mine,
            "mine_url": f"{reverse('accounts:list')}?owner=mine",
        }
