"""Contracts, their lines and versions, exchange rates, and the ledger of revenue that follows."""

from finance.models.amendments import Amendment
from finance.models.contracts import BillingPeriod, Contract, ContractLine
from finance.models.feeds import CalendarEvent, CalendarFeed
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
from finance.models.versions import ContractToRecord, ContractVersion

__all__ = [
    "Amendment",
    "BillingPeriod",
    "CalendarEvent",
    "CalendarFeed",
    "Contract",
    "ContractLine",
    "ContractObligation",
    "ContractToRecord",
    "ContractVersion",
    "ExchangeRate",
    "RateEntry",
    "RetentionDefinition",
    "RetentionPolicy",
    "RevenueClose",
    "RevenueEntry",
    "RevenuePlace",
    "RevenueToRecompute",
]
