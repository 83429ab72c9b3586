"""Touches between our people and the customer's, as the CRM or marketing automation sends them."""

from __future__ import annotations

from typing import Annotated

from django.db.models import F, Value
from django.db.models.functions import Coalesce, Concat, NullIf
from msgspec import UNSET, Meta, UnsetType

from accounts.timeline import timeline_rule
from engagement.models import Direction, Engagement, Kind
from people.models import Category
from sync.declarations import Instant, Record, Ref, Resource
from sync.normalise import Email, keep_email
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
