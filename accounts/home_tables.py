"""Lists of accounts for the first screen, which cards of every app are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.home import HomePanel, Reader
from accounts.lenses.doubts import doubts_of_fields
from accounts.models import Account
from common.export import Table, table_of
from people.access import Access
from people.models import Category, Level, User

MOST_ROWS = 8
FIELDS = (
    "pk",
    "name",
    "owner_email",
    "standing__tier__slug",
    "standing__tier__label",
    "standing__health",
    "standing__health_band",
    "standing__health_change",
    "standing__arr",
    "standing__renewal_on",
    "standing__usage_trend",
    "standing__open_tickets",
)
LABELS: Mapping[str, str] = {
    "health": "Health",
    "health_change": "Health change in 30 days",
    "arr": "ARR",
    "renewal_on": "Renewal",
    "usage_trend": "Usage against norm",
    "open_tickets": "Open tickets",
    "owner": "Owner",
}
CLOSED: Mapping[str, tuple[str, str]] = {
    "arr": (Category.REVENUE, Level.TOTALS),
    "renewal_on": (Category.CONTRACTS, Level.TOTALS),
    "usage_trend": (Category.PRODUCT_USAGE, Level.FULL),
    "open_tickets": (Category.SUPPORT_HISTORY, Level.FULL),
    "owner_email": (Category.ACCOUNT_TEAM, Level.FULL),
    "owner": (Category.ACCOUNT_TEAM, Level.FULL),
    "health": (Category.ACCOUNT_PROFILE, Level.TOTALS),
    "health_change": (Category.ACCOUNT_PROFILE, Level.TOTALS),
}


def account_rows(accounts: QuerySet[Account], access: Access, most: int = MOST_ROWS) -> list[dict[str, Any]]:
    """Return the first accounts with their headline figures, each value readable or redacted; one query."""
    rows = []
    owner = Subquery(User.objects.filter(email=OuterRef("owner_email")).values("name")[:1])
    for held in accounts.annotate(owner=Coalesce(owner, F("owner_email"))).values(*FIELDS, "owner")[:most]:
        row = {key.removeprefix("standing__"): value for key, value in held.items()}
        for name, (category, level) in CLOSED.items():
            row[name] = access.redact(row[name], category, level)
        row["id"] = row.pop("pk")
        rows.append(row)
    return rows


def card(
    accounts: QuerySet[Account], reader: Reader, columns: Sequence[str], most: int = MOST_ROWS, **more: Any
) -> dict[str, Any]:
    """Return what the template of an account table shows: rows, the columns that may be read, the currency."""
    return {
        "rows": account_rows(accounts, reader.access, most),
        "columns": [name for name in columns if reader.access.allows(*CLOSED[name])],
        "currency": settings.REPORTING_CURRENCY,
        "provisional": {
            name: reason
            for name, reason in doubts_of_fields(reader.doubts, reader.access).items()
            if name in columns
        },
        **more,
    }


def mine_or_all(reader: Reader) -> tuple[QuerySet[Account], bool]:
    """Return the reader's own accounts, or all of them where they own none, and whether they own any."""
    mine = Account.objects.live().owned_by(reader.user.email)
    return (mine, True) if mine.exists() else (Account.objects.live(), False)


class AccountTable(HomePanel):
    """A card that lists accounts with their standing, which is kept for today alone."""

    template = "accounts/home/accounts.html"
    category = Category.ACCOUNT_PROFILE
    is_flush = True
    is_today_only = True

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the accounts with the columns that the reader may read."""
        if not data.get("rows"):
            return None
        shown = [
            (
                name,
                f"{label} ({data['currency']})" if name == "arr" else label,
                lambda row, name=name: row[name],
            )
            for name, label in LABELS.items()
            if name in data["columns"]
        ]
        return table_of(
            self.key.replace(".", "-"),
            data["rows"],
            [
                ("id", "Account id", lambda row: row["id"]),
                ("account", "Account", lambda row: row["name"]),
                ("tier", "Tier", lambda row: row["tier__label"] or ""),
                *shown,
            ],
        )
