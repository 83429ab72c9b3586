"""What the account page shows of collections: what is overdue, why it isn't asked, and what was asked when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar

from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from finance.collections.board import COLUMNS, Card, column_of, columns_of
from finance.collections.history import history_of
from finance.collections.positions import COLLECTIONS, positions_on
from finance.collections.writing import exact
from finance.models import PaymentPromise
from metrics.engine.plan import today
from people.access import Access
from people.functions import Function
from people.models import Category
from tiers.entitlements.resolution import entitlement

MOST = 8
COLUMN_TONES = {"relationship": "amber", "asked": "accent"}
HAPPENINGS: list[tuple[str, str, Callable[[Mapping[str, Any]], Any]]] = [
    ("at", "When", lambda row: row["at"]),
    ("what", "What", lambda row: row["what"]),
    ("state", "State", lambda row: row["state"]),
    ("detail", "Detail", lambda row: row["detail"]),
]
CLAIMS: list[tuple[str, str, Callable[[Mapping[str, Any]], Any]]] = [
    ("amount", "Overdue", lambda row: row["amount"]),
    ("rest", "May be asked for, where not all", lambda row: row["rest"]),
    ("days_overdue", "Days overdue", lambda row: row["days_overdue"]),
    ("why", "What follows", lambda row: row["why"]),
]


@register_panel
class Collections(Panel):
    """What is overdue by currency with what follows, and what was asked, promised and held."""

    key = "finance.collections"
    title = "Collections"
    template = "finance/panels/collections.html"
    category = Category.FINANCIAL_HEALTH
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        positions = positions_on(as_of, [account.pk])
        held = positions[0].entitled if positions else entitlement(account, COLLECTIONS)
        return {
            # What follows is decided by today's promises and policy, so a past day shows amounts alone.
            "claims": [_plain(Card(each, column_of(each)), is_past=as_of < today()) for each in positions],
            "happenings": [
                {
                    "at": each.at,
                    "what": each.what,
                    "state": each.state,
                    "tone": each.tone,
                    "detail": each.detail,
                    "url": each.url,
                }
                for each in history_of(account.pk, as_of, most=MOST)
            ],
            "words": held.words,
            "origin": access.redact(held.origin, held.category),
            "url": reverse("finance:collection", args=[account.pk]),
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return what happened, and without that what is overdue."""
        if data["happenings"]:
            return table_of("collection-history", data["happenings"], HAPPENINGS)
        return table_of("overdue", data["claims"], CLAIMS) if data["claims"] else None


def _plain(card: Card, *, is_past: bool) -> dict[str, Any]:
    return {
        "amount": card.amount,
        "rest": card.rest,
        "days_overdue": card.position.claim.days_overdue,
        "why": "" if is_past else card.position.verdict.why,
        "column": "Overdue" if is_past else COLUMNS[card.column],
        "tone": "neutral" if is_past else COLUMN_TONES.get(card.column, "neutral"),
    }


@register_home_panel
class CollectionsToday(HomePanel):
    """What is overdue today by what stands in its way, and promises that fall due within a week."""

    key = "finance.collections_today"
    title = "Overdue and promised"
    template = "finance/home/collections.html"
    category = Category.FINANCIAL_HEALTH
    is_lazy = True
    is_today_only = True
    functions: ClassVar = {Function.FINANCE: 15, Function.LEADERSHIP: 65}

    def load(self, reader: Reader) -> dict[str, Any]:
        positions = positions_on(reader.as_of)
        shown = columns_of([Card(each, column_of(each)) for each in positions], is_whole=False)
        promises = PaymentPromise.objects.open().filter(
            due_on__lte=reader.in_days(7), account__deleted_at=None
        )
        return {
            "columns": [
                {
                    "key": column.key,
                    "label": column.label,
                    "count": column.count,
                    "totals": list(column.totals),
                }
                for column in shown
                if column.count
            ],
            "promises": [
                {
                    "url": reverse("finance:collection", args=[each.account_id]),
                    "account_id": each.account_id,
                    "account": each.account.name,
                    "amount": exact(each.amount, each.currency),
                    "due_on": each.due_on,
                }
                for each in promises.select_related("account").order_by("due_on", "pk")[:MOST]
            ],
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the columns with their totals."""
        if not data["columns"]:
            return None
        return table_of(
            "overdue-by-state",
            data["columns"],
            [
                ("state", "State", lambda row: row["label"]),
                ("claims", "Claims", lambda row: row["count"]),
                ("totals", "Overdue", lambda row: row["totals"]),
            ],
        )
