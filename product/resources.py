"""Usage events, as the product or its tracking sends them, and what customers may use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from people.models import Category
from product.effects import mark_days_of_events
from product.models import EntitledFeature, UsageEvent
from product.partitions import refuse_retired
from sync.declarations import Instant, Record, Ref, Resource, Rule
from sync.normalise import Name, keep_name
from sync.registry import resources


class UsageEventRecord(Record):
    """One thing that a customer's user did."""

    account: Ref | UnsetType = UNSET
    event: Annotated[str, Meta(min_length=1, max_length=255)] | UnsetType = UNSET
    occurred_at: Instant | UnsetType = UNSET
    user: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET
    feature: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET
    quantity: (
        Annotated[Decimal | None, Meta(description="How often or how much; 1 where left out.")] | UnsetType
    ) = UNSET
    properties: (
        Annotated[
            dict[str, Any] | None, Meta(description="Any JSON object of up to 64 KiB; replaced as a whole.")
        ]
        | UnsetType
    ) = UNSET


class EntitledFeatureRecord(Record):
    """A feature that an account may use."""

    account: Ref | UnsetType = UNSET
    feature: Annotated[Name, Meta(description="As usage events name it.")] | UnsetType = UNSET
    start_on: Annotated[date, Meta(description="First day.")] | UnsetType = UNSET
    end_on: (
        Annotated[
            date | None, Meta(description="First day after; null: for as long as nobody says otherwise.")
        ]
        | UnsetType
    ) = UNSET


resources.register(
    Resource(
        key="usage-events",
        model=UsageEvent,
        record=UsageEventRecord,
        singular="usage event",
        category=Category.PRODUCT_USAGE,
        scope="usage",
        references={"account": "accounts"},
        normalise={"occurred_at": refuse_retired},
        filters=("account", "event", "user", "feature"),
        effects=(mark_days_of_events,),
        stream=True,
        partitioned_by="occurred_at",
    )
)

resources.register(
    Resource(
        key="entitled-features",
        model=EntitledFeature,
        record=EntitledFeatureRecord,
        singular="entitled feature",
        category=Category.PRODUCT_USAGE,
        references={"account": "accounts"},
        normalise={"feature": keep_name},
        filters=("account", "feature"),
        rules=(
            Rule(
                "product_entitledfeature_ends_after_start",
                "end_on",
                "not_after_start",
                "end_on must be after start_on.",
            ),
        ),
    )
)
