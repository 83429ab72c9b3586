"""Why a line comes to its amount: a part of its contract's price, or nothing said where it isn't one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finance.billing.explaining import reason_of
from finance.models import Contract, ContractLine, InvoiceLine


def line(net: str, start: str, end: str, **fields: Any) -> InvoiceLine:
    """Return an invoice's line of a contract line of 1,200.00 a year from 2024 on, unless said otherwise."""
    given: dict[str, Any] = {"amount": Decimal(1200), "billing_period": "year", "start_on": date(2024, 1, 1)}
    held = ContractLine(contract=Contract(currency="EUR"), **(given | fields))
    return InvoiceLine(
        contract_line=held,
        period_start=date.fromisoformat(start),
        period_end=date.fromisoformat(end),
        net=Decimal(net),
    )


@pytest.mark.parametrize(
    ("net", "start", "end", "fields", "said"),
    [
        ("100", "2026-02-01", "2026-03-01", {}, "1 month of €1,200.00 a year"),
        ("300", "2026-01-01", "2026-04-01", {}, "3 months of €1,200.00 a year"),
        ("1200", "2026-01-01", "2027-01-01", {}, "All of €1,200.00 a year"),
        (
            "90",
            "2026-02-01",
            "2026-03-01",
            {"discount_percent": Decimal(10)},
            "1 month of €1,200.00 a year less 10.0%",
        ),
        ("50", "2026-02-15", "2026-03-01", {}, "14 of 28 days of €1,200.00 a year"),
        ("150", "2026-02-15", "2026-04-01", {}, "1 month and 14 of 28 days of €1,200.00 a year"),
        ("100", "2026-02-15", "2026-03-15", {}, "1 month of €1,200.00 a year"),
        (
            "70",
            "2026-02-01",
            "2026-02-08",
            {"amount": Decimal(10), "billing_period": "day"},
            "7 days of €10.00 a day",
        ),
        (
            "500",
            "2024-01-01",
            "2024-01-02",
            {"amount": Decimal(500), "billing_period": "one_off"},
            "€500.00, once",
        ),
        ("99.99", "2026-02-01", "2026-03-01", {}, ""),
        ("0", "2026-02-01", "2026-03-01", {"billing_period": "usage"}, ""),
        ("0", "2026-02-01", "2026-03-01", {"is_trial": True}, ""),
    ],
)
def test_a_line_is_told_as_a_part_of_its_price_or_not_at_all(
    net: str, start: str, end: str, fields: dict[str, Any], said: str
) -> None:
    assert reason_of(line(net, start, end, **fields), [15, 1]) == said


def test_a_line_of_no_contract_says_nothing() -> None:
    assert reason_of(InvoiceLine(net=Decimal(5), contract_line=None), [1]) == ""
