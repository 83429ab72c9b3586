"""Why two definitions differ: the parts add up exactly, and the page names the accounts and says why."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance.models import ContractLine, RevenueToRecompute
from finance.retention.asking import Asked
from finance.retention.definitions import DEFINITIONS, MEASURES, Choice
from finance.retention.differences import compare
from finance.retention.figures import read_retention
from finance.revenue.publication import close_months
from tests.metrics.facts import ago, follow_revenue, make_account, make_line, make_rate
from tests.users import client_as

pytestmark = pytest.mark.django_db

PAGE = "/finance/retention/differences/"
TO = {"to": "2026-10"}
START = date(2025, 1, 1)


def differ(**params: str) -> Any:
    response = client_as("finance").get(PAGE, {**TO, **params})
    assert response.status_code == 200
    return response.context


def reasons(**params: str) -> dict[str, str]:
    return {row.name: row.reason for row in differ(**params)["rows"]}


def test_the_account_that_dips_is_named_with_what_it_causes_and_why() -> None:
    """ClariLayer's flow-based GRR takes off each contraction; point to point sees the two ends only."""
    steady, dips = make_account(name="Steady"), make_account(name="Dips")
    make_line(steady, START, amount=1000)
    make_line(dips, START, date(2026, 4, 1), amount=1000)
    make_line(dips, date(2026, 4, 1), date(2026, 9, 1), amount=400)
    make_line(dips, date(2026, 9, 1), amount=1000)
    follow_revenue()
    found = differ(measure="grr", definition="point", definition_2="flow")
    assert [value for _, value, _, _ in found["sides"]] == [1, Decimal("0.7")]
    (row,) = found["rows"]
    assert (row.name, row.first, row.second, row.points) == ("Dips", 1, Decimal("0.4"), 30)
    assert (row.first_above, row.second_above) == (1000, 400)
    assert row.reason == (
        "It fell by $600.00 in Apr 2026 and rose by $600.00 in Sep 2026: flow-based counts the dip, point to point "
        "sees both ends, where it had recovered."
    )


def test_each_kind_of_difference_is_said_in_words() -> None:
    back, joined, euro, early = (make_account(name=name) for name in ("Back", "Joined", "Euro", "Early"))
    make_line(back, START, date(2026, 2, 1), amount=500)
    make_line(back, date(2026, 5, 1), amount=450)
    make_line(joined, date(2026, 1, 1), amount=800)
    make_line(joined, date(2026, 1, 1), date(2026, 6, 1), amount=200)
    make_line(euro, START, amount=1000, currency="EUR")
    make_rate("EUR", START, "1.00")
    make_rate("EUR", date(2026, 7, 1), "1.10")
    make_line(early, START, date(2025, 12, 1), amount=300)
    make_line(early, START, amount=100)
    rose = make_account(name="Rose")
    make_line(rose, START, amount=1000)
    make_line(rose, date(2026, 1, 1), date(2026, 6, 1), amount=300)
    follow_revenue()
    flow = reasons(measure="grr", definition_2="flow")
    assert flow.keys() == {"Back", "Joined", "Rose"}
    assert "left with $500.00 in Feb 2026 and came back with $450.00 in May 2026" in flow["Back"]
    assert "had no ARR at the start" in flow["Joined"]
    assert flow["Rose"].endswith(
        "flow-based counts every move, point to point only what is left of them at the end."
    )
    dated = reasons(measure="nrr", definition_2="point", rates_2="dated")
    assert dated["Euro"] == "Exchange rates alone added $100.00, which constant currency leaves out."
    assert dated["Early"].startswith("Nothing of its own differs")
    month = reasons(measure="grr", definition_2="quarter")
    assert month["Early"].endswith("What happened up to Jul 2026 lies before the shorter time begins.")
    average = reasons(measure="grr", definition_2="average")
    assert "The average looks at four years" in average["Back"]
    assert reasons(measure="nrr", reactivation="in", reactivation_2="out", definition_2="point") == {}


def test_an_account_that_comes_back_makes_the_difference_of_reactivation() -> None:
    make_line(make_account(), START, amount=1000)
    back = make_account(name="Back")
    make_line(back, date(2024, 1, 1), date(2025, 1, 1), amount=100)
    make_line(back, date(2026, 6, 1), amount=120)
    follow_revenue()
    found = differ(measure="nrr", reactivation="in", reactivation_2="out", definition_2="point")
    assert [(row.name, row.points, row.reason) for row in found["rows"]] == [
        ("Back", 12, "It came back with $120.00, which only one of the two counts as kept.")
    ]


def test_what_was_restated_makes_the_difference_to_what_was_published() -> None:
    make_line(make_account(), START, amount=1000)
    late = make_account(name="Late")
    line = make_line(late, START, amount=500)
    follow_revenue()
    close_months(until=ago(10))
    ContractLine.objects.filter(pk=line.pk).update(end_on=date(2026, 8, 1))
    RevenueToRecompute.objects.create(account=late)
    follow_revenue()
    found = differ(measure="nrr", known_2="published", definition_2="point")
    (row,) = found["rows"]
    assert (row.name, row.reason) == ("Late", "ARR at the end was published as $500.00 and is $0.00 now.")


