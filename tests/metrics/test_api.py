"""``GET /api/v1/metrics/``: the numbers, under the reader's access, and clear refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.metrics.facts import ago, make_account, make_line, make_ticket, refresh
from tests.users import client_as

pytestmark = pytest.mark.django_db
URL = "/api/v1/metrics/"


@pytest.fixture
def accounts() -> list[int]:
    """Three customers refreshed on two days."""
    made = [make_account(tier) for tier in ("growth", "strategic", "growth")]
    for place, account in enumerate(made):
        make_line(account, ago(500), amount=100 * (place + 1))
        make_ticket(account, ago(40))
    refresh(ago(30))
    refresh()
    return [account.pk for account in made]


def ask(client: Client, query: str, status: int = 200) -> Any:
    response = client.get(f"{URL}?{query}")
    assert response.status_code == status, response.content
    kind = "application/json" if status == 200 else "application/problem+json"
    assert response["Content-Type"].startswith(kind)
    return json.loads(response.content)


def test_segments_of_the_newest_day(accounts: list[int]) -> None:
    answer = ask(client_as("finance"), "key=finance.nrr&dimension=tier")
    assert [row["member"] for row in answer["results"]] == ["growth", "strategic"]
    assert answer["results"][0] == {
        "key": "finance.nrr",
        "as_of": "2026-11-20",
        "dimension": "tier",
        "member": "growth",
        "value": "1.000000",
        "numerator": "400.000000",
        "denominator": "400.000000",
        "accounts": 2,
    }
    assert (answer["next"], answer["redacted"]) == (None, [])


def test_several_keys_one_member_and_a_range_of_days(accounts: list[int]) -> None:
    client = client_as("finance")
    answer = ask(
        client, "key=finance.nrr,finance.grr&dimension=tier&member=growth&from=2026-01-01&to=2026-12-31"
    )
    assert [(row["key"], row["as_of"]) for row in answer["results"]] == [
        ("finance.grr", "2026-10-21"),
        ("finance.nrr", "2026-10-21"),
        ("finance.grr", "2026-11-20"),
        ("finance.nrr", "2026-11-20"),
    ]
    assert len(ask(client, "key=finance.nrr&from=2026-11-01")["results"]) == 1


def test_numbers_of_one_account_and_dates_as_dates(accounts: list[int]) -> None:
    answer = ask(client_as("finance"), f"key=finance.arr&account={accounts[1]}")
    assert answer["results"] == [
        {"key": "finance.arr", "as_of": "2026-11-20", "account": str(accounts[1]), "value": "200.000000"}
    ]
    touch = ask(client_as("sales"), f"key=engagement.last_touch_on&account={accounts[1]}")
    assert touch["results"] == []


def test_pages_follow_each_other_without_gap_or_repeat(accounts: list[int]) -> None:
    client = client_as("finance")
    query = "key=finance.arr&key=finance.mrr&dimension=account&from=2026-01-01&page_size=5"
    seen: list[tuple[str, str, str]] = []
    answer = ask(client, query)
    while True:
        seen += [(row["as_of"], row["key"], row["account"]) for row in answer["results"]]
        if answer["next"] is None:
            break
        response = client.get(answer["next"])
        answer = json.loads(response.content)
    assert len(seen) == len(set(seen)) == 12
    assert seen == sorted(seen, key=lambda row: (row[0], row[1], int(row[2])))


def test_closed_numbers_are_left_out_and_named(accounts: list[int]) -> None:
    client = client_as("support")
    answer = ask(client, f"key=finance.arr&key=support.open_tickets&account={accounts[0]}")
    assert [row["key"] for row in answer["results"]] == ["support.open_tickets"]
    assert [(row["key"], row["category"]) for row in answer["redacted"]] == [("finance.arr", "revenue")]
    assert "Support does not read revenue" in answer["redacted"][0]["reason"]


def test_totals_are_enough_for_figures_of_revenue(accounts: list[int]) -> None:
    assert ask(client_as("sales"), "key=finance.nrr")["results"]


def test_a_visitor_is_asked_to_sign_in() -> None:
    response = Client().get(f"{URL}?key=finance.nrr")
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "key"),
        ("key=no.such", "key"),
        ("key=support.open_tickets&dimension=tier", "key"),
        ("key=finance.nrr&dimension=colour", "dimension"),
        ("key=finance.nrr&from=yesterday", "from"),
        ("key=finance.nrr&to=2026-02-30", "to"),
        ("key=finance.nrr&page_size=0", "page_size"),
        ("key=finance.nrr&page_size=1001", "page_size"),
        ("key=finance.nrr&page_size=%D9%A3", "page_size"),
        ("key=finance.nrr&account=x", "account"),
        ("key=finance.nrr&account=99999999999999999999", "account"),
        ("key=finance.nrr&account=5&dimension=tier", "account"),
        ("key=finance.nrr&cursor=!!!", "cursor"),
        ("key=finance.nrr&cursor=bm9uc2Vuc2U", "cursor"),
        ("key=finance.nrr&dimension=tier&member=%00", "member"),
        ("key=finance.nrr&colour=red", "colour"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_by_name(query: str, field: str) -> None:
    answer = ask(client_as("finance"), query, 400)
    assert (answer["code"], answer["status"]) == ("invalid_query", 400)
    assert field in {error["field"] for error in answer["errors"]}


def test_a_cursor_of_another_list_is_refused(accounts: list[int]) -> None:
    client = client_as("finance")
    cursor = ask(client, "key=finance.nrr&dimension=tier&page_size=1")["next_cursor"]
    answer = ask(client, f"key=finance.arr&dimension=account&cursor={cursor}", 400)
    assert answer["code"] == "invalid_query"
