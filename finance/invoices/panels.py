"""What an account owes, how it pays, and what was wrong with its invoices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from finance.invoices.ageing import BUCKETS, ageing
from finance.invoices.listing import state_of
from finance.models import Invoice, Payment
from metrics.models import MetricValue
from people.models import Category, Level

MOST_INVOICES = 8
MOST_PAYMENTS = 5


@register_panel
class Balance(Panel):
    """What the account owes by how late it is, in each currency, and the invoices behind it."""

    key = "finance.balance"
    title = "Balance"
    explain = "finance.balance"
    numbers = ("finance.overdue", "finance.disputed")
    template = "finance/panels/balance.html"
    category = Category.FINANCIAL_HEALTH
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        rows = ageing(as_of, [account.pk])
        found: Any = Invoice.objects.filter(account=account).open_on(as_of)
        invoices = list(found.order_by("falls_due_on", "pk")[:MOST_INVOICES])
        return {
            "balances": [
                {
                    "currency": row.currency,
                    "balance": row.balance,
                    "overdue": row.open - row.current,
                    "disputed": row.disputed,
                    "unallocated": -row.unallocated,
                    "buckets": [
                        {"label": label, "amount": getattr(row, name), "is_late": name != "current"}
                        for name, label in BUCKETS.items()
                        if getattr(row, name)
                    ],
                }
                for row in rows
            ],
            "invoices": [
                {
                    "number": invoice.number,
                    "url": reverse("finance:invoice", args=[invoice.pk]),
                    "due_on": invoice.falls_due_on,
                    "open": invoice.open_amount,
                    "currency": invoice.currency,
                    "state": state_of(invoice, as_of)[0],
                    "tone": state_of(invoice, as_of)[1],
                }
                for invoice in invoices
            ],
            "all_url": f"{reverse('finance:invoices')}?show=all&account={account.pk}",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the open invoices shown."""
        if not data["invoices"]:
            return None
        return table_of(
            "open-invoices",
            data["invoices"],
            [
                ("number", "Number", lambda row: row["number"]),
                ("due_on", "Due", lambda row: row["due_on"]),
                ("open", "Open", lambda row: row["open"]),
                ("currency", "Currency", lambda row: row["currency"]),
                ("state", "State", lambda row: row["state"]),
            ],
        )


@register_panel
class Paying(Panel):
    """How the account pays: days beyond terms, its last payments, and how often its invoices were wrong."""

    key = "finance.paying"
    title = "How it pays"
    explain = "finance.days_beyond_terms"
    template = "finance/panels/paying.html"
    category = Category.FINANCIAL_HEALTH
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        late = MetricValue.objects.filter(
            account=account, key="finance.days_beyond_terms", as_of__lte=as_of
        ).order_by("-as_of")
        paid: Any = Payment.objects.filter(account=account).paid_by(as_of).with_unallocated(as_of)
        payments = list(paid.order_by("-paid_on", "-pk")[:MOST_PAYMENTS])
        issued = Invoice.objects.filter(
            account=account, kind="invoice", deleted_at=None, issued_on__lte=as_of
        ).exclude(status="draft")
        return {
            "days": late.values_list("value", flat=True).first(),
            "invoices": issued.count(),
            "corrected": issued.wrong_by(as_of).count(),
            "payments": [
                {
                    "reference": str(payment),
                    "url": reverse("finance:payment", args=[payment.pk]),
                    "paid_on": payment.paid_on,
                    "amount": payment.amount,
                    "unallocated": payment.unallocated,
                    "currency": payment.currency,
                }
                for payment in payments
            ],
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the payments shown."""
        if not data["payments"]:
            return None
        return table_of(
            "payments",
            data["payments"],
            [
                ("reference", "Payment", lambda row: row["reference"]),
                ("paid_on", "Paid on", lambda row: row["paid_on"]),
                ("amount", "Amount", lambda row: row["amount"]),
                ("unallocated", "Settles nothing yet", lambda row: row["unallocated"]),
                ("currency", "Currency", lambda row: row["currency"]),
            ],
        )


@register_panel
class Margin(Panel):
    """What the account leaves after its costs: nothing can be said before costs are known."""

    key = "finance.margin"
    title = "Margin"
    template = "finance/panels/margin.html"
    category = Category.REVENUE
    level = Level.TOTALS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        return {}
