"""Cohorts against plain sums, and their page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finance.models import ContractLine, RevenueToRecompute
from finance.revenue.publication import close_months
from tests.metrics.facts import ago, follow_revenue, make_account, make_line
from tests.users import client_as

pytestmark = pytest.mark.django_db

PAGE = "/finance/retention/cohorts/"


def show(function: str = "finance", **params: str) -> Any:
    response = client_as(function).get(PAGE, {"to": "2026-10", **params})
    assert response.status_code == 200
    return response.context


def told(context: Any) -> dict[str, tuple[list[Any], list[int]]]:
    return {cohort.label: (list(cohort.arr), list(cohort.accounts)) for cohort in context["cohorts"]}


def test_cohorts_follow_the_first_quarter_with_revenue() -> None:
    one, two, back, old = (make_account() for _ in range(4))
    make_line(one, date(2025, 11, 5), amount=100)
    make_line(one, date(2026, 5, 1), amount=50)
    make_line(two, date(2025, 12, 5), date(2026, 4, 1), amount=300)
    make_line(back, date(2026, 2, 1), date(2026, 5, 1), amount=40)
    make_line(back, date(2026, 8, 1), amount=60)
    make_line(old, date(2020, 1, 1), amount=999)
    follow_revenue()
    assert told(show()) == {
        "Q4 2025": ([400, 400, 150, 150], [2, 2, 1, 1]),
        "Q1 2026": ([40, 0, 60], [1, 0, 1]),
    }
    months = told(show(each="month"))
    assert months.keys() == {"Nov 2025", "Dec 2025", "Feb 2026"}
    assert months["Feb 2026"][0] == [40, 40, 40, 0, 0, 0, 60, 60, 60]


def test_an_account_counts_in_the_segment_in_which_it_began() -> None:
    make_line(make_account(industry="Retail"), date(2026, 2, 5), amount=100)
    make_line(make_account(industry="Energy"), date(2026, 2, 5), amount=70)
    follow_revenue()
    assert told(show(by="industry", member="Retail"))["Q1 2026"][0][0] == 100


def test_shares_and_title_say_what_is_left() -> None:
    for month in (1, 4, 7):
        make_line(make_account(), date(2025, month, 5), amount=100)
        make_line(make_account(), date(2025, month, 5), date(2026, month, 1), amount=100)
    follow_revenue()
    context = show()
    assert context["arr_chart"].title == "After 4 quarters cohorts hold 50% of their first ARR"
    assert context["accounts_chart"].title == "After 4 quarters cohorts hold 50% of their accounts"
    assert context["cohorts"][0].share("arr", 99) is None


def test_as_published_cohorts_are_those_of_then() -> None:
    account = make_account()
    line = make_line(account, date(2026, 2, 5), amount=100)
    follow_revenue()
    close_months(until=ago(10))
    ContractLine.objects.filter(pk=line.pk).update(amount=80)
    RevenueToRecompute.objects.create(account=account)
    follow_revenue()
    assert told(show())["Q1 2026"][0][-1] == 80
    assert told(show(known="published"))["Q1 2026"][0][-1] == 100


@pytest.mark.parametrize("function", ["leadership", "customer_success"])
def test_totals_are_enough_to_read_cohorts(function: str) -> None:
    make_line(make_account(), date(2026, 2, 5), amount=100)
    follow_revenue()
    assert show(function)["cohorts"]


@pytest.mark.parametrize("params", [{"each": "x"}, {"to": "1990-01"}, {"member": "?"}, {"rates": "dated"}])
def test_no_address_breaks_the_page(params: dict[str, str]) -> None:
    show(**params)


def test_a_cohort_opens_to_its_accounts_which_add_up_to_its_cells() -> None:
    grows, leaves, back = (make_account(name=name) for name in ("Grows", "Leaves", "Back"))
    make_line(grows, date(2025, 11, 5), amount="100.10")
    make_line(grows, date(2026, 5, 1), amount="50.05")
    make_line(leaves, date(2025, 12, 5), date(2026, 4, 1), amount=300)
    make_line(back, date(2026, 2, 1), date(2026, 5, 1), amount=40)
    make_line(back, date(2026, 8, 1), amount=60)
    follow_revenue()
    client = client_as("finance")
    for each in ("quarter", "month"):
        for cohort in show(each=each)["cohorts"]:
            for age, arr in enumerate(cohort.arr):
                asked = {"to": "2026-10", "each": each, "age": str(age)}
                members = client.get(f"{PAGE}{cohort.key}/", asked).context["members"]
                assert (members.begun, members.held) == (cohort.arr[0], arr)
                assert (len(members.rows), members.paying) == (cohort.accounts[0], cohort.accounts[age])
    page = client.get(f"{PAGE}2025-12/", {"to": "2026-10"})
    assert [(row.name, row.begun, row.held) for row in page.context["members"].rows] == [
        ("Leaves", 300, 0), ("Grows", Decimal("100.10"), Decimal("150.15")),
    ]  # fmt: skip
    assert f"/finance/retention/accounts/{grows.pk}/?to=2026-09" in page.content.decode()
    file = client.get(f"{PAGE}2025-12/", {"to": "2026-10", "export": "csv"})
    assert "150.15" in b"".join(file.streaming_content).decode()  # type: ignore[attr-defined]


def test_accounts_of_a_cohort_are_for_who_reads_accounts() -> None:
    make_line(make_account(), date(2026, 2, 5), amount=100)
    follow_revenue()
    page = client_as("customer_success").get(PAGE, {"to": "2026-10"})
    assert f"{PAGE}2026-03/" not in page.content.decode()
    assert client_as("customer_success").get(f"{PAGE}2026-03/").status_code == 403


@pytest.mark.parametrize("month", ["2026-05", "x", "0001-01", "9999-12", "2026-3", "1990-01"])
def test_what_is_no_cohort_is_not_found(month: str) -> None:
    make_line(make_account(), date(2026, 2, 5), amount=100)
    follow_revenue()
    assert client_as("finance").get(f"{PAGE}{month}/", {"to": "2026-10"}).status_code == 404


@pytest.mark.parametrize("age", ["x", "-1", "9" * 10_000, "99", "1e400", "٣", ""])
def test_an_age_that_is_none_shows_the_newest(age: str) -> None:
    make_line(make_account(), date(2026, 2, 5), amount=100)
    follow_revenue()
    page = client_as("finance").get(f"{PAGE}2026-03/", {"to": "2026-10", "age": age})
    assert (page.context["members"].age, page.context["members"].held) == (2, 100)
