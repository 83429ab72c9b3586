"""What customers may use and do in our product, and what of it is still to be ascribed to an account."""

from product.models.entitled import EntitledFeature
from product.models.intake import AwaitedAccount, TrackedGroup, TrackedUser, WaitingEvent
from product.models.usage import (
    RetiredMonth,
    UsageDayToRecompute,
    UsageEvent,
    UsageFeatureDay,
    UsageUserDay,
)

__all__ = [
    "AwaitedAccount",
    "EntitledFeature",
    "RetiredMonth",
    "TrackedGroup",
    "TrackedUser",
    "UsageDayToRecompute",
    "UsageEvent",
    "UsageFeatureDay",
    "UsageUserDay",
    "WaitingEvent",
]
