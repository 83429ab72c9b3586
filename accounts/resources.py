"""Accounts and contacts, as the CRM sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from accounts.effects import give_standing
from accounts.identity import SharedDomain
from accounts.identity.domains import normalise_domain
from accounts.models import Account, Contact, ContactRole, Lifecycle, Tier
from people.models import Category
from sync.declarations import Effect, MatchKey, Record, Ref, Resource, Vocabulary
from sync.normalise import Country, Currency, Email, Name, keep_country, keep_currency, keep_email, keep_name
from sync.registry import resources


class AccountRecord(Record):
    """A company or a division."""

    name: Name | UnsetType = UNSET
    domain: (
        Annotated[
            Annotated[str, Meta(max_length=255)] | None,
            Meta(description="Web domain; scheme, www. and port are cut off."),
        ]
        | UnsetType
    ) = UNSET
    industry: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET
    employees: Annotated[int, Meta(ge=0, le=2147483647)] | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    lifecycle: Lifecycle | UnsetType | None = UNSET
    parent: Ref | UnsetType | None = UNSET
    billing_parent: Ref | UnsetType | None = UNSET
    workspace_ids: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=255)]] | None,
            Meta(description="Its names in the product's telemetry; replaced as a whole."),
        ]
        | UnsetType
    ) = UNSET
    owner_email: Email | UnsetType | None = UNSET
    sponsor_email: Email | UnsetType | None = UNSET
    tier: (
        Annotated[
            Annotated[str, Meta(max_length=32)] | None,
            Meta(description="Slug of the tier that the CRM holds."),
        ]
        | UnsetType
    ) = UNSET


class ContactRecord(Record):
    """A person at the customer."""

    account: Ref | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    phone: Annotated[str, Meta(max_length=64)] | UnsetType | None = UNSET
    title: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET
    role: ContactRole | UnsetType | None = UNSET
    is_active: bool | UnsetType | None = UNSET


def own_domains(domains: set[str]) -> set[str]:
    """Return the domains that belong to one company each, as far as the list of shared ones knows."""
    shared = SharedDomain.objects.filter(domain__in=domains)
    return domains - set(shared.values_list("domain", flat=True))


def tier_ids() -> Mapping[str, int]:
    """Return the id of each tier by slug, highest first."""
    return dict(Tier.objects.order_by("rank").values_list("slug", "pk"))


resources.register(
    Resource(
        key="accounts",
        model=Account,
        record=AccountRecord,
        singular="account",
        category=Category.ACCOUNT_PROFILE,
        references={"parent": "accounts", "billing_parent": "accounts"},
        vocabularies={"tier": Vocabulary(tier_ids, "slug", "tier")},
        guarded={"owner_email": Category.ACCOUNT_TEAM, "sponsor_email": Category.ACCOUNT_TEAM},
        normalise={
            "name": keep_name,
            "domain": normalise_domain,
            "country": keep_country,
            "currency": keep_currency,
            "owner_email": keep_email,
            "sponsor_email": keep_email,
        },
        filters=(
            "domain",
            "industry",
            "country",
            "lifecycle",
            "parent",
            "billing_parent",
            "owner_email",
            "tier",
        ),
        effects=(Effect(give_standing),),
        match_on=MatchKey("domain", own_domains),
    )
)

resources.register(
    Resource(
        key="contacts",
        model=Contact,
        record=ContactRecord,
        singular="contact",
        category=Category.ACCOUNT_PROFILE,
        references={"account": "accounts"},
        normalise={"name": keep_name, "email": keep_email},
        filters=("account", "email", "role", "is_active"),
    )
)
