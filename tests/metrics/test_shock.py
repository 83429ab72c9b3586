"""The company without some of its accounts: what is left adds up, and nothing is written."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Account
from metrics.concentration.reading import NAMES
from metrics.concentration.shock import START, Scenario, simulate
from metrics.expressions import EPOCH
from metrics.models import MetricValue, SegmentValue
from tests.metrics.facts import TODAY, ago, make_account, make_line, refresh
from tests.metrics.test_concentration import PLACES, by_hand, make_night, pay
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
URL = "/metrics/concentration/shock/"


def furnish() -> list[Account]:
    """Seven accounts of two owners: 400, 200, and five of 80; the fifth is new, the last one shrank."""
    make_user("sales", email="ana@us.example", name="Ana Owner")
    accounts = []
    for number, arr in enumerate((400, 200, 80, 80, 80, 80, 80)):
        owner = "ana@us.example" if number < 3 else "ben@us.example"
        account = make_account(
            name=f"Payer {number}", owner_email=owner, country="DE" if number % 2 else "FR"
        )
        pay(account, arr)
        if number != 4:
            pay(account, 160 if number == 6 else arr, key=START)
        renewal = date(2027, 2, 1) if number < 2 else date(2027, 8, 1)
        pay(account, (renewal - EPOCH).days, key="finance.renewal_on")
        pay(account, 10, key="product.active_users_30d")
        accounts.append(account)
    # Paid a year before and left since: part of what retention starts from, and of nothing else.
    gone = make_account(name="Gone", owner_email="ben@us.example")
    pay(gone, 0)
    pay(gone, 40, key=START)
    make_night()
    return accounts


def get(client: Client, **query: Any) -> str:
    response = client.get(URL, {"as_of": TODAY, **query})
    assert response.status_code == 200
    return response.content.decode()


def test_before_less_what_is_lost_is_what_is_left_for_each_segment_and_the_whole() -> None:
    accounts = furnish()
    found = simulate(Scenario(day=TODAY, chosen=[accounts[6].pk], top=1))
    assert [each.name for each in found.lost] == ["Payer 0", "Payer 6"]
    assert (found.total.arr, found.total.arr_lost, found.total.arr_left) == (1000, 480, 520)
    assert (found.total.accounts, found.total.accounts_left) == (7, 5)
    for dimension, lines in found.lines.items():
        assert sum(line.arr for line in lines) == 1000, dimension
        assert sum(line.arr_lost for line in lines) == 480, dimension
        assert sum(line.accounts_left for line in lines) == 5, dimension
    owners = {line.label: (line.accounts, line.accounts_left, line.arr_left) for line in found.lines["owner"]}
    assert owners == {"Ana Owner": (3, 2, 280), "ben@us.example": (4, 3, 240)}
    quarters = [(line.label, line.arr, line.arr_lost) for line in found.lines["renewal_quarter"]]
    assert quarters == [("Q1 2027", 600, 400), ("Q3 2027", 400, 80)]
    assert [(each.metric.key, each.whole, each.left) for each in found.beside] == [
        ("product.active_users_30d", 70, 50)
    ]


def test_retention_keeps_the_lost_in_what_the_year_began_with() -> None:
    accounts = furnish()
    nrr, grr = simulate(Scenario(day=TODAY, chosen=[accounts[0].pk])).retention
    # It began with 400 + 200 + 3 × 80 + 160 + 40; the new one counts in neither.
    assert nrr.before == Decimal(920) / 1040
    assert nrr.after == Decimal(520) / 1040
    assert grr.before == Decimal(920) / 1040
    assert grr.after == Decimal(520) / 1040
    assert nrr.points == (Decimal(520) - 920) / 1040 * 100


def test_retention_before_is_what_the_night_stored_of_real_contracts() -> None:
    for number in range(4):
        account = make_account("growth")
        make_line(account, ago(500), amount=1000 + 100 * number)
        if number == 1:
            make_line(account, ago(100), amount=500)
        if number == 2:
            make_line(account, ago(450), ago(30), amount=300)
    make_line(make_account(), ago(600), ago(10), amount=700)
    make_line(make_account(), ago(20), amount=900)
    refresh()
    found = simulate(Scenario(day=TODAY, top=1))
    stored = dict(
        SegmentValue.objects.filter(
            as_of=TODAY, dimension="all", key__in=("finance.nrr", "finance.grr", "metrics.arr_hhi")
        ).values_list("key", "value")
    )
    nrr, grr = found.retention
    assert nrr.before is not None
    assert grr.before is not None
    assert abs(nrr.before - stored["finance.nrr"]) < PLACES
    assert abs(grr.before - stored["finance.grr"]) < PLACES
    assert nrr.before != grr.before
    assert found.before.values["hhi"] == stored["metrics.arr_hhi"]


@settings(max_examples=30, deadline=None)
@given(
    amounts=st.lists(st.decimals(min_value=0, max_value=10_000, places=2), min_size=1, max_size=8),
    chosen=st.sets(st.integers(min_value=0, max_value=7)),
    top=st.integers(min_value=0, max_value=9),
)
def test_whatever_is_lost_adds_up(amounts: list[Decimal], chosen: set[int], top: int) -> None:
    with transaction.atomic():
        accounts = [make_account(industry=f"I{number % 2}") for number in range(len(amounts))]
        for account, amount in zip(accounts, amounts, strict=True):
            pay(account, amount)
        make_night()
        picked = {accounts[number].pk for number in chosen if number < len(accounts)}
        found = simulate(Scenario(day=TODAY, chosen=sorted(picked), top=top))
        transaction.set_rollback(True)
    paying = {a.pk: amount for a, amount in zip(accounts, amounts, strict=True) if amount > 0}
    largest = sorted(paying, key=lambda pk: (-paying[pk], pk))[:top]
    gone = (picked & paying.keys()) | set(largest)
    left = [amount for pk, amount in paying.items() if pk not in gone]
    assert set(found.lost_ids) == gone
    assert found.total.arr == sum(paying.values())
    assert found.total.arr_left == sum(left)
    assert found.total.accounts_left == len(left) == found.after.holders
    assert found.after.whole == sum(left)
    for name, wanted in by_hand(left).items():
        value = found.after.values[name]
        assert (value is None) == (wanted is None), name
        assert value is None or abs(value - wanted) < PLACES, name
    for lines in found.lines.values():
        assert sum(line.arr_left for line in lines) == sum(left)
        assert all(line.accounts_left >= 0 <= line.arr_left for line in lines)


def test_a_group_is_lost_as_a_whole() -> None:
    top = make_account(name="Holding")
    divisions = [make_account(name=f"Division {number}", parent=top) for number in range(2)]
    alone = make_account(name="Alone")
    for account, arr in zip((*divisions, alone), (30, 30, 50), strict=True):
        pay(account, arr)
    make_night()
    for scenario in (
        Scenario(day=TODAY, counted="group", top=1),
        Scenario(day=TODAY, counted="group", chosen=[top.pk]),
        Scenario(day=TODAY, counted="group", chosen=[divisions[1].pk]),
    ):
        found = simulate(scenario)
        assert [each.name for each in found.lost] == ["Division 0", "Division 1"]
        assert found.after.values["top_1"] == 1
    assert [each.name for each in simulate(Scenario(day=TODAY, top=1)).lost] == ["Alone"]


def test_the_page_tells_it_all_and_writes_nothing() -> None:
    accounts = furnish()
    client = client_as("leadership")
    with CaptureQueriesContext(connection) as queries:
        page = get(client, lose=accounts[6].pk, top=1)
    written = [
        q["sql"] for q in queries if q["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
    ]
    assert not [sql for sql in written if "session" not in sql]
    for words in (
        "Without 2 accounts, 48% of ARR is gone",
        "Ana Owner",
        "Q1 2027",
        "Active users in 30 days",
        "feature requests, with the accounts that asked for them, aren't kept here so far",
        "place 1",
        "chosen",
        f'value="{accounts[6].pk}" id="lose-{accounts[6].pk}" checked',
    ):
        assert words in page, words
    busy = len(queries)
    with CaptureQueriesContext(connection) as queries:
        get(client, top=6)
    assert len(queries) <= busy <= 32


def test_what_is_ticked_stays_while_others_are_looked_for() -> None:
    accounts = furnish()
    page = get(client_as("finance"), lose=accounts[6].pk, q="Payer 3")
    assert f'id="lose-{accounts[6].pk}" checked' in page
    assert f'id="lose-{accounts[3].pk}">' in page
    assert "Payer 1" not in page


def test_who_reads_totals_loses_the_largest_and_sees_no_account() -> None:
    accounts = furnish()
    client = client_as("customer_success")
    page = get(client, lose=accounts[0].pk)
    assert "Accounts in the address are left out" in page
    assert "Nobody is lost yet" in page
    page = get(client, top=2)
    assert "Without 2 accounts, 60% of ARR is gone" in page
    assert "Payer" not in page
    for table, status in (("lost", 404), ("effect", 200)):
        asked = {"as_of": TODAY, "top": 2, "export": "csv", "table": table}
        assert client.get(URL, asked).status_code == status
    assert client_as("support").get(URL).status_code == 403


def test_figures_of_closed_categories_are_not_told() -> None:
    furnish()
    page = get(client_as("finance"), top=1)
    assert "Finance does not read product usage" in page


def test_nobody_of_them_pays_and_nonsense_are_no_errors() -> None:
    accounts = furnish()
    silent = make_account(name="Silent")
    client = client_as("finance")
    page = get(client, lose=silent.pk)
    assert "pays nothing on this day" in page
    assert "Silent" in page
    for query in (
        {"top": "9" * 30},
        {"top": "-1", "lose": "x", "counted": "?", "by": "\x00", "q": "\x00"},
        {"lose": ["0", "9" * 19, "9" * 40, str(2**63)]},
        {"as_of": "1999-01-01"},
        {"top": "999999"},
    ):
        assert client.get(URL, {"as_of": TODAY, **query}).status_code == 200
    everything = get(client, top=1000)
    assert "100% of ARR is gone" in everything
    assert "not defined" in everything
    assert accounts


def test_files_hold_what_is_lost_and_left() -> None:
    furnish()
    client = client_as("leadership")
    asked = {"as_of": TODAY, "top": 1, "export": "csv", "bom": "0"}
    lost = client.get(URL, asked | {"table": "lost"}).getvalue().decode()
    assert "Payer 0" in lost
    effect = client.get(URL, asked | {"table": "effect"}).getvalue().decode().splitlines()
    assert effect[1].startswith("ARR (USD),1000")
    assert ",600" in effect[1]
    assert len(effect) == 1 + 4 + len(NAMES)
    owners = client.get(URL, asked | {"table": "owners"}).getvalue().decode()
    assert "Ana Owner" in owners


def test_a_past_day_is_simulated_by_what_was_stored_of_it() -> None:
    accounts = furnish()
    day = TODAY - timedelta(days=40)
    pay(accounts[0], 7, day)
    make_night(day)
    found = simulate(Scenario(day=day, top=1))
    assert (found.total.arr, found.total.arr_left) == (7, 0)
    assert [rate.after for rate in found.retention] == [None, None]
    page = client_as("finance").get(URL, {"as_of": TODAY - timedelta(days=10), "top": 1}).content.decode()
    assert "Nobody paid a year before" in page
    assert MetricValue.objects.filter(as_of=day).count() == 1
