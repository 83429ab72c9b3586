"""The panel that says what an account is entitled to; functions show their own cut of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.urls import reverse

from accounts.lenses import Panel
from accounts.lenses.memo import read_once
from accounts.models import Account
from common.export import Table, table_of
from people.access import Access, Redacted
from people.models import Category
from tiers.entitlements.registry import kinds, ordered_kinds
from tiers.entitlements.resolution import Entitled, entitlements_by, tiers_of, today
from tiers.entitlements.tables import ValueTable, table_in_force


def values_on(account: Account, as_of: date) -> ValueTable:
    """Return the values in force on a day, read once for all panels of a page."""
    return read_once(account, ("tiers.values", as_of), lambda: table_in_force(as_of))


def account_entitlements(account: Account, as_of: date, group: str = "") -> dict[str, Entitled]:
    """Return what an account is entitled to on a day, of one group if asked, read once for all panels of a page."""
    keys = [kind.key for kind in ordered_kinds(group)]
    table = values_on(account, as_of)
    return read_once(
        account,
        ("tiers.entitlements", group, as_of),
        lambda: entitlements_by(table, [account], keys, as_of=as_of)[account.pk],
    )


def given_by_tier(account: Account, key: str, as_of: date) -> tuple[str, str]:
    """Return in words what the account's tier gives of one kind, and the tier: for a contract that says nothing."""
    table = values_on(account, as_of)
    tier = tiers_of([account], table, as_of)[account.pk]
    return table.words(kinds[key], tier), f"the {tier.label} tier" if tier else "the lowest tier"


class EntitlementPanel(Panel):
    """What the account is entitled to, each value with what gave it; subclass it for the kinds of one group.

    What a contract gave is for readers of contracts; to others it is redacted, not replaced by the tier's value.
    """

    template = "tiers/panels/entitlements.html"
    category = Category.ACCOUNT_PROFILE
    span = 6
    is_flush = True
    group: ClassVar[str] = ""

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        held = account_entitlements(account, as_of, self.group)
        some = next(iter(held.values()))
        return {
            "tier": some.tier.label if some.tier else "",
            "version": some.version,
            "rows": [entitled_row(one, account, as_of, access) for one in held.values()],
        }

    def table(self, data: Mapping[str, Any]) -> Table:
        """Return the values as they are shown."""
        return table_of(
            "entitlements",
            data["rows"],
            [
                ("entitlement", "Entitlement", lambda row: row["label"]),
                ("value", "Value", lambda row: row["words"]),
                ("given_by", "Given by", lambda row: row["origin"]),
            ],
        )


def entitled_row(held: Entitled, account: Account, as_of: date, access: Access) -> dict[str, Any]:
    """Return what a page or the API shows of one value: the words, what gave it, and where to open that."""
    seen = held.seen_with(access)
    row: dict[str, Any] = {
        "key": held.kind.key,
        "label": held.kind.label,
        "url": origin_url(account, held.kind.key, as_of),
    }
    if isinstance(seen, Redacted):
        return row | {"words": seen, "source": seen, "origin": seen}
    return row | {"words": held.words, "source": held.source, "origin": held.origin}


def origin_url(account: Account, key: str, as_of: date) -> str:
    """Return the page that shows where a value of an account comes from, on the day shown."""
    url = reverse("tiers:origin", args=[account.pk, key])
    return url if as_of >= today() else f"{url}?{urlencode({'as_of': as_of.isoformat()})}"
