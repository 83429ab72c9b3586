"""The home card of the target lists, those that wait for the reader's signature first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.lists.access import why_closed
from accounts.lists.alignment import waited_for
from accounts.lists.models import TargetList
from common.export import Table, table_of
from people.functions import Function
from people.models import Category

SHOWN = 6


@register_home_panel
class TargetLists(HomePanel):
    """The reader's and the shared lists, with which side each waits for."""

    key = "accounts.target_lists"
    title = "Target lists"
    template = "accounts/home/target_lists.html"
    category = Category.ACCOUNT_PROFILE
    is_today_only = True
    functions = {Function.MARKETING: 8, Function.SALES: 55}

    def load(self, reader: Reader) -> dict[str, Any]:
        lists: list[Any] = list(TargetList.objects.shown_to(reader.user).with_members())
        waits = waited_for(lists)
        rows = [self._row(one, [side.value for side in waits.get(one.pk, [])], reader) for one in lists]
        rows.sort(key=lambda row: (not row["is_mine_to_sign"], not row["waits_for"], row["name"].lower()))
        due = sum(row["is_mine_to_sign"] for row in rows)
        return {
            "rows": rows[:SHOWN],
            "due": due,
            "link_url": reverse("accounts:target_lists"),
            "link_label": "All lists",
        }

    def _row(self, one: Any, waits: list[str], reader: Reader) -> dict[str, Any]:
        closed = why_closed(one, reader.access)
        return {
            "id": one.pk,
            "name": one.name,
            "url": one.get_absolute_url(),
            "owner": str(one.owner),
            "closed": closed,
            "members": None if closed else one.members,
            "proposed_at": one.proposed_at,
            "waits_for": " and ".join(waits),
            "is_mine_to_sign": reader.user.function in waits and not closed,
            "sign_url": reverse("accounts:list_sign", args=[one.pk]),
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the lists shown."""
        if not data["rows"]:
            return None
        return table_of(
            "target-lists",
            data["rows"],
            [
                ("id", "List id", lambda row: row["id"]),
                ("name", "List", lambda row: row["name"]),
                ("accounts", "Accounts", lambda row: row["members"]),
                ("owner", "Owner", lambda row: row["owner"]),
                ("waits_for", "Waits for", lambda row: row["waits_for"]),
            ],
        )
