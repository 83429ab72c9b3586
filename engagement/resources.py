"""Touches and deals, as the CRM or marketing automation sends them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Concat, NullIf
from msgspec import UNSET, Meta, UnsetType

from accounts.timeline import timeline_rule
from engagement.models import DealKind, Direction, Engagement, Kind, Opportunity
from people.models import Category
from sync.declarations import Instant, Record, Ref, Resource, Rule
from sync.normalise import Currency, Email, Name, keep_currency, keep_email, keep_name
from sync.registry import resources


class EngagementRecord(Record):
    """One touch with an account."""

    account: Ref | UnsetType = UNSET
    contact: Ref | UnsetType | None = UNSET
    kind: Kind | UnsetType = UNSET
    direction: Direction | UnsetType | None = UNSET
    occurred_at: Instant | UnsetType = UNSET
    subject: Annotated[str, Meta(max_length=512)] | UnsetType | None = UNSET
    user_email: Annotated[Email | None, Meta(description="Our colleague who took part.")] | UnsetType = UNSET


class OpportunityRecord(Record):
    """A deal that is hoped for, won or lost."""

    account: Ref | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    kind: DealKind | UnsetType | None = UNSET
    stage: Annotated[str, Meta(max_length=128, description="The CRM's own word.")] | UnsetType | None = UNSET
    is_won: Annotated[bool | None, Meta(description="What is won counts as closed.")] | UnsetType = UNSET
    is_closed: Annotated[bool | None, Meta(description="Won or lost.")] | UnsetType = UNSET
    amount: Annotated[Decimal | None, Meta(description="Not negative; kept to 4 decimals.")] | UnsetType = (
        UNSET
    )
    currency: Currency | UnsetType | None = UNSET
    opened_on: date | UnsetType | None = UNSET
    close_on: (
        Annotated[date | None, Meta(description="When it is expected to close, or did where it is closed.")]
        | UnsetType
    ) = UNSET
    contacts: (
        Annotated[
            Annotated[list[Ref], Meta(max_length=1000)] | None,
            Meta(description="Who takes part at the customer; replaced as a whole."),
        ]
        | UnsetType
    ) = UNSET


resources.register(
    Resource(
        key="engagements",
        model=Engagement,
        record=EngagementRecord,
        singular="engagement",
        category=Category.ENGAGEMENT,
        references={"account": "accounts", "contact": "contacts"},
        normalise={"user_email": keep_email},
        filters=("account", "contact", "kind", "direction", "user_email"),
        effects=(
            timeline_rule(
                "engagement.touch",
                model=Engagement,
                category=Category.ENGAGEMENT,
                happened_at="occurred_at",
                title=Coalesce(NullIf(F("subject"), Value("")), Concat(Value("Touch by "), F("kind"))),
            ),
        ),
    )
)

resources.register(
    Resource(
        key="opportunities",
        model=Opportunity,
        record=OpportunityRecord,
        singular="opportunity",
        category=Category.ENGAGEMENT,
        references={"account": "accounts"},
        references_many={"contacts": "contacts"},
        normalise={"name": keep_name, "currency": keep_currency},
        # What a deal is worth becomes what the contract says.
        guarded={"amount": Category.CONTRACTS},
        filters=("account", "kind", "stage", "is_won", "is_closed", "currency"),
        rules=(
            Rule(
                "engagement_opportunity_amount_not_negative",
                "amount",
                "negative",
                "amount can't be below zero.",
            ),
            Rule(
                "engagement_opportunity_closes_after_opening",
                "close_on",
                "before_opened",
                "A closed opportunity can't have closed before opened_on.",
            ),
        ),
        effects=(
            timeline_rule(
                "engagement.opportunity_opened",
                model=Opportunity,
                category=Category.ENGAGEMENT,
                happened_at="opened_on",
                title=Concat(Value("Opportunity opened: "), F("name")),
                when=Q(opened_on__isnull=False),
            ),
            timeline_rule(
                "engagement.opportunity_won",
                model=Opportunity,
                category=Category.ENGAGEMENT,
                happened_at="close_on",
                title=Concat(Value("Opportunity won: "), F("name")),
                when=Q(is_won=True, close_on__isnull=False),
            ),
            timeline_rule(
                "engagement.opportunity_lost",
                model=Opportunity,
                category=Category.ENGAGEMENT,
                happened_at="close_on",
                title=Concat(Value("Opportunity lost: "), F("name")),
                when=Q(is_won=False, is_closed=True, close_on__isnull=False),
            ),
        ),
    )
)
