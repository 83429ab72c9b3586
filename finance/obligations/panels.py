"""What the running contracts of an account oblige both sides to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from common.periods import end_of
from finance.models import ContractObligation
from people.models import Category

MOST = 10


@register_panel
class Obligations(Panel):
    """What is still to be done by contract, by whom and until when, the nearest day first."""

    key = "finance.obligations"
    title = "Obligations"
    template = "finance/panels/obligations.html"
    category = Category.CONTRACTS
    span = 6
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        held: Any = ContractObligation.objects.holding(as_of).filter(
            Q(done_at=None) | Q(done_at__gte=end_of(as_of)),
            contract__account=account,
            created_at__lt=end_of(as_of),
        )
        rows = list(held.select_related("contract", "owner").order_by("due_on", "pk")[: MOST + 1])
        return {
            "rows": [
                {
                    "title": one.title,
                    "party": one.get_party_display(),
                    "due_on": one.due_on,
                    "is_late": one.due_on < as_of,
                    "owner": str(one.owner) if one.owner else "Legal",
                    "contract": str(one.contract),
                    "url": f"{one.contract.get_absolute_url()}#obligations",
                }
                for one in rows[:MOST]
            ],
            "has_more": len(rows) > MOST,
            "url": f"{reverse('finance:obligations')}?{urlencode({'q': account.name})}",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the obligations shown."""
        if not data["rows"]:
            return None
        return table_of(
            "obligations",
            data["rows"],
            [
                ("title", "What", lambda row: row["title"]),
                ("party", "By whom", lambda row: row["party"]),
                ("due_on", "Due", lambda row: row["due_on"]),
                ("owner", "Who sees to it", lambda row: row["owner"]),
                ("contract", "Contract", lambda row: row["contract"]),
            ],
        )
