"""Invoices and payments as the billing system sends them, for tests."""

from __future__ import annotations

from typing import Any


def line(net: str = "100", **fields: Any) -> dict[str, Any]:
    """Return a line as it is sent."""
    return {"description": "Platform", "net": net} | fields


def invoice(external_id: str = "i-1", **fields: Any) -> dict[str, Any]:
    """Return an invoice as it is sent."""
    return {
        "external_id": external_id,
        "account": "001",
        "number": f"R-{external_id}",
        "issued_on": "2026-05-01",
        "due_on": "2026-05-31",
        "currency": "EUR",
        "lines": [line()],
    } | fields


def payment(external_id: str = "p-1", **fields: Any) -> dict[str, Any]:
    """Return a payment as it is sent."""
    return {
        "external_id": external_id,
        "account": "001",
        "paid_on": "2026-06-10",
        "amount": "60",
        "currency": "EUR",
    } | fields
