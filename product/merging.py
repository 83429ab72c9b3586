"""What a merge of two accounts does with what is made of their events."""

from accounts.identity.relations import stays
from product.models import UsageDayToRecompute, UsageFeatureDay, UsageUserDay

stays(UsageUserDay, "Rolled up anew from the events.")
stays(UsageFeatureDay, "Rolled up anew from the events.")
stays(UsageDayToRecompute, "The days whose events move are marked anew.")
