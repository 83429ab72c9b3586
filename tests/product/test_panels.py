"""What the product panels say of use: the same as the stored numbers and the signals made of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.lenses import panels
from accounts.models import Account
from people.access import access_of
from pods.models import Signal
from tests.metrics.facts import TODAY, ago, make_account, make_line, make_use, refresh

pytestmark = pytest.mark.django_db


def chart_of(account: Account, as_of: date = TODAY) -> Any:
    return panels["product.usage_by_day"].load_for(account, as_of, access_of("product"))["chart"]


def norm_of(chart: Any) -> list[float] | None:
    found = [series.values for series in chart.series if series.name.startswith("Norm")]
    return list(dict.fromkeys(found[0])) if found else None


def test_chart_and_signal_name_the_same_fall() -> None:
    account = make_account("growth")
    make_line(account, ago(400))
    for back in range(180):
        # Falling for long: against the 90 days before those shown it fell more than against its norm.
        make_use(account, ago(back), 2 if back < 30 else 4 if back < 120 else 9)
    refresh()
    chart = chart_of(account)
    assert chart.title == "Usage of the last 30 days is 50% below its norm"
    assert Signal.objects.get(trigger="product.usage_fall").reason == "Usage is 50% below its norm"
    assert norm_of(chart) == [4.0]


def test_a_young_customer_has_the_norm_since_its_first_use() -> None:
    account = make_account()
    for back in range(75):
        make_use(account, ago(back), 3)
    refresh()
    chart = chart_of(account)
    assert chart.title == "Usage runs at its norm of 3 events a day"
    assert norm_of(chart) == [3.0]


def test_without_a_stored_trend_there_is_no_norm_to_compare_with() -> None:
    account = make_account()
    for back in range(50):
        make_use(account, ago(back), 3)
    refresh()
    chart = chart_of(account)
    assert chart.title == "3 events a day in the last 30 days; no norm to compare with yet"
    assert norm_of(chart) is None


def test_the_day_after_a_refresh_says_what_the_refresh_found() -> None:
    account = make_account()
    for back in range(130):
        make_use(account, ago(back), 2 if back < 30 else 4)
    refresh()
    for back in (-1, -2, -3):
        make_use(account, ago(back), 40)
    assert chart_of(account, ago(-3)).title == "Usage of the last 30 days is 50% below its norm"
