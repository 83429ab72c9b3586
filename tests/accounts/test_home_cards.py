"""What the cards of the first screen count, and how they say it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.home import home_panels
from accounts.models import Account
from common.charts import Chart
from tests.accounts.rows import days_ago, make_listed
from tests.users import client_as

pytestmark = pytest.mark.django_db


def card(function: str, key: str) -> dict[str, Any]:
    page = client_as(function).get(reverse("home_panel", args=[key]))
    return dict(page.context["card"].data)


def weak(name: str, tier: str, health: int, **fields: Any) -> Account:
    band = "red" if health < 50 else "amber" if health < 75 else "green"
    return make_listed(name, tier, standing={"health": health, "health_band": band}, **fields)


def test_red_accounts_come_first_by_tier_and_then_those_nearest_to_red() -> None:
    weak("Amber", "strategic", 55)
    weak("Red enterprise", "enterprise", 20)
    weak("Red strategic", "strategic", 45)
    weak("Fine", "strategic", 90)
    weak("Small", "growth", 10)
    weak("No customer", "strategic", 10, lifecycle="prospect")
    data = card("customer_success", "accounts.red_accounts")
    assert [row["name"] for row in data["rows"]] == ["Red strategic", "Red enterprise", "Amber"]
    assert data["finding"] == "2 of 4 are red"


def test_without_a_red_account_the_card_says_so() -> None:
    weak("Amber", "strategic", 55)
    assert (
        card("customer_success", "accounts.red_accounts")["finding"]
        == "None of 1 is red; these come nearest to it"
    )


def test_renewals_are_counted_with_their_revenue_where_it_may_be_read() -> None:
    for back in (-10, -20, -200):
        make_listed("Renews", "growth", standing={"renewal_on": days_ago(back), "arr": Decimal(1500)})
    assert card("finance", "accounts.renewals_soon")["finding"] == "2 accounts renew, with $3k of ARR"
    assert card("legal", "accounts.renewals_soon")["finding"] == "2 accounts renew"


def test_who_pays_is_a_customer_whatever_the_lifecycle_says() -> None:
    make_listed("By lifecycle", "growth", lifecycle="customer", standing={"usage_trend": Decimal("0.5")})
    paying = {"arr": Decimal(10), "usage_trend": Decimal("0.4")}
    make_listed("By revenue", "growth", lifecycle="churned", standing=paying)
    make_listed("Neither", "growth", lifecycle="prospect", standing={"usage_trend": Decimal("0.1")})
    chart: Chart = card("leadership", "accounts.health_by_tier")["chart"]
    assert "of 2 customers" in chart.title
    fallen = card("product", "product.usage_falls")["rows"]
    assert [row["name"] for row in fallen] == ["By revenue", "By lifecycle"]


@pytest.mark.parametrize("function", ["leadership", "support", "marketing", "product"])
def test_a_card_of_numbers_opens_how_they_are_counted(function: str) -> None:
    make_listed("Any", "growth")
    page = client_as(function).get(reverse("home"), {"as_of": days_ago(0).isoformat()})
    for shown in page.context["cards"]:
        number = home_panels[shown.key].explain
        if shown.state in ("loaded", "lazy") and number:
            assert shown.how_url == f"/metrics/explain/{number}/?as_of={days_ago(0)}"
            assert shown.how_url in page.content.decode()


def test_large_customers_with_one_colleague_are_named() -> None:
    pair = {"owner_email": "a@example.com", "sponsor_email": "b@example.com"}
    weak("Held by two", "strategic", 40, **pair)
    weak("No sponsor", "strategic", 60, **pair | {"sponsor_email": ""})
    weak("One twice", "enterprise", 30, **pair | {"sponsor_email": "a@example.com"})
    weak("Small", "growth", 30, **pair | {"sponsor_email": ""})
    data = card("people", "accounts.single_points")
    assert [row["name"] for row in data["rows"]] == ["No sponsor", "One twice"]
    assert data["finding"] == "2 customers without a second colleague"


def test_targets_by_industry_count_against_all_of_them() -> None:
    for number in range(14):
        make_listed(f"Target {number}", lifecycle="target", industry=f"Industry {number % 13}")
    make_listed("Of no industry", lifecycle="prospect", industry="")
    chart: Chart = card("marketing", "accounts.targets_by_industry")["chart"]
    assert chart.title == "Industry 0 holds 2 of 15"
