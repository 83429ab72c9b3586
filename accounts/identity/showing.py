"""Accounts side by side, as people read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from accounts.identity.fields import CUSTOM, Side, accounts_resource, label_of
from accounts.models import Account, Contact, Lifecycle, Tier
from common.codes import country_name
from people.access import Access
from sync.api.reading import redacted_fields
from sync.models import Link

UNREADABLE = "It was changed since; its values are not for your function."


@dataclass(frozen=True, slots=True)
class Profile:
    """What tells one account from another at a glance."""

    account: Account
    country: str
    records: Sequence[str]
    contacts: int


@dataclass(frozen=True, slots=True)
class Row:
    """One field of two accounts: both values in words, and whose stays."""

    name: str
    label: str
    winner: str
    loser: str
    choice: str
    can_join: bool
    differs: bool


def profiles_of(ids: Collection[int]) -> dict[int, Profile]:
    """Return the profiles of accounts by id, deleted ones too; three queries."""
    records: dict[int, list[str]] = defaultdict(list)
    links = Link.objects.filter(resource="accounts", object_id__in=ids, deleted_at=None).select_related(
        "source"
    )
    for link in links.order_by("pk"):
        records[link.object_id].append(f"{link.source.slug} {link.external_id}")
    counted = (
        Contact.objects.filter(account__in=ids, deleted_at=None)
        .values("account")
        .annotate(number=Count("pk"))
    )
    contacts = {row["account"]: row["number"] for row in counted}
    return {
        account.pk: Profile(
            account, country_name(account.country), records[account.pk], contacts.get(account.pk, 0)
        )
        for account in Account.objects.select_related("tier").filter(pk__in=ids)
    }


def rows_of(sides: Sequence[Side], choices: dict[str, str], access: Access) -> list[Row]:
    """Return the fields to choose among in words, those that differ first; what may not be read is left out."""
    words = _Words(sides)
    hidden = redacted_fields(accounts_resource(), access)
    rows = [
        Row(
            name=side.name,
            label=label_of(side.name),
            winner=words.of(side.name, side.winner),
            loser=words.of(side.name, side.loser),
            choice=choices[side.name],
            can_join=side.can_join,
            differs=side.differs,
        )
        for side in sides
        if side.name not in hidden
    ]
    return sorted(rows, key=lambda row: not row.differs)


def readable_conflicts(conflicts: Sequence[dict[str, Any]], access: Access) -> list[dict[str, Any]]:
    """Return what changed since a merge, without the values of fields that the reader may not read."""
    hidden = redacted_fields(accounts_resource(), access)
    return [item | {"why": UNREADABLE} if item["field"] in hidden else item for item in conflicts]


class _Words:
    """Names in place of ids; two queries for all fields together."""

    def __init__(self, sides: Iterable[Side]) -> None:
        both = [
            (side.name, value) for side in sides for value in (side.winner, side.loser) if value is not None
        ]
        self.names = dict(
            Account.objects.filter(pk__in=[value for name, value in both if name in _PARENTS]).values_list(
                "pk", "name"
            )
        )
        self.tiers = dict(Tier.objects.values_list("pk", "label"))

    def of(self, name: str, value: Any) -> str:
        if value in (None, "", []):
            return ""
        if name in _PARENTS:
            return f"{self.names.get(value, '')} ({value})"
        if name == "tier":
            return self.tiers.get(value, str(value))
        if name == "lifecycle":
            return Lifecycle(value).label
        if name == "country":
            return country_name(value)
        if isinstance(value, list):
            return ", ".join(map(str, value))
        if isinstance(value, bool) and name.startswith(CUSTOM):
            return "Yes" if value else "No"
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


_PARENTS = ("parent", "billing_parent")
