"""What an account is entitled to, and whether its contract or its tier gave it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Account, Tier, TierTenure
from people.access import Access, Redacted
from tiers.entitlements.registry import Clause, EntitlementKind, contract_sources, kinds
from tiers.entitlements.tables import ValueTable, table_in_force

Source = Literal["contract", "tier"]
UNKNOWN = "no tier yet"


@dataclass(frozen=True, slots=True)
class Entitled:
    """What an account is entitled to of one kind.

    ``value`` is as stored, ``words`` says it with its unit. ``source`` tells which of the two gave it: a contract,
    named by ``clause``, or the tier. ``tier`` is the account's, or None where it has none yet: then it is
    treated as the lowest tier is. ``by_tier`` is the value that the tier would give. ``version`` is that of the
    rule set, None while the defaults hold because none was published.
    """

    kind: EntitlementKind
    value: Any
    source: Source
    tier: Tier | None
    by_tier: Any
    version: int | None
    clause: Clause | None = None
    category: str | None = None

    @property
    def words(self) -> str:
        """The value in words with its unit."""
        return self.kind.words(self.value)

    @property
    def origin(self) -> str:
        """Which of the two gave it, in words, such as ``Strategic tier`` or ``Contract C-1``."""
        if self.clause is not None:
            return self.clause.words
        return f"{self.tier.label} tier" if self.tier else UNKNOWN.capitalize()

    def seen_with(self, access: Access) -> Entitled | Redacted:
        """Return itself, or the mark that stands for it where a contract gave it that may not be read."""
        if self.category is None or access.allows(self.category):
            return self
        return Redacted(self.category, access.why_not(self.category))


def entitlement(account: Account, key: str, *, as_of: date | None = None) -> Entitled:
    """Return what one account is entitled to of one kind. Raises KeyError for a kind that nobody declared.

    At most three queries; for many accounts or kinds ask ``entitlements_of``, which costs the same.
    """
    return entitlements_of([account], (key,), as_of=as_of)[account.pk][key]


def entitlements_of(
    accounts: Iterable[Account | int], keys: Collection[str] = (), *, as_of: date | None = None
) -> dict[int, dict[str, Entitled]]:
    """Return by account and kind what many accounts are entitled to; every kind unless ``keys`` names some.

    ``as_of`` is a past day: with the tier of that day and the rules then in force, and contracts as known now.
    Two queries and one for each query of contract sources, however many accounts and kinds there are.
    """
    return entitlements_by(table_in_force(as_of), accounts, keys, as_of=as_of)


def entitlements_by(
    table: ValueTable,
    accounts: Iterable[Account | int],
    keys: Collection[str] = (),
    *,
    as_of: date | None = None,
) -> dict[int, dict[str, Entitled]]:
    """Return what ``entitlements_of`` does, by the values of a version that is at hand already."""
    asked = [kinds[key] for key in (keys or [kind.key for kind in kinds])]
    held = {account if isinstance(account, int) else account.pk: account for account in accounts}
    day = as_of or today()
    tiers = tiers_of(held.values(), table, as_of)
    agreed = _agreed([kind.key for kind in asked if kind.key in contract_sources and held], day, held)
    return {
        pk: {
            kind.key: _entitled(kind, tiers.get(pk), table, agreed.get(kind.key, {}).get(pk))
            for kind in asked
        }
        for pk in held
    }


def today() -> date:
    """Return the day by which figures are dated: that of UTC."""
    return timezone.now().date()


def tiers_of(
    accounts: Iterable[Account | int], table: ValueTable, as_of: date | None
) -> dict[int, Tier | None]:
    """Return the tier of each account now, or on a past day; accounts whose standing is at hand cost no query."""
    found: dict[int, Tier | None] = {}
    asked: list[int] = []
    for account in accounts:
        if isinstance(account, int):
            asked.append(account)
        elif hasattr(account, "tier_slug"):  # the account page has read it for the day it shows
            found[account.pk] = table.tiers.get(account.tier_slug or "")
        else:
            asked.append(account.pk)
    if asked:
        rows = Account.objects.filter(pk__in=asked).values_list("pk", _tier_slug(as_of))
        found |= {pk: table.tiers.get(slug or "") for pk, slug in rows}
    return found


def _tier_slug(as_of: date | None) -> Coalesce:
    """Return the account's tier as its page shows it: the standing's or that day's, else what the CRM says."""
    if as_of is None or as_of >= today():
        return Coalesce(F("standing__tier__slug"), F("tier__slug"))
    then = TierTenure.objects.filter(account=OuterRef("pk"), during__contains=as_of)
    return Coalesce(Subquery(then.values("tier__slug")[:1]), F("tier__slug"))


def _agreed(
    keys: Iterable[str], day: date, accounts: Collection[int]
) -> dict[str, dict[int, Mapping[str, Any]]]:
    """Return by kind and account what contracts say; sources of the same query are asked once."""
    read: dict[Any, dict[int, Mapping[str, Any]]] = {}
    for key in keys:
        query = contract_sources[key].query
        if query not in read:
            rows = query(day).filter(account_id__in=list(accounts))
            read[query] = {row["account_id"]: row for row in rows}
    return {key: read[contract_sources[key].query] for key in keys}


def _entitled(
    kind: EntitlementKind, tier: Tier | None, table: ValueTable, agreed: Mapping[str, Any] | None
) -> Entitled:
    by_tier = table.value(kind, tier)
    source = contract_sources.get(kind.key)
    value = source.value(agreed) if source is not None and agreed is not None else None
    if source is None or agreed is None or value is None:
        return Entitled(kind, by_tier, "tier", tier, by_tier, table.version)
    return Entitled(
        kind,
        value,
        "contract",
        tier,
        by_tier,
        table.version,
        source.clause(agreed),
        source.category,
    )
