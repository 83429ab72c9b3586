"""Signals over health, which the layer below makes and which belongs to no function."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet

from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.statements import Statement
from people.models import Category
from pods.models import Severity
from pods.playbooks import rescaled, stored, trigger

FALL = 10


@trigger(
    "metrics.health_dropped",
    label="Health fell",
    severity=Severity.RISK,
    category=Category.ACCOUNT_PROFILE,
    reason="Health fell by {value} points in a month",
    inputs=("metrics.health_change", "metrics.health_score"),
)
def health_dropped(as_of: date) -> Statement:
    # A fall from very good to good asks for nothing.
    not_green = stored("metrics.health_score", as_of).filter(value__lt=GREEN_FROM).values("account_id")
    fallen = stored("metrics.health_change", as_of).filter(value__lte=-FALL, account_id__in=not_green)
    return rescaled(fallen, times=-1)


@trigger(
    "metrics.health_red",
    label="Health is red",
    severity=Severity.RISK,
    category=Category.ACCOUNT_PROFILE,
    reason="Health is red at {value} points",
    inputs=("metrics.health_score",),
)
def health_red(as_of: date) -> QuerySet[Any, Any]:
    return stored("metrics.health_score", as_of).filter(value__lt=AMBER_FROM).values("account_id", "value")
