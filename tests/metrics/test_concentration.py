"""Concentration of revenue: the stored numbers against plain arithmetic, groups, and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Account, Tier, TierTenure
from metrics.concentration.charts import lorenz_chart
from metrics.concentration.numbers import concentration
from metrics.concentration.reading import NAMES, Figures, Ranking, before_of, rank, read_evenness, read_places
from metrics.concentration.shares import is_concentrated
from metrics.engine.store import store_segments
from metrics.expressions import EPOCH
from metrics.models import MetricValue, RefreshRun, SegmentValue
from metrics.registry import segment_metrics
from people.models import AccessGrant, Category
from tests.metrics.facts import TODAY, ago, make_account
from tests.users import client_as

pytestmark = pytest.mark.django_db
PLACES = Decimal("0.000001")


def pay(account: Account, arr: Any, day: date = TODAY, key: str = "finance.arr") -> None:
    """Store a number of an account, as a night does."""
    MetricValue.objects.create(key=key, as_of=day, account=account, value=Decimal(arr))


def make_night(day: date = TODAY) -> None:
    """Store what the night makes of concentration."""
    for key in ("metrics.concentration:segments", "metrics.arr_spread:segments"):
        store_segments(segment_metrics[key], day)


def stored(key: str, dimension: str = "all", member: str = "", day: date = TODAY) -> SegmentValue:
    return SegmentValue.objects.get(key=key, dimension=dimension, member=member, as_of=day)


def by_hand(amounts: Sequence[Decimal]) -> dict[str, Decimal | None]:
    """The five figures in plain arithmetic: a second opinion, written from the definition's words."""
    paying = sorted((amount for amount in amounts if amount > 0), reverse=True)
    whole = sum(paying, Decimal(0))
    if not whole:
        return dict.fromkeys(NAMES)
    shares = [amount / whole for amount in paying]
    return {
        "top_1": shares[0],
        "top_5": sum(shares[:5], Decimal(0)),
        "top_10": sum(shares[:10], Decimal(0)),
        "top_fifth": sum(shares[: max(len(shares) // 5, 1)], Decimal(0)),
        "hhi": sum(((share * 100) ** 2 for share in shares), Decimal(0)),
    }


@pytest.fixture(scope="module")
def thirteen(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Account]]:
    """Accounts made once; each example puts other amounts on them inside a savepoint."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield [make_account(industry=f"I{number % 3}") for number in range(13)]
        transaction.set_rollback(True)


# Amounts with ties, with nothing, with credits, and with one that dwarfs the others.
AMOUNTS = st.lists(
    st.one_of(
        st.decimals(min_value=-500, max_value=100_000, places=2),
        st.sampled_from([Decimal(0), Decimal(100), Decimal(100), Decimal("99999999.99")]),
    ),
    max_size=13,
)


@settings(max_examples=60, deadline=None)
@given(amounts=AMOUNTS)
def test_the_database_counts_what_plain_arithmetic_does(
    thirteen: list[Account], amounts: list[Decimal]
) -> None:
    with transaction.atomic():
        for account, amount in zip(thirteen, amounts, strict=False):
            pay(account, amount)
        rows = {row[0]: row for row in concentration(TODAY, "account").fetch() if row[1] == "all"}
        ranking = rank(TODAY, "account")
        transaction.set_rollback(True)
    expected = by_hand(amounts)
    paying = [amount for amount in amounts if amount > 0]
    assert {key.removeprefix("metrics.arr_") for key in rows} == set(NAMES)
    for name in NAMES:
        value, wanted = rows[f"metrics.arr_{name}"][3], expected[name]
        assert (value is None) == (wanted is None), name
        assert value is None or abs(value - wanted) < PLACES, name
        assert rows[f"metrics.arr_{name}"][6] == len(paying)
    if not paying:
        assert not ranking.curve
        return
    hhi = rows["metrics.arr_hhi"][3]
    assert Decimal(10_000) / len(paying) - PLACES <= hhi <= 10_000 + PLACES
    tops = [rows[f"metrics.arr_top_{count}"][3] for count in (1, 5, 10)]
    assert tops == sorted(tops)
    assert tops[0] > 0
    assert tops[-1] <= 1
    check_curve(ranking, paying)


def check_curve(ranking: Any, paying: list[Decimal]) -> None:
    """The curve runs from nothing to everything, never below the line of equal shares, and bends one way only."""
    points = [(float(point.x), float(point.y)) for point in ranking.curve]
    assert points[0] == (0, 0)
    assert points[-1] == (1, 1)
    assert all(y >= x - 0.0002 for x, y in points)
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert ranking.holders == len(paying)
    assert ranking.whole == sum(paying)
    assert [holder.arr for holder in ranking.largest] == sorted(paying, reverse=True)
    cumulated = [holder.cumulated for holder in ranking.largest]
    assert cumulated == sorted(cumulated)


def test_by_hand() -> None:
    for amount in (60, 10, 10, 10, 10):
        pay(make_account(industry="Retail"), amount)
    pay(make_account(), 0)
    pay(make_account(), -40)
    make_night()
    assert stored("metrics.arr_top_1").value == Decimal("0.6")
    assert stored("metrics.arr_top_fifth").value == Decimal("0.6")
    assert stored("metrics.arr_top_5").value == 1
    assert stored("metrics.arr_hhi").value == 3600 + 4 * 100
    assert (stored("metrics.arr_top_1").numerator, stored("metrics.arr_top_1").denominator) == (60, 100)
    assert stored("metrics.arr_top_1").accounts == 5
    assert stored("metrics.arr_hhi", "industry", "Retail").value == 4000
    assert stored("metrics.arr_share", "industry", "Retail").value == 1


def test_without_revenue_nothing_is_defined_and_nothing_breaks() -> None:
    pay(make_account(), 0)
    make_night()
    for key in ("metrics.arr_top_1", "metrics.arr_hhi", "metrics.group_arr_hhi", "metrics.arr_share"):
        assert stored(key).value is None, key
    assert stored("metrics.arr_hhi_country").value is None
    page = client_as("finance").get("/metrics/concentration/", {"as_of": TODAY})
    assert page.status_code == 200
    assert b"not defined" in page.content
    assert b"The 80/20 test needs at least 5 accounts" in page.content


def test_the_test_of_80_20_needs_five_and_half() -> None:
    assert is_concentrated(Decimal("0.5"), 5) is True
    assert is_concentrated(Decimal("0.4999"), 500) is False
    assert is_concentrated(Decimal(1), 4) is None
    assert is_concentrated(None, 0) is None


def test_the_divisions_of_a_group_count_as_one_where_groups_are_counted() -> None:
    top = make_account(name="Holding")
    middle = make_account(name="Middle", parent=top)
    for parent in (top, middle, middle):
        pay(make_account(parent=parent), 20)
    pay(make_account(name="Alone"), 40)
    make_night()
    assert stored("metrics.arr_top_1").value == Decimal("0.4")
    assert stored("metrics.group_arr_top_1").value == Decimal("0.6")
    assert (stored("metrics.arr_hhi").accounts, stored("metrics.group_arr_hhi").accounts) == (4, 2)
    largest = rank(TODAY, "group").largest
    assert [(each.name, each.members, each.arr) for each in largest] == [("Holding", 3, 60), ("Alone", 1, 40)]


def test_a_circle_of_parents_is_one_group_and_a_deleted_parent_is_none() -> None:
    low, high = make_account(name="Low"), make_account(name="High")
    Account.objects.filter(pk=low.pk).update(parent=high)
    Account.objects.filter(pk=high.pk).update(parent=low)
    outside = make_account(parent=high)
    gone = make_account(deleted_at=f"{TODAY}T00:00Z")
    orphans = [make_account(parent=gone, name=f"Orphan {number}") for number in range(2)]
    for account in (low, high, outside, *orphans):
        pay(account, 10)
    found = {each.name: each.arr for each in rank(TODAY, "group").largest}
    assert found == {"Low": 30, "Orphan 0": 10, "Orphan 1": 10}


def test_revenue_lies_in_places_that_add_up_to_the_whole() -> None:
    growth = Tier.objects.get(slug="growth")
    for number, (country, amount) in enumerate((("DE", 50), ("DE", 30), ("FR", 15), ("", 5))):
        account = make_account(country=country, industry="Retail" if number else "Energy")
        pay(account, amount)
        if number < 2:
            renewal = date(2027, 1, 31 if number else 1)
            pay(account, (renewal - EPOCH).days, key="finance.renewal_on")
            TierTenure.objects.create(
                account=account, tier=growth, during=(ago(10), TODAY - timedelta(days=number)), cause="rule"
            )
    make_night()
    for over in ("tier", "industry", "country", "renewal_quarter"):
        places = read_places(TODAY, over)
        assert sum(place.arr for place in places) == 100, over
        assert sum(place.accounts for place in places) == 4, over
    assert [(each.label, each.arr) for each in read_places(TODAY, "country")] == [
        ("DE", 80),
        ("FR", 15),
        ("No country", 5),
    ]
    assert [(each.label, each.arr) for each in read_places(TODAY, "renewal_quarter")] == [
        ("Q1 2027", 80),
        ("No renewal date", 20),
    ]
    # A tenure's end is outside of it: by the day, nobody is in the tier any more.
    assert [each.label for each in read_places(TODAY, "tier")] == ["No tier"]
    evenness = read_evenness(TODAY)
    assert evenness["country"] == 80 * 80 + 15 * 15 + 5 * 5
    assert evenness["renewal_quarter"] == 80 * 80 + 20 * 20


def test_each_renewal_counts_in_its_own_quarter() -> None:
    days = (date(2027, 3, 31), date(2027, 4, 1), date(2027, 9, 30), date(2027, 12, 31), date(2028, 1, 1))
    for place, day in enumerate(days):
        account = make_account()
        pay(account, 10 + place)
        pay(account, (day - EPOCH).days, key="finance.renewal_on")
    make_night()
    assert [(each.label, each.arr) for each in read_places(TODAY, "renewal_quarter")] == [
        ("Q1 2027", 10),
        ("Q2 2027", 11),
        ("Q3 2027", 12),
        ("Q4 2027", 13),
        ("Q1 2028", 14),
    ]


def test_a_figure_is_compared_with_that_of_a_quarter_before() -> None:
    account, other = make_account(), make_account()
    for day, amounts in ((ago(200), (1, 9)), (ago(100), (50, 50)), (ago(10), (70, 30)), (TODAY, (75, 25))):
        for each, amount in zip((account, other), amounts, strict=True):
            pay(each, amount, day)
        make_night(day)
    before = before_of(TODAY, "account")
    assert before is not None
    assert (before.day, before.values["top_1"]) == (ago(100), Decimal("0.5"))
    page = client_as("leadership").get("/metrics/concentration/", {"as_of": TODAY})
    assert next(row["change"] for row in page.context["headline"]) == 25
    assert (
        page.context["trend"].title
        == "The share of the top 20% of accounts fell by 15.0 points since 4 May 2026"
    )
    assert page.context["trend"].categories[-1] == "20 Nov 2026"
    past = client_as("leadership").get("/metrics/concentration/", {"as_of": ago(11)})
    assert past.context["day"] == ago(100)


def furnish() -> list[Account]:
    """Six accounts, the first with half of all ARR."""
    accounts = [make_account(name=f"Payer {n}", country="DE", industry=f"I{n % 2}") for n in range(6)]
    for number, account in enumerate(accounts):
        pay(account, 500 if number == 0 else 100)
    make_night()
    return accounts


def get(client: Client, **query: Any) -> str:
    response = client.get("/metrics/concentration/", {"as_of": TODAY, **query})
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_states_the_finding_and_lists_who_is_behind() -> None:
    strategic = Tier.objects.get(slug="strategic")
    TierTenure.objects.create(account=furnish()[0], tier=strategic, during=(ago(9), None), cause="rule")
    page = get(client_as("leadership"))
    assert "The top 20% of accounts bring 50% of ARR" in page
    assert "80/20 test passed" in page
    assert "Payer 0" in page
    assert 'class="abe-tier is-strategic"' in page
    assert "{&#x27;" not in page
    assert "Where it lies, by industry" in page
    assert "/metrics/explain/metrics.arr_hhi/?dimension=all" in page
    by_group = get(client_as("leadership"), counted="group", over="renewal_quarter")
    assert "Company at the top" in by_group
    assert "No renewal date" in by_group


def test_who_reads_totals_sees_no_account_and_who_reads_nothing_no_figure() -> None:
    furnish()
    page = get(client_as("customer_success"))
    assert "The top 20% of accounts bring 50% of ARR" in page
    assert "Payer 0" not in page
    assert "reads only totals of revenue" in page
    file = client_as("customer_success").get(
        "/metrics/concentration/", {"as_of": TODAY, "export": "csv", "table": "largest"}
    )
    assert file.status_code == 404
    assert client_as("support").get("/metrics/concentration/").status_code == 403


def test_files_hold_what_the_page_shows() -> None:
    accounts = furnish()
    client = client_as("finance")
    query = {"as_of": TODAY, "export": "csv", "bom": "0"}
    largest = client.get("/metrics/concentration/", query).getvalue().decode().splitlines()
    assert largest[1].startswith(f"1,{accounts[0].pk},Payer 0,,1,500.000000,0.500000,0.500000")
    assert len(largest) == 7
    places = client.get("/metrics/concentration/", query | {"table": "places", "over": "country"})
    assert "DE,DE,1000.000000,1.000000,6" in places.getvalue().decode()


def test_nonsense_in_the_address_is_no_error() -> None:
    furnish()
    for query in ({"counted": "x", "over": "y", "as_of": "never"}, {"over": "\x00"}, {"as_of": "1999-01-01"}):
        assert client_as("finance").get("/metrics/concentration/", query).status_code == 200
    assert "No figures of this day" in get(client_as("finance"), as_of="1999-01-01")


def test_the_first_screen_of_leadership_states_it_as_of_any_day() -> None:
    furnish()
    cards = {card.key: card for card in client_as("leadership").get("/").context["cards"]}
    data = cards["metrics.concentration"].data
    assert data["chart"].title == "The top 20% of accounts bring 50% of ARR"
    assert data["is_concentrated"] is True
    cards = {card.key: card for card in client_as("leadership").get("/", {"as_of": ago(3)}).context["cards"]}
    assert cards["metrics.concentration"].data["day"] is None


def test_figures_of_a_past_day_are_explained_as_of_it() -> None:
    furnish()
    page = get(client_as("leadership"))
    assert f"/metrics/explain/metrics.arr_hhi/?dimension=all&amp;as_of={TODAY}" in page


def test_renewals_are_closed_by_every_way_to_who_reads_no_contracts() -> None:
    furnish()
    RefreshRun.objects.create(as_of=TODAY, state="done", finished_at=timezone.now())
    client, asked = client_as("sales"), "metrics.arr_share"
    ways = (f"/metrics/explain/{asked}/", "/api/v1/metrics/")

    def read() -> tuple[str, Any]:
        page, api = ways
        query = {"dimension": "renewal_quarter"}
        return (
            client.get(page, query | {"member": "none"}).content.decode(),
            client.get(api, query | {"key": asked}).json(),
        )

    page, answer = read()
    assert "100.0%" in page
    assert answer["results"]
    AccessGrant.objects.update_or_create(
        function="sales", category=Category.CONTRACTS, defaults={"level": "none"}
    )
    page, answer = read()
    assert "does not read contracts" in page
    assert "100.0%" not in page
    assert answer["results"] == []
    assert [(each["key"], each["category"]) for each in answer["redacted"]] == [(asked, "contracts")]
    by_tier = client.get(ways[1], {"dimension": "tier", "key": asked}).json()
    assert by_tier["results"]


def test_the_mark_of_the_curve_says_what_the_title_says() -> None:
    values = dict.fromkeys(NAMES) | {"top_fifth": Decimal("0.7343")}
    figures = Figures(holders=316, whole=Decimal(1), values=values)
    spec = lorenz_chart("c", figures, Ranking.nothing(), "account").spec()
    assert spec["title"] == "The top 20% of accounts bring 73% of ARR"
    assert spec["mark"] == {"x": 63 / 316, "y": 0.7343, "label": "Top 20% hold 73%"}


def test_too_few_accounts_have_no_fifth_to_mark() -> None:
    values = dict.fromkeys(NAMES) | {"top_fifth": Decimal(0)}
    figures = Figures(holders=4, whole=Decimal(1), values=values)
    assert "mark" not in lorenz_chart("c", figures, Ranking.nothing(), "account").spec()
