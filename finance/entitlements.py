"""What finance and legal grant by tier, and what running contracts say instead."""

from __future__ import annotations

from finance.clauses.agreed import (
    agreed_by_contracts,
    choice_of,
    first_response,
    first_response_clause,
    payment_clause,
    payment_terms,
)
from people.models import Category
from tiers.entitlements.registry import (
    ContractSource,
    EntitlementKind,
    register_contract_source,
    register_entitlement,
)
from tiers.entitlements.values import Choice, PaymentTerms, Several

GROUP = "Terms"
PAYMENT_TERMS = "payment_terms"
CONTRACT_CHANGES = "contract_changes"
COLLECTIONS = "collections"
# Declared by support; what contracts say of it is ours.
FIRST_RESPONSE = "first_response"

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
        key=CONTRACT_CHANGES,
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
        key=COLLECTIONS,
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


# One query tells all of them, so that an account's page asks it once.
for key, category, value, clause in (
    (PAYMENT_TERMS, Category.CONTRACTS, payment_terms, payment_clause),
    (CONTRACT_CHANGES, Category.CONTRACTS, *choice_of("contract_changes", "mid_term")),
    (COLLECTIONS, Category.CONTRACTS, *choice_of("collections", "relationship")),
    # Whoever answers must know by when, so this one is for everybody; the contract's own page stays closed.
    (FIRST_RESPONSE, Category.ACCOUNT_PROFILE, first_response, first_response_clause),
):
    register_contract_source(
        ContractSource(key=key, category=category, query=agreed_by_contracts, value=value, clause=clause)
    )
