"""What the finance panels say."""

from __future__ import annotations

import pytest

from accounts.lenses import panels
from people.access import access_of
from tests.metrics.facts import TODAY, ago, follow_revenue, make_account, make_line

pytestmark = pytest.mark.django_db


def test_the_share_of_a_product_is_of_all_arr_not_of_the_bars_shown() -> None:
    account = make_account()
    for number in range(20):
        line = make_line(account, ago(100), amount=200 if number == 0 else 100 - number)
        line.product = f"Product {number:02}"
        line.save()
    follow_revenue()
    whole = 200 + sum(100 - number for number in range(1, 20))
    data = panels["finance.revenue_by_product"].load_for(account, TODAY, access_of("finance"))
    assert data["chart"].title == f"Product 00 brings {200 / whole:.0%} of ARR"
    assert len(data["chart"].categories) == 10
