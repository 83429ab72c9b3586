"""Whom of product and engineering an account reaches, by tier."""

from tiers.entitlements.registry import EntitlementKind, register_entitlement
from tiers.entitlements.values import Several

register_entitlement(
    EntitlementKind(
        key="access",
        label="Access",
        group="Team",
        order=70,
        value=Several(
            {
                "product_team": "product team",
                "architecture": "architecture",
                "solutions_engineers": "solutions engineers",
                "standard_support": "standard support",
                "knowledge_base": "knowledge base",
            }
        ),
        help="Whom, beyond support, the customer may turn to.",
        defaults={
            "strategic": ["product_team", "architecture"],
            "enterprise": ["solutions_engineers"],
            "growth": ["standard_support"],
            "standard": ["knowledge_base"],
        },
    )
)
