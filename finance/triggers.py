"""Signals over revenue and renewals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from finance.events import RENEWAL_DUE
from metrics.expressions import EPOCH
from metrics.statements import Statement
from people.models import Category
from pods.models import Severity
from pods.playbooks import rescaled, stored, trigger

RENEWAL_DAYS = 90
CONTRACTION = Decimal("-0.05")
EXPANSION = Decimal("0.1")


@trigger(
    "finance.renewal_near",
    label="Renewal near",
    severity=Severity.DUE,
    category=Category.CONTRACTS,
    reason="Renewal on {date}",
    inputs=("finance.renewal_on",),
    event=RENEWAL_DUE.key,
)
def renewal_near(as_of: date) -> QuerySet[Any, Any]:
    until = (as_of - EPOCH).days + RENEWAL_DAYS
    return stored("finance.renewal_on", as_of).filter(value__lte=until).values("account_id", "value")


@trigger(
    "finance.contraction",
    label="ARR fell",
    severity=Severity.RISK,
    category=Category.REVENUE,
    reason="ARR fell by {value}% in 90 days",
    inputs=("finance.arr_change_90d",),
)
def contraction(as_of: date) -> Statement:
    return rescaled(stored("finance.arr_change_90d", as_of).filter(value__lte=CONTRACTION), times=-100)


@trigger(
    "finance.expansion",
    label="ARR rose",
    severity=Severity.OPPORTUNITY,
    category=Category.REVENUE,
    reason="ARR rose by {value}% in 90 days",
    inputs=("finance.arr_change_90d",),
)
def expansion(as_of: date) -> Statement:
    return rescaled(stored("finance.arr_change_90d", as_of).filter(value__gte=EXPANSION), times=100)


@trigger(
    "finance.invoice_overdue",
    label="Invoice overdue",
    severity=Severity.RISK,
    category=Category.FINANCIAL_HEALTH,
    reason="An invoice is {value} days overdue",
    reason_one="An invoice is a day overdue",
    inputs=("finance.most_days_late",),
)
def invoice_overdue(as_of: date) -> QuerySet[Any, Any]:
    return stored("finance.most_days_late", as_of).values("account_id", "value")
