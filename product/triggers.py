"""Signals over usage."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from metrics.statements import Statement
from people.models import Category
from pods.models import Severity
from pods.playbooks import REVENUE, rescaled, stored_of_customers, trigger

FALL = Decimal("0.7")
SURGE = Decimal("1.3")
INPUTS = ("product.usage_trend", REVENUE)


@trigger(
    "product.usage_fall",
    label="Usage fell",
    severity=Severity.RISK,
    category=Category.PRODUCT_USAGE,
    reason="Usage is {value}% below its norm",
    inputs=INPUTS,
)
def usage_fall(as_of: date) -> Statement:
    fallen = stored_of_customers("product.usage_trend", as_of).filter(value__lt=FALL)
    return rescaled(fallen, less=1, times=-100)


@trigger(
    "product.usage_surge",
    label="Usage surged",
    severity=Severity.OPPORTUNITY,
    category=Category.PRODUCT_USAGE,
    reason="Usage is {value}% above its norm",
    inputs=INPUTS,
)
def usage_surge(as_of: date) -> Statement:
    risen = stored_of_customers("product.usage_trend", as_of).filter(value__gt=SURGE)
    return rescaled(risen, less=1, times=100)
