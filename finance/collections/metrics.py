"""Numbers of collections; ``finance.metrics`` declares them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, QuerySet

from finance.models import PaymentPromise
from metrics.registry import metric
from people.models import Category


@metric(
    "finance.broken_promises",
    label="Broken promises to pay",
    unit="promises",
    category=Category.FINANCIAL_HEALTH,
    formula="Promises to pay whose day was over within the 365 days before, and that weren't kept by what was paid by "
    "then. A payment that becomes known late counts by its own day.",
    inputs=("invoices", "payments"),
    direction="down",
)
def broken_promises(as_of: date) -> QuerySet[Any, Any]:
    broken = PaymentPromise.objects.due_within_year(as_of).filter(state="broken", account__deleted_at=None)
    return broken.order_by().values("account_id").annotate(value=Count("pk"))
