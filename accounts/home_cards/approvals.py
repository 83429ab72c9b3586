"""The home card of those who have something to decide."""

from __future__ import annotations

from typing import Any

from accounts.home import HomePanel, Reader, register_home_panel
from common.formatting import format_count
from people.approvals.reading import Shown, to_decide
from people.approvals.seats import seats_of
from people.functions import Function

SHOWN = 5


@register_home_panel
class ToDecide(HomePanel):
    """What waits for the reader's decision, the most pressing first; nothing where nothing does."""

    key = "people.to_decide"
    title = "Waiting for your decision"
    template = "accounts/home/to_decide.html"
    is_today_only = True
    functions = dict.fromkeys(Function, 5)

    def is_for(self, reader: Reader) -> bool:
        return to_decide(reader.user, seats_of(reader.user)).exists()

    def load(self, reader: Reader) -> dict[str, Any]:
        waiting = to_decide(reader.user, seats_of(reader.user))
        found = waiting.select_related("requested_by").order_by("due_at", "pk")[:SHOWN]
        count = waiting.count()
        return {
            "rows": [Shown(request, reader.access) for request in found],
            "more": format_count(count - SHOWN, "more request") if count > SHOWN else "",
        }
