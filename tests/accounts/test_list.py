"""The account list: filters, search, columns, refusals, and the file it exports."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.lenses import columns
from accounts.models import Account
from tests.accounts.rows import SECRET_ARR, SECRET_FORMS, TODAY, make_listed
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

LIST = reverse("accounts:list")
EXPORT = reverse("accounts:export")


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


@pytest.fixture
def support() -> Client:
    return client_as("support")


def names(client: Client, query: str = "") -> list[str]:
    return [row.name for row in client.get(f"{LIST}{query}").context["page"].rows]


def exported(client: Client, query: str = "") -> list[list[str]]:
    response = client.get(f"{EXPORT}{query}")
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def problems(client: Client, query: str) -> str:
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return " ".join(response.context["problems"])


def test_the_largest_revenue_stands_first(revops: Client) -> None:
    make_listed("Small", standing={"arr": 1})
    make_listed("Large", standing={"arr": 3})
    make_listed("New", standing=None)
    assert names(revops) == ["Large", "Small", "New"]


def test_a_deleted_account_is_hidden(revops: Client) -> None:
    make_listed("Gone", deleted_at=timezone.now())
    make_listed("Here")
    assert names(revops) == ["Here"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?tier=strategic", ["Alpha Energy"]),
        ("?tier=strategic&tier=growth", ["Alpha Energy", "Beta Retail"]),
        ("?tier=none", ["Gamma"]),
        ("?health=red", ["Beta Retail"]),
        ("?health=unknown", ["Gamma"]),
        ("?lifecycle=target", ["Gamma"]),
        ("?industry=energy", ["Alpha Energy"]),
        ("?country=de&country=us", ["Alpha Energy", "Beta Retail"]),
        ("?owner=ann@example.com", ["Alpha Energy"]),
        ("?arr_min=100", ["Alpha Energy"]),
        ("?arr_max=100", ["Beta Retail"]),
        ("?arr_min=50&arr_max=5,000", ["Alpha Energy", "Beta Retail"]),
        ("?renewal_days=30", ["Beta Retail"]),
        ("?custom.region=EMEA", ["Alpha Energy"]),
        ("?custom.seats=12", ["Beta Retail"]),
        ("?custom.active=true", ["Beta Retail"]),
        ("?q=ener", ["Alpha Energy"]),
        ("?q=be", ["Beta Retail"]),
        ("?q=ta", []),
        ("?q=%25", []),
        ("?q=beta&tier=strategic", []),
    ],
)
def test_filters_find(revops: Client, query: str, found: Sequence[str]) -> None:
    make_listed(
        "Alpha Energy",
        "strategic",
        industry="Energy",
        country="DE",
        owner_email="ann@example.com",
        custom={"region": "EMEA"},
        standing={"arr": 1000, "health_band": "green", "renewal_on": TODAY + timedelta(days=90)},
    )
    make_listed(
        "Beta Retail",
        "growth",
        industry="Retail",
        country="US",
        custom={"seats": 12, "active": True},
        standing={"arr": 50, "health_band": "red", "renewal_on": TODAY + timedelta(days=30)},
    )
    make_listed("Gamma", lifecycle="target")
    assert names(revops, query) == found


def test_mine_are_those_i_own_or_sponsor() -> None:
    me = make_user("sales", email="me@example.com")
    make_listed("Owned", owner_email="me@example.com")
    make_listed("Sponsored", sponsor_email="me@example.com")
    make_listed("Another's", owner_email="you@example.com")
    assert sorted(names(client_of(me), "?owner=mine")) == ["Owned", "Sponsored"]


def test_chips_name_the_filters_and_take_each_away(revops: Client) -> None:
    make_listed("Alpha", "strategic", standing={})
    chips = revops.get(f"{LIST}?tier=strategic&tier=growth&arr_min=10&q=alp&sort=accounts.name").context[
        "chips"
    ]
    assert [(chip["label"], chip["value"]) for chip in chips] == [
        ("Name", "alp"),
        ("Tier", "Strategic"),
        ("Tier", "Growth"),
        ("ARR from", "$10.00"),
    ]
    assert chips[1]["remove_url"] == "?tier=growth&arr_min=10&q=alp&sort=accounts.name"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?after=garbage", "The place in the list could not be read"),
        ("?before=%F0%9F%98%80", "The place in the list could not be read"),
        ("?after=WyIxIiwxXQ&sort=finance.renewal_on", "The place in the list could not be read"),
        ("?sort=nothing", "There is no column called “nothing” to sort by"),
        ("?sort=-", "There is no column called “” to sort by"),
        ("?columns=nothing", "There is no column called “nothing”"),
        ("?lens=nothing", "There is no lens called “nothing”"),
        ("?q=a%00b", "unreadable characters"),
        ("?industry=%00", "unreadable characters"),
        ("?custom.a%00=1", "unreadable characters"),
        ("?tier=gold", "Tier “gold” was left out: choose strategic"),
        ("?health=purple", "Health “purple” was left out"),
        ("?arr_min=lots", "ARR from “lots” was left out: write an amount"),
        ("?arr_min=NaN", "ARR from “NaN” was left out"),
        ("?arr_max=1e99", "ARR up to “1e99” was left out"),
        ("?arr_max=-1", "ARR up to “-1” was left out"),
        ("?renewal_days=0", "Renewal within “0” was left out"),
        ("?renewal_days=99999999999999999999", "was left out"),
        ("?renewal_days=٣", "was left out"),
        ("?id=12345678901234567890123", "was left out"),
        (f"?q={'x' * 300}", "Only the first 100 letters"),
        (f"?industry={'x' * 300}", "use at most 255 letters"),
        ("?country=zz", "Country has no value “ZZ”"),
        ("?custom.nobody=1", "There is no field “custom.nobody”"),
        ("?custom.seats=many", "“many” is no number"),
    ],
)
def test_a_bad_parameter_is_named(revops: Client, query: str, says: str) -> None:
    make_listed("Alpha", custom={"seats": 3})
    assert says in problems(revops, query)
    answer = revops.get(f"{EXPORT}{query}")
    assert answer.status_code == (
        400 if "after" not in query and "before" not in query else answer.status_code
    )
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "query",
    [
        "?as_of=0000-01-01",
        "?as_of=%00",
        "?q=%ED%A0%80",
        "?sort=%ED%A0%80",
        "?custom.=1",
        "?custom.0=1",
        "?owner=%27--",
    ],
)
def test_odd_input_is_no_error(revops: Client, query: str) -> None:
    make_listed("Alpha")
    assert revops.get(f"{LIST}{query}").status_code == 200


def test_paging_by_the_links(revops: Client) -> None:
    for number in range(120):
        make_listed(f"Account {number:03}", standing={"arr": number // 7} if number % 3 else None)
    found: list[str] = []
    url = ""
    while True:
        page = revops.get(f"{LIST}{url}").context["page"]
        found += [row.name for row in page.rows]
        if not page.next_url:
            break
        url = page.next_url
    assert len(found) == len(set(found)) == 120
    back = revops.get(f"{LIST}{page.previous_url}").context["page"]
    assert [row.name for row in back.rows] == found[50:100]
    assert [name for [name, *_] in exported(revops)[1:]] == found


def test_the_number_of_queries_does_not_depend_on_the_rows(revops: Client) -> None:
    make_listed("One", "strategic", standing={"arr": 1})
    revops.get(LIST)
    with CaptureQueriesContext(connection) as few:
        revops.get(LIST)
    for number in range(60):
        make_listed(
            f"Account {number}", "growth", owner_email=f"{number}@example.com", standing={"arr": number}
        )
    with CaptureQueriesContext(connection) as many:
        revops.get(LIST)
    assert len(many) <= len(few)
    counted = [query["sql"] for query in many.captured_queries if "COUNT(" in query["sql"]]
    assert not [sql for sql in counted if 'FROM "accounts_account"' in sql]


def test_a_partial_is_the_list_alone(revops: Client) -> None:
    make_listed("Alpha")
    partial = revops.get(LIST, headers={"HX-Request": "true"})
    assert b"<html" not in partial.content
    assert b"Alpha" in partial.content
    assert "HX-Request" in partial["Vary"]


def test_a_lens_brings_its_columns_and_order(revops: Client) -> None:
    make_listed("Calm", standing={"open_tickets": 1})
    make_listed("Upset", standing={"open_tickets": 5})
    page = revops.get(f"{LIST}?lens=support")
    assert page.context["sort"] == "-support.open_tickets"
    assert [head.column.key for head in page.context["page"].heads][1] == "support.open_tickets"
    assert names(revops, "?lens=support") == ["Upset", "Calm"]


def test_columns_are_chosen_in_the_url(revops: Client) -> None:
    make_listed("Alpha", country="DE")
    heads = revops.get(f"{LIST}?columns=accounts.country,finance.arr").context["page"].heads
    assert [head.column.label for head in heads] == ["Country", "ARR"]


def test_the_export_holds_what_is_shown(revops: Client) -> None:
    make_listed("Alpha", "growth", country="DE", standing={"arr": Decimal("1234.50"), "nrr": Decimal("1.1")})
    make_listed("Beta", "growth", country="US", standing={"arr": 99})
    make_listed("Gamma", "standard", standing={"arr": 9})
    query = "?tier=growth&columns=finance.arr,accounts.tier,finance.nrr,accounts.country&sort=finance.arr"
    rows = exported(revops, query)
    assert rows == [
        ["Account", "ARR (USD)", "Tier", "NRR", "Country"],
        ["Beta", "99.00", "Growth", "", "US"],
        ["Alpha", "1234.50", "Growth", "1.1000", "DE"],
    ]
    assert [row[0] for row in rows[1:]] == names(revops, query)


def test_selected_accounts_can_be_exported(revops: Client) -> None:
    first, _, third = (make_listed(name, standing={"arr": 1}) for name in ("A", "B", "C"))
    rows = exported(revops, f"?columns=finance.arr&sort=accounts.name&id={first.pk}&id={third.pk}")
    assert [row[0] for row in rows[1:]] == ["A", "C"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(revops: Client, start: str) -> None:
    make_listed(f"{start}HYPERLINK(1)", industry=f"{start}cmd", standing={"health_change": Decimal("-3.5")})
    rows = exported(revops, "?columns=accounts.industry,metrics.health_change")
    assert rows[1][0].startswith("'")
    assert rows[1][1].startswith("'")
    assert rows[1][2] == "-3.5"


def test_markup_in_a_name_stays_text(revops: Client) -> None:
    make_listed("<script>alert(1)</script>", industry="<b>x</b>", owner_email="<i>@x</i>")
    body = revops.get(f"{LIST}?columns=accounts.industry,accounts.owner").content
    assert b"<script>alert" not in body
    assert b"<b>x" not in body
    assert b"<i>@x" not in body


def test_a_closed_column_is_redacted_with_its_reason(support: Client) -> None:
    make_listed("Alpha", standing={"arr": SECRET_ARR})
    page = support.get(f"{LIST}?columns=finance.arr,finance.mrr").content.decode()
    assert "Support does not read revenue. RevOps can change this." in page
    assert not any(form in page for form in SECRET_FORMS)
    rows = exported(support, "?columns=finance.arr")
    assert rows[1] == ["Alpha", "redacted"]


@pytest.mark.parametrize(
    "sort", ["finance.arr", "-finance.arr", "-finance.nrr", "finance.renewal_on", "-product.usage_trend"]
)
def test_a_closed_column_is_no_order(support: Client, sort: str) -> None:
    """The order of the rows must not tell what their cells do not."""
    make_listed("Alpha", standing={"arr": 1, "nrr": 1, "renewal_on": TODAY, "usage_trend": 1})
    make_listed(
        "Beta", standing={"arr": 9, "nrr": 2, "renewal_on": TODAY + timedelta(days=9), "usage_trend": 2}
    )
    before = names(support)
    label = columns[sort.removeprefix("-")].label
    assert f"Sorting by {label} was refused: Support does not read" in problems(support, f"?sort={sort}")
    assert names(support, f"?sort={sort}") == before
    refused = support.get(f"{EXPORT}?sort={sort}")
    assert refused.status_code == 400
    assert label in refused.content.decode()


@pytest.mark.parametrize(
    "query", ["sort=-finance.arr", "sort=no.such", "lens=nowhere", "columns=no.such,finance.arr"]
)
def test_what_is_shown_instead_of_what_was_refused_can_be_exported(support: Client, query: str) -> None:
    make_listed("Alpha", standing={"arr": 1})
    page = support.get(f"{LIST}?{query}")
    assert page.context["problems"]
    assert "Export" in page.content.decode()
    assert support.get(f"{EXPORT}{page.context['export_url']}&export=csv").status_code == 200


def test_no_file_is_offered_where_a_filter_was_refused(support: Client) -> None:
    make_listed("Alpha", standing={"arr": 1})
    assert "Export" not in support.get(f"{LIST}?arr_min=5").content.decode()


@pytest.mark.parametrize("query", ["arr_min=5", "arr_max=5", "renewal_days=5"])
def test_a_closed_column_is_no_filter(support: Client, query: str) -> None:
    make_listed("Alpha", standing={"arr": 1, "renewal_on": TODAY})
    make_listed("Beta", standing={"arr": 9, "renewal_on": TODAY + timedelta(days=9)})
    assert "was refused: Support does not read" in problems(support, f"?{query}")
    assert len(names(support, f"?{query}")) == 2
    assert support.get(f"{EXPORT}?{query}").status_code == 400


def test_a_cursor_does_not_carry_a_closed_value(support: Client) -> None:
    for number in range(60):
        make_listed(f"Account {number}", standing={"arr": SECRET_ARR, "open_tickets": 1})
    page: Any = support.get(f"{LIST}?columns=finance.arr").context["page"]
    assert page.next_url
    body = support.get(f"{LIST}{page.next_url}").content.decode()
    assert not any(form in body for form in SECRET_FORMS)


def test_a_fresh_installation_says_how_to_begin(revops: Client) -> None:
    assert "issue_token" in revops.get(LIST).content.decode()


def test_filters_without_a_match_offer_to_clear_them(revops: Client) -> None:
    make_listed("Alpha")
    assert "No account matches" in revops.get(f"{LIST}?q={quote('nowhere')}").content.decode()


def test_an_account_page_address_is_each_rows_first_link(revops: Client) -> None:
    account = make_listed("Alpha")
    assert f'<a href="{account.get_absolute_url()}">Alpha</a>' in revops.get(LIST).content.decode()
    assert Account.objects.count() == 1


def test_owners_are_shown_by_their_names(revops: Client) -> None:
    owner = make_user("sales")
    make_listed("Owned", owner_email=owner.email)
    make_listed("Of a stranger", owner_email="kim.stone@elsewhere.example")
    page = revops.get(LIST, {"columns": "accounts.owner"}).content.decode()
    assert f'title="{owner.email}">{owner.name}<' in page
    assert ">kim.stone<" in page
