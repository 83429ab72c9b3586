"""Usage events, as the product or its tracking sends them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from people.models import Category
from product.effects import mark_days_of_events
from product.models import UsageEvent
from product.partitions import refuse_retired
from sync.declarations import Instant, Record, Ref, Resource
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
