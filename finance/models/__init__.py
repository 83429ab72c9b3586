"""Contracts, their lines, exchange rates, and the ledger of revenue that follows."""

from finance.models.contracts import BillingPeriod, Contract, ContractLine
from finance.models.rates import ExchangeRate
from finance.models.revenue import (
    MonthlyRevenue,
    RateEntry,
    RevenueClose,
    RevenueEntry,
    RevenuePlace,
    RevenueToRecompute,
)

__all__ = [
    "BillingPeriod",
    "Contract",
    "ContractLine",
    "ExchangeRate",
    "MonthlyRevenue",
    "RateEntry",
    "RevenueClose",
    "RevenueEntry",
    "RevenuePlace",
    "RevenueToRecompute",
]
