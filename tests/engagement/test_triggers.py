"""Whom the signals over the relationship watch: by the tier of the day, whatever the CRM says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engagement.triggers import no_touch
from metrics.models import MetricValue
from tests.metrics.facts import TODAY, ago, make_account, roll_up

pytestmark = pytest.mark.django_db


def test_customers_that_are_standard_on_the_day_are_not_watched() -> None:
    accounts = {slug: make_account(slug) for slug in ("growth", "standard", None)}
    roll_up("tiers.tenures", ago(5))
    for account in accounts.values():
        for key, value in (("finance.arr", 1000), ("engagement.days_since_touch", 90)):
            MetricValue.objects.create(account=account, key=key, as_of=TODAY, value=Decimal(value))
    accounts["growth"].__class__.objects.update(tier=accounts["standard"].tier)
    found = {row["account_id"] for row in no_touch(TODAY)}
    assert found == {accounts["growth"].pk, accounts[None].pk}
