"""Why a line of an invoice comes to what it does: its contract's price and the part of it that the days are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from common.formatting import format_count, format_money, format_percent
from finance.billing.proration import DAYS, MONTHS, ONE_OFF, Price, month_begins, month_of, months_until
from finance.models import BillingArrangement, ContractLine, InvoiceLine

PERIODS = {"month": "month", "quarter": "quarter", "half_year": "half year", "year": "year"}


def bill_days_of(account_id: int) -> list[int]:
    """Return the bill days that were ever agreed for a payer, the usual first day last; one query."""
    agreed = BillingArrangement.objects.filter(account=account_id).order_by("-starts_on")
    return list(dict.fromkeys((*agreed.values_list("bill_day", flat=True), 1)))


def reason_of(line: InvoiceLine, bill_days: Iterable[int]) -> str:
    """Return a line's amount as a part of its contract's price; empty where the contract doesn't give it.

    That is where the line follows no contract, is a correction, or its price has changed since. The contract line and
    its contract have to be read along.
    """
    held: Any = line.contract_line
    start, end = line.period_start, line.period_end
    if held is None or start is None or end is None or held.is_trial:
        return ""
    price = _price(held)
    words = _words(held)
    if held.billing_period == ONE_OFF:
        return words if price.between(held.start_on, date.max) == line.net else ""
    for day in dict.fromkeys((*bill_days, start.day)):
        if line.net and price.between(start, end, day) == line.net:
            return f"{_part(start, end, day, held.billing_period)} of {words}"
    return ""


def _price(held: ContractLine) -> Price:
    contract: Any = held.contract
    return Price(held.amount, held.billing_period, held.start_on, contract.currency, held.discount_percent)


def _words(held: ContractLine) -> str:
    contract: Any = held.contract
    told = format_money(held.amount, contract.currency, decimals=2)
    if held.billing_period != ONE_OFF:
        told += f" a {PERIODS.get(held.billing_period, held.billing_period)}"
    else:
        told += ", once"
    if held.discount_percent:
        told += f" less {format_percent(held.discount_percent / Decimal(100))}"
    return told


def _part(start: date, end: date, bill_day: int, period: str) -> str:
    if period in DAYS:
        return format_count((end - start).days, "day")
    whole = months_until(end, bill_day) - months_until(start, bill_day)
    if whole.denominator == 1:
        count = int(whole)
        return "All" if count == MONTHS[period] else format_count(count, "month")
    found = []
    first, last = month_of(start, bill_day), month_of(end, bill_day)
    for number in range(first, last + 1):
        begins, ends = month_begins(number, bill_day), month_begins(number + 1, bill_day)
        days = (min(end, ends) - max(start, begins)).days
        if 0 < days < (ends - begins).days:
            found.append(f"{days} of {(ends - begins).days} days")
    months = sum(
        start <= month_begins(number, bill_day) and month_begins(number + 1, bill_day) <= end
        for number in range(first, last + 1)
    )
    if months:
        found.insert(0, format_count(months, "month"))
    return " and ".join(found)
