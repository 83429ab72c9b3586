"""Why a figure changed since another month: the parts add up exactly, and the page says who, why and what was told."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.periods import add_months
from finance.models import ContractLine, RevenueToRecompute
from finance.retention.asking import Asked
from finance.retention.changes import read_change, since_of
from finance.retention.definitions import DEFINITIONS, MEASURES
from finance.retention.figures import read_retention
from finance.revenue.publication import close_months
from tests.metrics.facts import ago, follow_revenue, make_account, make_line, make_rate
from tests.users import client_as

pytestmark = pytest.mark.django_db

PAGE = "/finance/retention/changes/"
TO = {"to": "2026-10"}
START = date(2025, 1, 1)


def show(function: str = "finance", **params: str) -> Any:
    response = client_as(function).get(PAGE, {**TO, **params})
    assert response.status_code == 200
    return response


def make_company() -> None:
    make_line(make_account(name="Steady"), START, amount=1000)
    grows, leaves, joined, early = (
        make_account(name=name) for name in ("Grows", "Leaves", "Joined", "Early")
    )
    make_line(grows, START, amount=500)
    make_line(grows, date(2026, 3, 5), amount=50)
    make_line(grows, date(2026, 10, 5), amount=100)
    make_line(leaves, START, date(2026, 10, 20), amount=400)
    make_line(joined, date(2025, 10, 10), amount=200)
    make_line(early, START, amount=300)
    make_line(early, date(2025, 10, 10), amount=60)
    follow_revenue()


def test_the_accounts_that_made_the_change_are_named_with_what_each_causes_and_why() -> None:
    make_company()
    context = show().context
    assert [(month, value) for month, value, _ in context["sides"]] == [
        (date(2026, 9, 1), Decimal("1.05")),
        (date(2026, 10, 1), Decimal("0.898373983740")),
    ]
    assert {row.name: row.reason for row in context["rows"]} == {
        "Leaves": "It left with $400.00 in Oct 2026.",
        "Grows": "It rose by $100.00 in Oct 2026.",
        "Early": "It rose by $60.00 in Oct 2025, which lies before the start now.",
        "Joined": "It began with $200.00 in Oct 2025, so that it counts from now on.",
    }
    middle = (Fraction(2310, 2200) + Fraction(2210, 2460)) / 2
    grows = next(row for row in context["rows"] if row.name == "Grows")
    assert grows.part == (650 - 500 * middle) / 2460 - (550 - 500 * middle) / 2200
    changed = context["changed"]
    assert changed.still_count == 1, "Steady did nothing; its share is another one of another total"
    summed = sum((row.points for row in context["rows"]), Decimal(0)) + changed.still_points
    assert summed == pytest.approx(changed.points)
    assert changed.points == pytest.approx(Decimal("-15.1626"), abs=Decimal("0.0001"))


def test_the_headline_tells_the_change_and_leads_to_why_in_one_step() -> None:
    make_company()
    text = client_as("finance").get("/finance/retention/", TO).content.decode()
    url = re.search(r'href="(/finance/retention/changes/[^"]*measure=nrr[^"]*)"', text)
    assert url
    assert "−15.16" in text
    opened = client_as("finance").get(url[1].replace("&amp;", "&"))
    assert opened.context["changed"].since == date(2026, 9, 1)
    shown = re.search(r'href="(/finance/retention/accounts/\d+/[^"]*)"', opened.content.decode())
    assert shown
    assert client_as("finance").get(shown[1].replace("&amp;", "&")).status_code == 200
    totals = client_as("customer_success").get("/finance/retention/", TO).content.decode()
    assert "−15.16" in totals
    assert PAGE not in totals, "who reads totals sees the change and no account"


def test_it_says_what_was_published_then_and_what_is_open() -> None:
    rises = make_account(name="Rises")
    make_line(rises, START, amount=1000)
    make_line(rises, date(2026, 10, 5), amount=150)
    late = make_account(name="Late")
    line = make_line(late, START, amount=500)
    follow_revenue()
    assert b"The month is open" in show().content
    close_months(until=ago(10))
    ContractLine.objects.filter(pk=line.pk).update(end_on=date(2026, 9, 1))
    RevenueToRecompute.objects.create(account=late)
    follow_revenue()
    response = show()
    assert [(value, published.value) for _, value, published in response.context["sides"]] == [
        (Decimal("0.666666666667"), 1),
        (Decimal("0.766666666667"), Decimal("1.1")),
    ]
    assert re.search(r"Published on .* as .*100\.00", response.content.decode())
    assert b"restated since" in response.content
    as_published = show(known="published")
    assert [value for _, value, _ in as_published.context["sides"]] == [1, Decimal("1.1")]
    assert b"restated since" not in as_published.content


def test_exchange_rates_alone_are_named_at_dated_rates() -> None:
    make_line(make_account(name="Steady"), START, amount=1000)
    make_line(make_account(name="Euro"), START, amount=1000, currency="EUR")
    make_rate("EUR", date(2024, 1, 1), "1.00")
    make_rate("EUR", date(2026, 10, 1), "1.10")
    follow_revenue()
    (row,) = show(rates="dated").context["rows"]
    assert row.reason == "Exchange rates alone moved it by $100.00 now, by $0.00 before."
    assert show().context["rows"] == [], "nothing changed in constant currency"


def test_the_file_holds_every_account_and_adds_up() -> None:
    make_company()
    response = client_as("finance").get(PAGE, {**TO, "export": "csv", "bom": "0"})
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[attr-defined]
    assert [row["Account"] for row in rows if not row["Account id"]] == [
        "1 account in which nothing happened"
    ]
    assert sum(Decimal(row["Causes, in percentage points"]) for row in rows) == pytest.approx(
        Decimal("-15.1626"), abs=Decimal("0.0001")
    )


@pytest.mark.parametrize("function", ["customer_success", "sales"])
def test_readers_of_totals_see_no_accounts(function: str) -> None:
    assert client_as(function).get(PAGE).status_code == 403


def test_who_reads_no_revenue_is_told_why() -> None:
    response = client_as("marketing").get(PAGE)
    assert response.status_code == 403
    assert "Marketing does not read revenue. RevOps can change this." in response.content.decode()


@pytest.mark.parametrize("function", ["finance", "leadership", "revops"])
def test_who_reads_accounts_sees_them(function: str) -> None:
    make_company()
    assert len(show(function).context["rows"]) == 4


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"to": "2020-01"},
        {"since": "2026-10"},
        {"since": "2027-01"},
        {"since": "1990-01"},
        {"since": "x", "measure": "x", "definition": "x"},
        {"to": "2026-11", "definition": "average"},
        {"known": "published", "rates": "dated", "definition": "flow"},
        {"member": "growth", "by": "tier"},
        {"as_of": "2024-01-01"},
    ],
)
def test_no_address_breaks_the_page(params: dict[str, str]) -> None:
    make_line(make_account(), START)
    follow_revenue()
    assert client_as("finance").get(PAGE, params).status_code == 200


DAYS = st.integers(-40, 700)
lines = st.lists(
    st.tuples(
        st.integers(0, 4), DAYS, st.none() | st.integers(1, 500), st.decimals("0.01", "9999.99", places=2),
        st.sampled_from(["USD", "EUR"]),
    ),
    min_size=1,
    max_size=9,
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=lines,
    definition=st.sampled_from(sorted(DEFINITIONS)),
    rates=st.sampled_from(["constant", "dated"]),
    back=st.integers(1, 14),
)
def test_what_accounts_cause_adds_up_to_the_change_exactly(
    drawn: list[tuple[int, int, int | None, Decimal, str]], definition: str, rates: str, back: int
) -> None:
    with transaction.atomic():
        held = [make_account(("growth", "standard")[place % 2]) for place in range(5)]
        make_rate("EUR", date(2024, 1, 1), "1.07")
        make_rate("EUR", date(2026, 5, 15), "1.1313")
        for place, start, days, amount, currency in drawn:
            begins = START + timedelta(days=start)
            ends = None if days is None else begins + timedelta(days=days)
            make_line(held[place], begins, ends, amount, currency=currency)
        follow_revenue()
        since = f"{add_months(date(2026, 10, 1), -back):%Y-%m}"
        params = {**TO, "definition": definition, "rates": rates, "from": "2025-08"}
        asked = Asked.from_params(params)
        read = read_retention(asked)
        for measure in MEASURES:
            changed = read_change(asked, since_of(asked, since), measure)
            assert changed.now.value == read.headline.values[measure], "the page says the same"
            if definition != "quarter":
                earlier = next(row for row in read.series if row.month == changed.since)
                assert changed.before.value == earlier.values[measure], "and of the month before"
            if changed.points is not None:
                assert changed.now.value is not None
                assert changed.before.value is not None
                told = sum((part for _, part in changed.parts), Fraction(0)) + changed.still
                assert told == changed.now.value - changed.before.value
        transaction.set_rollback(True)
