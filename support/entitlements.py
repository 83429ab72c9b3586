"""What support grants by tier."""

from tiers.entitlements.registry import EntitlementKind, register_entitlement
from tiers.entitlements.values import Choice, Minutes, Several

GROUP = "Support"
FIRST_RESPONSE = "first_response"
CLOCK = "clock"
ESCALATION = "escalation"

register_entitlement(
    EntitlementKind(
        key=FIRST_RESPONSE,
        label="First response",
        group=GROUP,
        order=10,
        value=Minutes(),
        help="The time until a person first answers a ticket.",
        defaults={"strategic": 30, "enterprise": 120, "growth": 480, "standard": 1440},
    )
)
register_entitlement(
    EntitlementKind(
        key=CLOCK,
        label="Clock",
        group=GROUP,
        order=20,
        value=Choice({"24x7": "24x7", "business_hours": "business hours"}),
        help="When the time of support's targets runs.",
        defaults={"strategic": "24x7", "standard": "business_hours"},
    )
)
register_entitlement(
    EntitlementKind(
        key="channels",
        label="Channels",
        group=GROUP,
        order=30,
        value=Several(
            {
                "dedicated_slack": "dedicated Slack",
                "phone": "phone",
                "priority_queue": "priority queue",
                "self_service": "self-service",
                "email": "email",
                "chat": "chat",
            }
        ),
        help="The ways in which the customer reaches support.",
        defaults={
            "strategic": ["dedicated_slack", "phone", "email"],
            "enterprise": ["priority_queue", "email", "chat"],
            "growth": ["email", "chat"],
            "standard": ["self_service", "email"],
        },
    )
)
register_entitlement(
    EntitlementKind(
        key=ESCALATION,
        label="Escalation",
        group=GROUP,
        order=50,
        value=Choice(
            {
                "vp_cs": "direct to VP CS",
                "manager": "manager",
                "standard_queue": "standard queue",
                "automated": "automated",
            }
        ),
        help="Where a ticket goes that takes too long.",
        defaults={
            "strategic": "vp_cs",
            "enterprise": "manager",
            "growth": "standard_queue",
            "standard": "automated",
        },
    )
)
