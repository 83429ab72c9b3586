"""What a merge of two accounts does with what is made of their contracts."""

from accounts.identity.relations import stays
from finance.models import MonthlyRevenue, RevenueToRecompute

stays(MonthlyRevenue, "Rolled up anew from the contract lines.")
stays(RevenueToRecompute, "The accounts whose contracts move are marked anew.")
