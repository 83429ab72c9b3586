"""What an account pays for now, and when its contracts end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import F
from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.lenses.memo import read_once
from accounts.models import Account
from common.export import Table, table_of
from common.formatting import format_date, format_distance
from finance.contracts.reading import line_rows, lines_table
from finance.entitlements import PAYMENT_TERMS
from finance.models import Contract, ContractLine
from people.models import Category
from tiers.entitlements.panel import given_by_tier
from tiers.entitlements.registry import kinds

MOST_LINES = 25


@register_panel
class ContractLines(Panel):
    """What the customer pays for now, with each line's monthly amount in the contract's currency."""

    key = "finance.contract_lines"
    title = "Contract lines running now"
    explain = "finance.mrr"
    template = "finance/panels/contract_lines.html"
    category = Category.REVENUE
    span = 12
    is_flush = True
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        running = ContractLine.objects.live().running_on(as_of).filter(contract__account=account)
        lines = line_rows(running, as_of, most=MOST_LINES + 1)
        return {"lines": lines[:MOST_LINES], "has_more": len(lines) > MOST_LINES}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the lines shown."""
        return lines_table(data["lines"]) if data["lines"] else None


def running_contracts(account: Account, as_of: date) -> list[Any]:
    """Return the contracts of an account that run on a day with their next end and notice, the nearest end first.

    Read once a page, for all panels that tell of it.
    """
    running = (
        Contract.objects.running_on(as_of).with_trial_on(as_of).with_next_end(as_of).filter(account=account)
    )
    nearest = running.order_by(F("next_end").asc(nulls_last=True), "pk")
    return read_once(account, ("finance.running_contracts", as_of), lambda: list(nearest))


@register_panel
class Renewals(Panel):
    """Which contracts end, when notice must be given, and whether they renew by themselves."""

    key = "finance.renewals"
    title = "Renewals and notice"
    explain = "finance.renewal_on"
    template = "finance/panels/renewals.html"
    category = Category.CONTRACTS
    span = 12

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        contracts = running_contracts(account, as_of)[:10]
        by_tier = " by ".join(given_by_tier(account, PAYMENT_TERMS, as_of))
        return {"contracts": [_contract(contract, as_of, by_tier) for contract in contracts]}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the contracts shown."""
        if not data["contracts"]:
            return None
        return table_of(
            "contracts",
            data["contracts"],
            [
                ("number", "Contract", lambda row: row["number"]),
                ("end_on", "Ends", lambda row: row["end_on"]),
                ("left", "Left", lambda row: row["left"]),
                ("notice_on", "Notice by", lambda row: row["notice_on"]),
                ("auto_renew", "Renews by itself", lambda row: row["auto_renew"]),
                ("renewal_months", "For months", lambda row: row["renewal_months"]),
                ("payment_terms", "Payment terms", lambda row: row["payment_terms"]),
                ("is_trial", "Trial", lambda row: row["is_trial"]),
            ],
        )


def _contract(contract: Any, as_of: date, by_tier: str) -> dict[str, Any]:
    end_on: date | None = contract.next_end
    notice: date | None = contract.notice_on
    left = (end_on - as_of).days if end_on else None
    return {
        "number": str(contract),
        "url": reverse("finance:contract", args=[contract.pk]),
        "end_on": end_on,
        "notice_on": notice,
        "notice_text": _notice_text(notice, as_of),
        "tone": "neutral" if left is None or left > 90 else "red" if left <= 30 else "amber",
        "left": format_distance(left) if left is not None else "open-ended",
        "is_trial": contract.is_trial,
        "auto_renew": contract.auto_renew,
        "renewal_months": contract.renewal_months,
        "payment_terms": _terms(contract.payment_terms_days) or by_tier,
    }


def _terms(days: int | None) -> str:
    """Return what a contract itself says of payment, empty where it says nothing."""
    if days is None:
        return ""
    own = {"days_from": days, "days_to": days, "options": []}
    return f"{kinds[PAYMENT_TERMS].words(own)} by this contract"


def _notice_text(notice: date | None, as_of: date) -> str:
    if notice is None:
        return "No notice period"
    if notice < as_of:
        return f"Notice was due {format_date(notice)}"
    return f"Notice by {format_date(notice)}, {format_distance((notice - as_of).days)}"
