"""Who looks after an account, and how closely, by tier."""

from tiers.entitlements.registry import EntitlementKind, register_entitlement
from tiers.entitlements.values import Choice, Several

GROUP = "Team"

register_entitlement(
    EntitlementKind(
        key="team",
        label="Team",
        group=GROUP,
        order=40,
        value=Several(
            {
                "named_csm": "named CSM",
                "dedicated_support_engineer": "dedicated support engineer",
                "pooled_csm": "pooled CSM",
                "digital_cs": "digital CS",
            }
        ),
        help="Who looks after the customer.",
        defaults={
            "strategic": ["named_csm", "dedicated_support_engineer"],
            "enterprise": ["named_csm"],
            "growth": ["pooled_csm"],
            "standard": ["digital_cs"],
        },
    )
)
register_entitlement(
    EntitlementKind(
        key="monitoring",
        label="Monitoring",
        group=GROUP,
        order=60,
        value=Choice(
            {
                "weekly": "weekly",
                "monthly": "monthly",
                "quarterly": "quarterly",
                "at_renewal": "at renewal",
            }
        ),
        help="How often the team goes through the account's health.",
        # How closely we watch is our own affair.
        is_shareable=False,
        defaults={
            "strategic": "weekly",
            "enterprise": "monthly",
            "growth": "quarterly",
            "standard": "at_renewal",
        },
    )
)
