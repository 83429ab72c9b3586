"""Numbers of collections; ``finance.metrics`` declares them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, QuerySet

from finance.models import PaymentPromise
from metrics.registry import Component, metric
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
    component=Component(
        group="finance",
        curve=((0, 100), (1, 60), (2, 25), (3, 0)),
        fresh_days=7,
        why="A promise broken once may be a slip; broken twice, they don't mean to or can't.",
    ),
)
def broken_promises(as_of: date) -> QuerySet[Any, Any]:
    broken = PaymentPromise.objects.due_within_year(as_of).filter(state="broken", account__deleted_at=None)
    return broken.order_by().values("account_id").annotate(value=Count("pk"))
