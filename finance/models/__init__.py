"""Contracts, their lines, exchange rates, and the revenue that follows."""

from finance.models.contracts import BillingPeriod, Contract, ContractLine
from finance.models.rates import ExchangeRate
from finance.models.revenue import MonthlyRevenue, RevenueToRecompute

__all__ = [
    "BillingPeriod",
    "Contract",
    "ContractLine",
    "ExchangeRate",
    "MonthlyRevenue",
    "RevenueToRecompute",
]
