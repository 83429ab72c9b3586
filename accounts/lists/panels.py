"""The target lists of an account, on its page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from accounts.lenses import Panel, register_panel
from accounts.lists.access import why_closed
from accounts.lists.models import ListMembership
from accounts.models import Account
from common.export import Table, table_of
from people.access import Access
from people.models import Category
from sync.provenance.as_of import end_of

MOST_SHOWN = 12


@register_panel
class AccountLists(Panel):
    """The shared lists that the account is on, with who or what put it there."""

    key = "accounts.lists"
    title = "Target lists"
    template = "accounts/panels/lists.html"
    category = Category.ACCOUNT_PROFILE
    span = 6
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        held = (
            ListMembership.objects.at(end_of(as_of))
            .filter(account=account, list__is_shared=True, list__deleted_at=None)
            .select_related("list", "came_with__by")
            .order_by("list__name", "list_id")
        )
        rows = list(held)
        shown = [row for row in rows if not why_closed(row.list, access)]
        return {
            "lists": [
                {
                    "name": row.list.name,
                    "url": row.list.get_absolute_url(),
                    "cause": row.came_with.get_cause_display(),
                    "by": str(row.came_with.by) if row.came_with.by else "",
                    "at": row.came_with.at,
                }
                for row in shown[:MOST_SHOWN]
            ],
            "more": max(0, len(shown) - MOST_SHOWN),
            "closed": len(rows) - len(shown),
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the lists shown."""
        if not data["lists"]:
            return None
        return table_of(
            "target-lists",
            data["lists"],
            [
                ("name", "List", lambda row: row["name"]),
                ("cause", "Came by", lambda row: row["cause"]),
                ("by", "By", lambda row: row["by"]),
                ("at", "Since", lambda row: row["at"]),
            ],
        )
