"""Whom a late ticket of an account reaches, step by step, on the account's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from common.periods import end_of
from people.access import Access, Redacted
from people.models import Category
from support.entitlements import ESCALATION, GROUP
from support.escalations.audience import read_audience
from support.escalations.ladders import drafts_of, paths, people_in, told
from support.models import AccountEngineer, Ladder, Rung, Ticket
from tiers.entitlements.panel import account_entitlements, entitled_row

# Whom these reach depends on the ticket.
OF_TICKET = (Rung.Who.ENGINEER, Rung.Who.TEAM)


@register_panel
class EscalationPath(Panel):
    """The steps that a breach of the account goes up, and who would be reached by each today.

    Where a contract gave the path, it is for readers of contracts.
    """

    key = "support.escalation_path"
    title = "Who is told when it is late"
    template = "support/panels/escalation_path.html"
    category = Category.SUPPORT_HISTORY
    span = 6
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        held = account_entitlements(account, as_of, GROUP)[ESCALATION]
        seen = entitled_row(held, account, as_of, access)
        data = {"seen": seen, "steps": [], "engineers": []}
        if isinstance(seen["words"], Redacted):
            return data
        is_now = as_of >= timezone.now().date()
        ladder = _ladder_on(as_of)
        drafts = drafts_of(ladder)[str(held.value)] if held.value in paths() else []
        people = people_in({"": drafts})
        words = [told(one, place, people) for place, one in enumerate(drafts, 1)]
        reached = _reached(account, ladder, str(held.value)) if is_now and ladder else {}
        steps = [
            {"what": words[place - 1], "whom": reached.get(place, "")} for place in range(1, len(words) + 1)
        ]
        return data | {"steps": steps, "engineers": _engineers(account) if is_now else []}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the steps as they are shown."""
        if not data["steps"]:
            return None
        return table_of(
            "escalation-path",
            data["steps"],
            [
                ("step", "Step", lambda row: row["what"]),
                ("reaches", "Reaches today", lambda row: row["whom"]),
            ],
        )


def _ladder_on(day: date) -> Ladder | None:
    """Return the version that counted when a day ended; the first one came with the product and counts since ever."""
    by_then = Q(published_at=None) | Q(published_at__lt=end_of(day))
    return Ladder.objects.exclude(state=Ladder.State.DRAFT).filter(by_then).order_by("-version").first()


def _reached(account: Account, ladder: Ladder, path: str) -> dict[int, str]:
    """Return by its position in words whom each step reaches now that isn't told by the ticket."""
    ticket = Ticket(account=account)
    audience = read_audience([ticket])
    rungs = ladder.rungs.filter(path=path).exclude(who__in=OF_TICKET).select_related("person")
    return {rung.position: audience.reached(ticket, rung).words for rung in rungs}


def _engineers(account: Account) -> list[AccountEngineer]:
    rows = AccountEngineer.objects.filter(account=account).select_related("person")
    return list(rows.order_by("-is_named", "person__name", "pk"))
