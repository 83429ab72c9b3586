"""Contracts and clauses, how accounts are billed, invoices and payments, exchange rates, and the ledger of revenue."""

from finance.models.amendments import Amendment
from finance.models.billing import (
    BillingArrangement,
    BillingCounter,
    BillingMilestone,
    BillingPass,
)
from finance.models.clauses import ClauseFamily, ClauseText, ClauseVersion, Deviation
from finance.models.collections import (
    CollectionHold,
    DunningCycle,
    DunningMessage,
    DunningPolicy,
    DunningRelease,
    PaymentPromise,
)
from finance.models.contracts import BillingPeriod, Contract, ContractLine
from finance.models.costs import CostRate
from finance.models.feeds import CalendarEvent, CalendarFeed
from finance.models.invoices import (
    Allocation,
    AllocationRun,
    Invoice,
    InvoiceCorrection,
    InvoiceDispute,
    InvoiceLine,
    Payment,
    RootCause,
)
from finance.models.obligations import ContractObligation
from finance.models.rates import ExchangeRate
from finance.models.retention import RetentionDefinition, RetentionPolicy
from finance.models.revenue import (
    RateEntry,
    RevenueClose,
    RevenueEntry,
    RevenuePlace,
    RevenueToRecompute,
)
from finance.models.seller import SellerParticulars
from finance.models.versions import ContractToRecord, ContractVersion

__all__ = [
    "Allocation",
    "AllocationRun",
    "Amendment",
    "BillingArrangement",
    "BillingCounter",
    "BillingMilestone",
    "BillingPass",
    "BillingPeriod",
    "CalendarEvent",
    "CalendarFeed",
    "ClauseFamily",
    "ClauseText",
    "ClauseVersion",
    "CollectionHold",
    "Contract",
    "ContractLine",
    "ContractObligation",
    "ContractToRecord",
    "ContractVersion",
    "CostRate",
    "Deviation",
    "DunningCycle",
    "DunningMessage",
    "DunningPolicy",
    "DunningRelease",
    "ExchangeRate",
    "Invoice",
    "InvoiceCorrection",
    "InvoiceDispute",
    "InvoiceLine",
    "Payment",
    "PaymentPromise",
    "RateEntry",
    "RetentionDefinition",
    "RetentionPolicy",
    "RevenueClose",
    "RevenueEntry",
    "RevenuePlace",
    "RevenueToRecompute",
    "RootCause",
    "SellerParticulars",
]
