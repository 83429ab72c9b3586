"""What customers do in our product, and what of it is still to be ascribed to an account."""

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
    "RetiredMonth",
    "TrackedGroup",
    "TrackedUser",
    "UsageDayToRecompute",
    "UsageEvent",
    "UsageFeatureDay",
    "UsageUserDay",
    "WaitingEvent",
]