def test_each_account_causes_the_same_with_the_other_sign_when_the_two_change_places() -> None:
    """Both are measured from midway: from either figure alone the parts would depend on which comes first."""
    steady, dips, leaves = (make_account(name=name) for name in ("Steady", "Dips", "Leaves"))
    make_line(steady, START, amount=1000)
    make_line(dips, START, date(2026, 4, 1), amount=1000)
    make_line(dips, date(2026, 4, 1), amount=400)
    make_line(leaves, START, date(2026, 9, 1), amount=500)
    follow_revenue()
    quarter, year = (Choice(definition=DEFINITIONS[key]) for key in ("quarter", "point"))
    one, two = (
        compare(asked_for(first, None), second, "grr") for first, second in ((year, quarter), (quarter, year))
    )
    assert one.difference
    assert len(one.parts) == 3
    assert {account: -part for account, part in two.parts} == dict(one.parts)
    assert sum((part for _, part in one.parts), Fraction(0)) == one.difference


def test_an_account_weighs_in_an_average_by_its_share_of_each_year() -> None:
    """Leaving takes 500 of 1,500 in two of the four years: a sixth of the mean, and a third of the last year.

    The other account keeps its two thirds of the start by both, so it causes nothing.
    """
    make_line(make_account(name="Steady"), date(2023, 1, 1), amount=1000)
    make_line(make_account(name="Leaves"), date(2023, 1, 1), date(2026, 6, 1), amount=500)
    follow_revenue()
    average, year = (Choice(definition=DEFINITIONS[key]) for key in ("average", "point"))
    compared = compare(asked_for(average, None), year, "grr")
    assert (compared.first.value, compared.second.value) == (Fraction(5, 6), Fraction(2, 3))
    assert [(row.name, row.part) for row in compared.shown()] == [("Leaves", Fraction(1, 6))]


CHOICES = [
    Choice(definition=definition, counts_reactivation=back, constant_currency=constant)
    for definition in DEFINITIONS.values()
    for back in (False, True)
    for constant in (False, True)
]
DAYS = st.integers(-40, 700)
lines = st.lists(
    st.tuples(
        st.integers(0, 4), DAYS, st.none() | st.integers(1, 500), st.decimals("0.01", "9999.99", places=2),
        st.sampled_from(["USD", "EUR"]),
    ),
    min_size=1,
    max_size=9,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=lines, first=st.sampled_from(CHOICES), second=st.sampled_from(CHOICES))
def test_what_accounts_cause_adds_up_to_the_difference_exactly(
    drawn: list[tuple[int, int, int | None, Decimal, str]], first: Choice, second: Choice
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
        for member in (None, "growth"):
            asked = asked_for(first, member)
            for measure in MEASURES:
                compared = compare(asked, second, measure)
                shown = [
                    read_retention(asked_for(each, member)).headline.values[measure]
                    for each in (first, second)
                ]
                assert [compared.first.value, compared.second.value] == shown, "the page says the same"
                if compared.difference is not None:
                    assert sum((part for _, part in compared.parts), Fraction(0)) == compared.difference
                    turned = compare(asked_for(second, member), first, measure)
                    assert {account: -part for account, part in turned.parts} == dict(compared.parts)
                if measure == "grr":
                    assert all(value is None or value <= 1 for value in shown), "never above 100%"
        transaction.set_rollback(True)


def asked_for(choice: Choice, member: str | None) -> Asked:
    params = {
        **TO,
        "from": "2026-10",
        "definition": choice.definition.key,
        "reactivation": "in" if choice.counts_reactivation else "out",
        "rates": "constant" if choice.constant_currency else "dated",
        "by": "tier",
        **({"member": member} if member else {}),
    }
    return Asked.from_params(params)


def test_the_file_holds_every_account_and_adds_up() -> None:
    for number in range(60):
        account = make_account(name=f"A{number}")
        make_line(account, START, date(2026, 3, 1), amount=100 + number)
        make_line(account, date(2026, 4, 1), amount=100 + number)
    follow_revenue()
    params = {**TO, "measure": "grr", "definition_2": "flow"}
    context = differ(**params)
    assert (len(context["rows"]), context["others"]) == (50, 10)
    assert sum(row.points for row in context["rows"]) + context["compared"].rest == pytest.approx(100)
    response = client_as("finance").get(PAGE, {**params, "export": "csv", "bom": "0"})
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[attr-defined]
    assert len(rows) == 60
    assert sum(Decimal(row["Causes, in percentage points"]) for row in rows) == pytest.approx(100)


def test_readers_of_totals_see_no_accounts() -> None:
    assert client_as("customer_success").get(PAGE).status_code == 403
    assert PAGE not in client_as("customer_success").get("/finance/retention/").content.decode()


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"to": "2020-01"},
        {"measure": "x", "definition_2": "x"},
        {"known": "published", "known_2": "published"},
    ],
)
def test_no_address_breaks_the_page(params: dict[str, str]) -> None:
    make_line(make_account(), START)
    follow_revenue()
    assert client_as("finance").get(PAGE, params).status_code == 200
