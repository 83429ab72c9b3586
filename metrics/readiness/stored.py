"""Figures of criteria from what nights store, which any app may use."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from accounts.models import Account, TierTenure
from metrics.models import MetricValue, SegmentValue
from metrics.readiness.registry import Figure, Measure, of_whole

ARR = "finance.arr"
NO_CUSTOMERS = "There is no customer yet."


def paying_on(day: date) -> QuerySet[MetricValue]:
    """Return the stored ARR above zero of a day, of accounts that no source has deleted."""
    return MetricValue.objects.filter(key=ARR, as_of=day, value__gt=0, account__deleted_at=None)


def of_segment(key: str, without: str) -> Measure:
    """Return the measure of a number that is stored for all accounts."""

    def measure(day: date) -> Figure:
        held = SegmentValue.objects.filter(key=key, as_of=day, dimension="all", member="").first()
        if held is None or held.value is None:
            return Figure(value=None, told=without)
        return Figure(value=held.value, part=held.numerator, whole=held.denominator)

    return measure


def of_customers(key: str, wanted: Q | None = None, *, tiers: tuple[str, ...] = (), most: int = 0) -> Measure:
    """Return the measure of customers that have a stored number, and one that is ``wanted`` (of ``value``).

    Of those with ARR above zero that day: of all, of some ``tiers``, or of the ``most`` with the highest ARR.
    """

    def measure(day: date) -> Figure:
        customers = paying_on(day)
        if tiers:
            within = TierTenure.objects.filter(during__contains=day, tier__slug__in=tiers)
            customers = customers.filter(account__in=within.values("account_id"))
        held = MetricValue.objects.filter(key=key, as_of=day)
        if most:
            largest = list(
                customers.order_by("-value", "account_id").values_list("account_id", flat=True)[:most]
            )
            whole, held = len(largest), held.filter(account__in=largest)
        else:
            whole, held = customers.count(), held.filter(account__in=customers.values("account_id"))
        part = held.filter(wanted).count() if wanted is not None else held.count()
        without = "No customer is in these tiers." if tiers else NO_CUSTOMERS
        return of_whole(part, whole, without)

    return measure


def customers_without(condition: Mapping[str, Any], *, tiers: tuple[str, ...] = ()) -> Callable[[], str]:
    """Return the evidence of a share of customers: the list of those of whom a condition doesn't hold."""

    def address() -> str:
        asked = {"lifecycle": "customer", "tier": tiers, "where": json.dumps({"not": dict(condition)})}
        return f"{reverse('accounts:list')}?{urlencode(asked, doseq=True)}"

    return address


def share_of_customers(wanted: Q) -> Measure:
    """Return the measure of live customers of today for whom a condition on the account holds; one query."""

    def measure(day: date) -> Figure:
        row = Account.objects.customers().aggregate(
            part=Count("pk", filter=wanted, distinct=True), whole=Count("pk", distinct=True)
        )
        return of_whole(row["part"], row["whole"], NO_CUSTOMERS)

    return measure


def share_with_tier(day: date) -> Figure:
    """Return how many of those who pay on a day have a tier on it; two queries."""
    customers = paying_on(day)
    placed = TierTenure.objects.filter(during__contains=day, account__in=customers.values("account_id"))
    return of_whole(placed.count(), customers.count(), NO_CUSTOMERS)
