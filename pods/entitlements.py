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
register_entitlement(
    EntitlementKind(
        key="pod_roles",
        label="Pod roles",
        group=GROUP,
        order=45,
        value=Several(
            {
                "account_executive": "account executive",
                "csm": "CSM",
                "solutions_engineer": "solutions engineer",
                "product_manager": "product manager",
                "engineering_lead": "engineering lead",
                "support_engineer": "support engineer",
                "finance_partner": "finance partner",
                "pooled_csm": "pooled CSM",
                "digital_cs": "digital CS",
            }
        ),
        help="The roles that the account's pod must have.",
        # Whom we staff a pod with is our own affair; the customer is told its team.
        is_shareable=False,
        defaults={
            "strategic": [
                "account_executive",
                "csm",
                "solutions_engineer",
                "product_manager",
                "engineering_lead",
                "support_engineer",
                "finance_partner",
            ],
            "enterprise": ["account_executive", "csm", "solutions_engineer", "support_engineer"],
            "growth": ["account_executive", "pooled_csm"],
            "standard": ["digital_cs"],
        },
    )
)
