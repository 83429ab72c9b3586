"""Accounts whose health is due to be checked, for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from accounts.models import Account
from metrics.models import MetricValue, RefreshRun
from pods.checks.opening import open_due
from pods.models import HealthCheck
from tests.accounts.rows import make_listed

MONDAY = date(2026, 11, 23)


def customer(tier: str = "strategic", name: str = "Customer", **standing: Any) -> Account:
    """Create a customer with a standing."""
    return make_listed(name, tier, standing=standing)


def checked(account: Account | None = None, day: date = MONDAY) -> HealthCheck:
    """Open what is due and return the check of an account."""
    account = account or customer()
    open_due(day)
    return HealthCheck.objects.get(task__account=account)


def refreshed(account: Account, **values: Any) -> date:
    """Store numbers of an account on a refreshed day; return the day."""
    day = datetime.now(UTC).date()
    RefreshRun.objects.create(as_of=day, state="done", finished_at=datetime.now(UTC))
    for key, value in values.items():
        MetricValue.objects.create(
            key=key.replace("__", "."), as_of=day, account=account, value=Decimal(str(value))
        )
    return day
