"""What a merge of two accounts does with what is made of their contracts."""

from accounts.identity.relations import stays
from finance.models import RevenueEntry, RevenuePlace, RevenueToRecompute

stays(RevenueEntry, "The ledger keeps what was known; the lines that move are entered anew for both.")
stays(RevenuePlace, "It tells what each account was like at the time.")
stays(RevenueToRecompute, "The accounts whose contracts move are marked anew.")
