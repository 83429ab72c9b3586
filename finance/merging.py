"""What a merge of two accounts does with what is made of their contracts."""

from accounts.identity.relations import moves, stays
from finance.models import (
    BillingArrangement,
    BillingMilestone,
    BillingPass,
    CollectionHold,
    Deviation,
    DunningCycle,
    InvoiceLine,
    PaymentPromise,
    RevenueEntry,
    RevenuePlace,
    RevenueToRecompute,
)

moves(Deviation)
stays(RevenueEntry, "The ledger keeps what was known; the lines that move are entered anew for both.")
stays(RevenuePlace, "It tells what each account was like at the time.")
stays(RevenueToRecompute, "The accounts whose contracts move are marked anew.")

moves(BillingMilestone)
moves(InvoiceLine)
stays(BillingArrangement, "What was agreed about its invoices; from then on the other account's counts.")
stays(BillingPass, "It tells which draft of this account was thrown away.")

moves(CollectionHold)
moves(DunningCycle)
moves(PaymentPromise)
