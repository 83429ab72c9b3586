"""Touches, deals and answers to surveys, as the CRM, marketing automation or a survey sends them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, NullIf
from msgspec import UNSET, Meta, UnsetType

from accounts.timeline import timeline_rule
from engagement.models import DealKind, Direction, Engagement, Kind, NpsResponse, Opportunity
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


class NpsResponseRecord(Record):
    """Somebody at a customer who was asked whether they would recommend us, and what they answered."""

    account: Ref | UnsetType = UNSET
    score: (
        Annotated[
            Annotated[int, Meta(ge=0, le=10)] | None,
            Meta(description="0 to 10; null: asked and not answered, which no number counts."),
        ]
        | UnsetType
    ) = UNSET
    comment: Annotated[str, Meta(max_length=10_000)] | UnsetType | None = UNSET
    respondent: Annotated[Ref | None, Meta(description="The contact who was asked.")] | UnsetType = UNSET
    respondent_email: (
        Annotated[Email | None, Meta(description="Tells respondents apart, whether contacts or not.")]
        | UnsetType
    ) = UNSET
    asked_at: (
        Annotated[Instant, Meta(description="When they were asked; unasked: when they answered.")] | UnsetType
    ) = UNSET
    responded_at: (
        Annotated[Instant | None, Meta(description="A score counts from then on, else from asked_at.")]
        | UnsetType
    ) = UNSET


_UNTITLED = Case(
    When(kind=Kind.BUSINESS_REVIEW, then=Value(str(Kind.BUSINESS_REVIEW.label))),
    default=Concat(Value("Touch by "), F("kind")),
)
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
                title=Coalesce(NullIf(F("subject"), Value("")), _UNTITLED),
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

resources.register(
    Resource(
        key="nps-responses",
        model=NpsResponse,
        record=NpsResponseRecord,
        singular="NPS response",
        category=Category.ENGAGEMENT,
        references={"account": "accounts", "respondent": "contacts"},
        normalise={"respondent_email": keep_email},
        filters=("account", "respondent", "respondent_email", "score"),
        rules=(
            Rule(
                "engagement_npsresponse_zero_to_ten",
                "score",
                "out_of_range",
                "score must lie between 0 and 10.",
            ),
            Rule(
                "engagement_npsresponse_answered_after_asked",
                "responded_at",
                "before_asked",
                "responded_at can't be before asked_at.",
            ),
        ),
        effects=(
            timeline_rule(
                "engagement.detractor",
                model=NpsResponse,
                category=Category.ENGAGEMENT,
                happened_at=Coalesce("responded_at", "asked_at"),
                title=Concat(Value("Would not recommend us: "), Cast("score", CharField()), Value(" of 10")),
                when=Q(score__lte=6),
            ),
        ),
    )
)
