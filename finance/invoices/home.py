"""What finance sees first of invoices and payments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Sum
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from common.export import Table, table_of
from finance.home import newest_segments
from finance.invoices.ageing import year_until
from finance.invoices.listing import find_corrections
from finance.invoices.reading import causes_of_year
from finance.models import Invoice, Payment
from people.functions import Function
from people.models import Category

MOST = 8


@register_home_panel
class Overdue(HomePanel):
    """Who is late with how much, the oldest first, and what waits for a word."""

    key = "finance.overdue_invoices"
    title = "Overdue invoices"
    explain = "finance.overdue"
    template = "finance/home/overdue.html"
    category = Category.FINANCIAL_HEALTH
    functions = {Function.FINANCE: 6, Function.CUSTOMER_SUCCESS: 35}
    span = 12
    is_flush = True

    def load(self, reader: Reader) -> dict[str, Any]:
        day = reader.as_of
        found: Any = Invoice.objects.overdue_on(day).filter(account__deleted_at=None)
        if reader.user.function == Function.CUSTOMER_SUCCESS:
            found = found.filter(account__owner_email__iexact=reader.user.email)
        else:
            found = found.unsettled_on(day)
        rows = list(found.select_related("account").order_by("falls_due_on", "pk")[:MOST])
        sums = found.order_by().values("currency").annotate(sum=Sum("overdue_amount")).order_by("-sum")
        waiting = Payment.objects.unsettling_on(day).filter(account__deleted_at=None)
        is_finance = reader.user.function == Function.FINANCE
        return {
            "sums": [{"currency": row["currency"], "amount": row["sum"]} for row in sums],
            "rows": [
                {
                    "number": row.number,
                    "url": reverse("finance:invoice", args=[row.pk]),
                    "account": row.account.name,
                    "account_id": row.account_id,
                    "amount": row.overdue_amount,
                    "currency": row.currency,
                    "due_on": row.falls_due_on,
                    "days": (day - row.falls_due_on).days,
                }
                for row in rows
            ],
            "unallocated": waiting.count() if is_finance else 0,
            "unnamed": find_corrections(day, year_until(day), "none").count() if is_finance else 0,
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the invoices shown."""
        if not data["rows"]:
            return None
        return table_of(
            "overdue-invoices",
            data["rows"],
            [
                ("account_id", "Account id", lambda row: row["account_id"]),
                ("account", "Account", lambda row: row["account"]),
                ("number", "Invoice", lambda row: row["number"]),
                ("due_on", "Due", lambda row: row["due_on"]),
                ("days", "Days overdue", lambda row: row["days"]),
                ("amount", "Overdue", lambda row: row["amount"]),
                ("currency", "Currency", lambda row: row["currency"]),
            ],
        )


@register_home_panel
class Accuracy(HomePanel):
    """How often the year's invoices were right, and why not."""

    key = "finance.invoice_accuracy_by_cause"
    title = "Invoice accuracy"
    explain = "finance.invoice_accuracy"
    template = "finance/home/accuracy.html"
    category = Category.FINANCIAL_HEALTH
    functions = {Function.FINANCE: 30}

    def load(self, reader: Reader) -> dict[str, Any]:
        url = reverse("finance:invoice_accuracy")
        return {
            "accuracy": newest_segments(("finance.invoice_accuracy",), reader.as_of).get(
                ("finance.invoice_accuracy", "all", "")
            ),
            "causes": [
                {
                    "label": row.label,
                    "count": row.count,
                    "is_fault": row.is_fault,
                    "url": f"{url}?cause={row.key}",
                }
                for row in causes_of_year(reader.as_of)
            ],
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the causes shown."""
        if not data["causes"]:
            return None
        return table_of(
            "invoice-accuracy",
            data["causes"],
            [
                ("cause", "Cause", lambda row: row["label"]),
                ("count", "Invoices corrected", lambda row: row["count"]),
                ("is_fault", "Counts against accuracy", lambda row: row["is_fault"]),
            ],
        )
