"""What finance and legal grant by tier, and what running contracts say instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Min, QuerySet
from django.urls import reverse

from finance.models import Contract
from people.models import Category
from tiers.entitlements.registry import (
    Clause,
    ContractSource,
    EntitlementKind,
    register_contract_source,
    register_entitlement,
)
from tiers.entitlements.values import Choice, PaymentTerms, Several

GROUP = "Terms"
PAYMENT_TERMS = "payment_terms"
NAMED_AT_MOST = 3

register_entitlement(
    EntitlementKind(
        key="invoicing",
        label="Invoicing",
        group=GROUP,
        order=80,
        value=Several(
            {
                "monthly": "monthly",
                "annual": "annual",
                "custom_schedule": "custom schedule",
                "consolidated": "consolidated across divisions",
                "ap_contact": "dedicated AP contact",
            }
        ),
        help="How and when invoices come.",
        defaults={
            "strategic": ["custom_schedule", "consolidated", "ap_contact"],
            "standard": ["monthly", "annual"],
        },
    )
)
register_entitlement(
    EntitlementKind(
        key=PAYMENT_TERMS,
        label="Payment terms",
        group=GROUP,
        order=90,
        value=PaymentTerms({"prepay": "prepay", "milestone": "milestone", "multi_year": "multi-year"}),
        help="How long after the invoice payment is due, and what else may be agreed.",
        defaults={
            "strategic": {"days_from": 30, "days_to": 60, "options": ["milestone", "multi_year"]},
            "standard": {"days_from": 30, "days_to": 30, "options": ["prepay"]},
        },
    )
)
register_entitlement(
    EntitlementKind(
        key="contract_changes",
        label="Contract changes",
        group=GROUP,
        order=100,
        value=Choice({"mid_term": "mid-term, with pod approval", "annual_renewal": "annual renewal"}),
        help="When what was agreed may be changed.",
        defaults={"strategic": "mid_term", "standard": "annual_renewal"},
    )
)
register_entitlement(
    EntitlementKind(
        key="pricing",
        label="Pricing",
        group=GROUP,
        order=110,
        value=Several(
            {
                "price_list": "price list",
                "custom_packages": "custom packages",
                "volume": "volume",
                "multi_year": "multi-year",
            }
        ),
        help="How prices are made.",
        defaults={"strategic": ["custom_packages", "volume", "multi_year"], "standard": ["price_list"]},
    )
)
register_entitlement(
    EntitlementKind(
        key="collections",
        label="Collections",
        group=GROUP,
        order=120,
        value=Choice({"relationship": "relationship-based, CSM involved", "automated": "automated dunning"}),
        help="What happens when an invoice is overdue.",
        # How we go about late payers is our own affair.
        is_shareable=False,
        defaults={"strategic": "relationship", "standard": "automated"},
    )
)


def agreed_terms(as_of: date) -> QuerySet[Any, Any]:
    """Return the shortest and longest days to pay of each account's running contracts, with the contracts.

    Trials don't count, and neither do contracts that don't say.
    """
    running: QuerySet[Any, Any] = Contract.objects.running_on(as_of).with_trial_on(as_of)
    agreed: QuerySet[Any, Any] = (
        running.filter(is_trial=False, payment_terms_days__isnull=False)
        .order_by()
        .values("account_id")
        .annotate(
            days_from=Min("payment_terms_days"),
            days_to=Max("payment_terms_days"),
            contracts=ArrayAgg("pk", order_by="pk"),
            numbers=ArrayAgg("number", order_by="pk"),
        )
    )
    return agreed


def _value(row: Mapping[str, Any]) -> Any:
    return {"days_from": row["days_from"], "days_to": row["days_to"], "options": []}


def _clause(row: Mapping[str, Any]) -> Clause:
    names = [number or f"{pk}" for pk, number in zip(row["contracts"], row["numbers"], strict=True)]
    more = len(names) - NAMED_AT_MOST
    listed = ", ".join(names[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
    return Clause(
        words=f"Contract {listed}" if len(names) == 1 else f"Contracts {listed}",
        url=reverse("sync:origin", args=["contracts", row["contracts"][0], "payment_terms_days"]),
    )


register_contract_source(
    ContractSource(
        key=PAYMENT_TERMS, category=Category.CONTRACTS, query=agreed_terms, value=_value, clause=_clause
    )
)
