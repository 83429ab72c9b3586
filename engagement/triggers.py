"""Signals over the relationship."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import TierTenure
from metrics.models import MetricValue
from people.models import Category
from pods.models import Severity
from pods.playbooks import REVENUE, stored_of_customers, trigger

SILENT_DAYS = 60
# Served by digital customer success and looked at when they renew: silence is their rule.
UNWATCHED_TIERS = ("standard",)


@trigger(
    "engagement.no_touch",
    label="No touch",
    severity=Severity.DUE,
    category=Category.ENGAGEMENT,
    reason="No touch for {value} days",
    inputs=("engagement.days_since_touch", REVENUE),
)
def no_touch(as_of: date) -> QuerySet[Any, Any]:
    silent = _watched("engagement.days_since_touch", as_of).filter(value__gte=SILENT_DAYS)
    return silent.values("account_id", "value")


@trigger(
    "engagement.single_threaded",
    label="Single-threaded",
    severity=Severity.RISK,
    category=Category.ENGAGEMENT,
    reason="No contact took part in a touch in 90 days",
    reason_one="Only one contact took part in a touch in 90 days",
    inputs=("engagement.active_contacts", REVENUE),
)
def single_threaded(as_of: date) -> QuerySet[Any, Any]:
    return _watched("engagement.active_contacts", as_of).filter(value__lte=1).values("account_id", "value")


def _watched(key: str, as_of: date) -> QuerySet[MetricValue]:
    unwatched = TierTenure.objects.filter(
        account_id=OuterRef("account_id"), during__contains=as_of, tier__slug__in=UNWATCHED_TIERS
    )
    return stored_of_customers(key, as_of).filter(~Exists(unwatched))
