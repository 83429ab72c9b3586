"""What waits to happen to accounts' tiers, and which decisions of people end soon."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Case, Count, IntegerField, Value, When
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from common.export import Table, table_of
from common.formatting import format_count
from people.functions import Function
from people.models import Category
from tiers.doubts import doubt_about_rules
from tiers.models import PendingMove, TierOverride

SHOWN = 6
SOON = timedelta(days=30)
# What wants a person comes before what only wants time.
ORDER = (PendingMove.Why.APPROVAL, PendingMove.Why.REFUSED, PendingMove.Why.GRACE, PendingMove.Why.DWELL)
BY_WHY = Case(
    *(When(why=why, then=Value(place)) for place, why in enumerate(ORDER)),
    output_field=IntegerField(),
)


@register_home_panel
class PendingMoves(HomePanel):
    """Moves that the rules ask for and that wait, by what they wait for."""

    key = "tiers.pending_moves"
    title = "Moves that wait"
    template = "tiers/home/pending.html"
    category = Category.ACCOUNT_PROFILE
    is_flush = True
    is_today_only = True
    functions = {Function.REVOPS: 12}

    def load(self, reader: Reader) -> dict[str, Any]:
        waiting = PendingMove.objects.filter(account__deleted_at=None)
        counts = dict(waiting.order_by().values_list("why").annotate(n=Count("pk")))
        ordered = waiting.select_related("account", "from_tier", "to_tier").order_by(BY_WHY, "until", "pk")
        doubt = doubt_about_rules(reader)
        return {
            "counts": [
                {
                    "label": why.label,
                    "count": counts[why],
                    "url": reverse("people:approvals") if why == PendingMove.Why.APPROVAL else "",
                }
                for why in ORDER
                if why in counts
            ],
            "rows": list(ordered[:SHOWN]),
            "every": ordered,
            "more": max(0, sum(counts.values()) - SHOWN),
            "provisional": {"rules": doubt} if doubt else {},
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return every move that waits, not only those shown."""
        if not data["rows"]:
            return None
        return table_of(
            "tier-moves-that-wait",
            data["every"].iterator(chunk_size=1000),
            [
                ("account_id", "Account id", lambda row: row.account_id),
                ("account", "Account", lambda row: row.account.name),
                ("from", "From", lambda row: row.from_tier.label),
                ("to", "To", lambda row: row.to_tier.label),
                ("why", "Waits for", lambda row: row.get_why_display()),
                ("since", "Since", lambda row: row.since),
                ("until", "At the earliest", lambda row: row.until),
            ],
        )


@register_home_panel
class OverridesEnding(HomePanel):
    """Overrides that end within 30 days, the soonest first: to be let go or extended."""

    key = "tiers.overrides_ending"
    title = "Overrides expiring within 30 days"
    template = "tiers/home/overrides.html"
    category = Category.ACCOUNT_PROFILE
    functions = {Function.REVOPS: 22}

    def load(self, reader: Reader) -> dict[str, Any]:
        held = TierOverride.objects.open_on(reader.as_of).filter(account__deleted_at=None)
        soon = (
            held.filter(ends_on__lte=reader.as_of + SOON)
            .select_related("account", "tier", "author")
            .order_by("ends_on", "pk")
        )
        later = held.filter(ends_on__gt=reader.as_of + SOON).count()
        rows = list(soon[: SHOWN + 1])
        return {
            "rows": rows[:SHOWN],
            "link_url": reverse("tiers:overrides"),
            "every": soon,
            "has_more": len(rows) > SHOWN,
            "later": f"{format_count(later, 'override')} {'ends' if later == 1 else 'end'} later"
            if later
            else "",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return every override that ends soon, not only those shown."""
        if not data["rows"]:
            return None
        return table_of(
            "overrides-expiring",
            data["every"].iterator(chunk_size=1000),
            [
                ("account_id", "Account id", lambda row: row.account_id),
                ("account", "Account", lambda row: row.account.name),
                ("tier", "Tier", lambda row: row.tier.label),
                ("ends_on", "First day without it", lambda row: row.ends_on),
                ("author", "Author", lambda row: str(row.author)),
                ("reason", "Reason", lambda row: row.reason),
            ],
        )
