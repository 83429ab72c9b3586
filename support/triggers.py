"""Signals over tickets."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet

from people.models import Category
from pods.models import Severity
from pods.playbooks import stored, trigger


@trigger(
    "support.urgent_late",
    label="Urgent ticket past its target",
    severity=Severity.RISK,
    category=Category.SUPPORT_HISTORY,
    reason="{value} urgent tickets are past their first-response target",
    reason_one="An urgent ticket is past its first-response target",
    inputs=("support.late_urgent_tickets",),
)
def urgent_late(as_of: date) -> QuerySet[Any, Any]:
    return stored("support.late_urgent_tickets", as_of).filter(value__gte=1).values("account_id", "value")
