"""The page of retention: what it shows, to whom, and how a bar opens down to where a value comes from."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, TierTenure
from finance.models import ContractLine, RevenueToRecompute
from finance.retention.drill import STEPS
from finance.revenue.publication import close_months
from people.models import AccessGrant
from tests.metrics.facts import TODAY, ago, at, follow_revenue, make_account, make_line, make_rate
from tests.users import client_as

pytestmark = pytest.mark.django_db

PAGE = "/finance/retention/"
OCTOBER = {"to": "2026-10"}


def show(function: str = "finance", **params: str) -> Any:
    response = client_as(function).get(PAGE, {**OCTOBER, **params})
    assert response.status_code == 200
    return response


def rows_of(path: str, **params: str) -> list[dict[str, str]]:
    response = client_as("finance").get(path, {**OCTOBER, **params, "export": "csv", "bom": "0"})
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[attr-defined]


@pytest.fixture
def company() -> dict[str, Account]:
    """Five accounts, one for each thing that can happen in the year to October 2026, and one that dips."""
    held = {name: make_account(name=name, owner_email=f"{name.lower()}@example.com") for name in
            ("Grows", "Shrinks", "Leaves", "Joins", "Returns", "Dips")}  # fmt: skip
    for tier, name in (
        (1, "Grows"),
        (1, "Shrinks"),
        (2, "Leaves"),
        (2, "Joins"),
        (3, "Returns"),
        (3, "Dips"),
    ):
        TierTenure.objects.filter(account=held[name]).delete()
        TierTenure.objects.create(
            account=held[name], tier_id=_tier(tier), during=(None, None), cause="import"
        )
    make_line(held["Grows"], date(2025, 1, 1), amount="1000.10")
    make_line(held["Grows"], date(2026, 2, 1), amount="500.05")
    make_line(held["Shrinks"], date(2025, 1, 1), amount=700)
    make_line(held["Shrinks"], date(2025, 1, 1), date(2026, 3, 1), amount=300)
    make_line(held["Leaves"], date(2025, 1, 1), date(2026, 5, 1), amount=400)
    make_line(held["Joins"], date(2026, 4, 1), amount=250)
    make_line(held["Returns"], date(2024, 1, 1), date(2025, 1, 1), amount=100)
    make_line(held["Returns"], date(2026, 6, 1), amount=120)
    make_line(held["Dips"], date(2025, 1, 1), date(2026, 4, 1), amount=1000)
    make_line(held["Dips"], date(2026, 4, 1), date(2026, 9, 1), amount=400)
    make_line(held["Dips"], date(2026, 9, 1), amount=1000)
    follow_revenue()
    return held


def _tier(rank: int) -> int:
    from accounts.models import Tier

    return Tier.objects.get(rank=rank).pk


def test_the_bridge_adds_up_to_the_cent(company: dict[str, Account]) -> None:
    moved = show().context["moved"]
    assert (moved.start, moved.new, moved.expansion, moved.reactivation) == (
        Decimal("3400.10"), Decimal(250), Decimal("500.05"), Decimal(120),
    )  # fmt: skip
    assert (moved.contraction, moved.churn, moved.end) == (300, 400, Decimal("3570.15"))
    assert moved.gap == 0
    page = show().content.decode()
    assert "$3,400.10" in page
    assert "$3,570.15" in page


@pytest.mark.parametrize("definition", ["point", "flow", "average", "quarter", "month"])
def test_segments_add_up_to_the_whole_under_every_definition(
    company: dict[str, Account], definition: str
) -> None:
    client = client_as("finance")
    for by in ("tier", "industry", "country", "size", "owner"):
        for rates in ("constant", "dated"):
            asked = {**OCTOBER, "definition": definition, "rates": rates, "by": by}
            context = client.get(PAGE, asked).context
            moved, totals = context["moved"], context["totals"]
            assert moved.gap == 0
            assert {name: totals[name] for name in totals} == {name: getattr(moved, name) for name in totals}


@pytest.mark.parametrize("definition", ["point", "flow", "average", "quarter", "month"])
def test_every_segment_in_every_month_adds_up_in_the_file(
    company: dict[str, Account], definition: str
) -> None:
    asked = {"definition": definition, "rates": "dated", "by": "owner"}
    rows = rows_of(PAGE, **asked, table="segment_months")
    months = rows_of(PAGE, **asked, table="months")
    assert len(rows) > 20
    steps = {"ARR at the start": 1, "Exchange rates": 1, "New": 1, "Expansion": 1, "Reactivation": 1,
             "Contraction": -1, "Churn": -1}  # fmt: skip
    for row in (*rows, *months):
        led = sum(Decimal(row[f"{step} (USD)"]) * sign for step, sign in steps.items())
        assert led == Decimal(row["ARR at the end (USD)"]), row
        assert Decimal(row["End less all that led to it (USD)"]) == 0
    for month in months:
        parts = [row for row in rows if row["Month"] == month["Month"]]
        for step in (*steps, "ARR at the end"):
            name = f"{step} (USD)"
            assert sum((Decimal(part[name]) for part in parts), Decimal(0)) == Decimal(month[name])


def test_the_page_says_that_all_adds_up_and_names_what_does_not(
    company: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = show(by="owner").content.decode()
    assert "by account executive and month adds up to the cent" in " ".join(page.split())
    assert "Does not add up" not in page
    read = show(by="owner").context["read"]
    wrong = replace(read.checked[0], churn=read.checked[0].churn + Decimal("0.01"))
    monkeypatch.setattr("finance.retention.figures.Retention.checked", [wrong])
    page = show(by="owner")
    assert "Does not add up" in page.content.decode()
    assert [(label, row.gap) for label, row in page.context["gaps"]] == [
        ("dips@example.com", Decimal("0.01"))
    ]


def test_another_definition_keeps_the_segment_and_another_dimension_drops_it(
    company: dict[str, Account],
) -> None:
    held = {"by": "owner", "member": "leaves@example.com", "member_by": "owner"}
    assert show(**held, definition="flow").context["moved"].start == 400
    assert show(**{**held, "by": "tier"}).context["moved"].start == Decimal("3400.10")
    page = show(**held).content.decode()
    assert 'name="member_by" value="owner"' in page
    assert "member_by" not in show(**held).context["asked"].query


def test_a_month_that_is_asked_for_stays_chosen_in_the_form(company: dict[str, Account]) -> None:
    assert '<option value="2021-03" selected>' in show(to="2021-03").content.decode()


def test_flows_of_who_joined_since_can_take_a_figure_below_zero() -> None:
    make_line(make_account(), date(2025, 1, 1), amount=100)
    make_line(make_account(), date(2026, 2, 1), date(2026, 6, 1), amount=500)
    follow_revenue()
    page = show(definition="flow")
    assert (shown(page)["NRR"], shown(page)["GRR"]) == (-4, -4)
    text = page.content.decode()
    assert "−400.0%" in text
    assert "so it can be below zero" in text
    assert (shown(show())["NRR"], shown(show())["GRR"]) == (1, 1)
    moved = page.context["moved"]
    assert (moved.new, moved.churn, moved.gap) == (500, 500, 0)


@pytest.mark.parametrize(
    "path", ["", "accounts/", "cohorts/", "differences/", "forecast/", "months/", "policy/"]
)
def test_one_account_alone_and_a_house_without_any_have_every_page(path: str) -> None:
    client = client_as("finance")
    assert client.get(f"{PAGE}{path}").status_code == 200
    assert client.get(f"{PAGE}{path}", {**OCTOBER, "definition": "flow", "rates": "dated"}).status_code == 200
    make_line(make_account(), date(2026, 2, 1), amount=100)
    follow_revenue()
    for known in ("", "published"):
        assert client.get(f"{PAGE}{path}", {**OCTOBER, "known": known}).status_code == 200


def test_a_bar_of_a_segment_opens_to_it(company: dict[str, Account]) -> None:
    chart = show(by="owner").context["segment_chart"]
    pages = [client_as("finance").get(PAGE + url) for url in chart.urls]
    assert [page.context["member_label"] for page in pages] == list(chart.categories)
    assert [page.context["moved"].start > 0 for page in pages] == [True] * 4


def test_figures_are_those_of_the_definition_and_say_so(company: dict[str, Account]) -> None:
    assert shown(show()) == {
        "NRR": Decimal("3200.15") / Decimal("3400.10"),
        "GRR": Decimal("2700.10") / Decimal("3400.10"),
        "Logo churn": Decimal("0.25"),
        "Expansion rate": Decimal("500.05") / Decimal("3400.10"),
    }
    flow = show(definition="flow")
    assert shown(flow)["GRR"] == Decimal("2100.10") / Decimal("3400.10"), "the dip of 600 counts as lost"
    assert shown(flow)["NRR"] == shown(show())["NRR"], "its recovery counts too"
    assert "less every contraction and churn of the months since" in flow.content.decode()
    assert shown(show(reactivation="in"))["NRR"] == Decimal("3320.15") / Decimal("3400.10")
    assert shown(show(definition="month"))["NRR"] == 1
    assert shown(show(definition="quarter"))["NRR"] == Decimal("3570.15") / Decimal("2970.15")


def shown(response: Any) -> dict[str, Decimal]:
    held = {label: value for label, value, *_ in response.context["headline"]}
    return {label: _Near(value) for label, value in held.items()}


class _Near(Decimal):
    """Equal to what differs only beyond the twelfth place, which is where figures are cut."""

    def __eq__(self, other: object) -> bool:
        return abs(Decimal(self) - Decimal(other)) < Decimal("1e-11")  # type: ignore[arg-type]

    __hash__ = Decimal.__hash__


def test_the_trailing_average_is_the_mean_of_four_quarters(company: dict[str, Account]) -> None:
    ends = ("2026-01", "2026-04", "2026-07", "2026-10")
    # At the rates of one day, so that only the ends differ.
    four = [shown(show(to=end))["GRR"] for end in ends]
    assert shown(show(definition="average"))["GRR"] == sum(map(Decimal, four)) / 4


def test_no_revenue_at_the_start_is_not_defined(company: dict[str, Account]) -> None:
    page = show(to="2024-06", **{"from": "2024-01"})
    assert [value for _, value, *_ in page.context["headline"]] == [None] * 4
    assert "not defined" in page.content.decode()


def test_a_segment_can_be_looked_at_alone(company: dict[str, Account]) -> None:
    context = show(by="owner", member="leaves@example.com").context
    assert (context["moved"].start, context["moved"].churn) == (400, 400)
    assert "without_member" in context
    assert show(by="owner", member="nobody at all").context["moved"].start == 0


def test_a_bar_opens_to_accounts_and_they_to_lines_and_origins(company: dict[str, Account]) -> None:
    client = client_as("finance")
    url = next(url for key, _, _, url in show().context["bridge"] if key == "churn")
    behind = client.get(url)
    assert [row.name for row in behind.context["bar"].rows] == ["Leaves"]
    assert behind.context["bar"].whole == show().context["moved"].churn
    account = reverse("finance:retention_account", args=[company["Leaves"].pk])
    assert account in behind.content.decode()
    inside = client.get(account, OCTOBER)
    line = ContractLine.objects.get(contract__account=company["Leaves"])
    origin = reverse("sync:origin", args=["contract-lines", line.pk, "amount"])
    assert origin in inside.content.decode()
    assert client.get(origin).status_code == 200


def test_every_step_is_what_its_accounts_add_up_to(company: dict[str, Account]) -> None:
    for definition in ("point", "flow", "quarter"):
        moved = show(definition=definition).context["moved"]
        for step in ("start", "new", "expansion", "reactivation", "contraction", "churn", "end"):
            rows = rows_of(f"{PAGE}accounts/", definition=definition, step=step)
            column = {"start": "ARR at the start", "end": "ARR at the end"}.get(step, step.title())
            assert sum(Decimal(row[column]) for row in rows) == getattr(moved, step), (definition, step)


def test_an_account_shows_the_dip_that_its_ends_hide(company: dict[str, Account]) -> None:
    page = client_as("finance").get(
        reverse("finance:retention_account", args=[company["Dips"].pk]), {**OCTOBER, "definition": "flow"}
    )
    assert page.context["inside"].lowest == 400
    moved = {f"{month.month:%Y-%m}": told for month, told, _ in page.context["months"] if told}
    assert moved == {"2026-04": [("Contraction", -600)], "2026-09": [("Expansion", 600)]}


def inside_of(account: Account, **params: str) -> Any:
    page = client_as("finance").get(f"{PAGE}accounts/{account.pk}/", {**OCTOBER, **params})
    assert page.status_code == 200
    return page


def test_a_line_that_began_and_ended_in_between_is_told(company: dict[str, Account]) -> None:
    page = inside_of(company["Dips"], definition="flow")
    assert [(line.start, line.end, line.is_between) for line in page.context["inside"].lines] == [
        (1000, 0, False), (0, 0, True), (0, 1000, False),
    ]  # fmt: skip
    assert "began and ended in between" in page.content.decode()


def test_each_month_of_an_account_opens_to_the_lines_that_moved_in_it(company: dict[str, Account]) -> None:
    months = inside_of(company["Dips"], definition="flow").context["months"]
    (april,) = [url for month, _, url in months if month.month == date(2026, 4, 1)]
    inside = client_as("finance").get(f"{PAGE}accounts/{company['Dips'].pk}/{april}").context["inside"]
    assert [(line.start, line.change, line.end) for line in inside.lines] == [(1000, -1000, 0), (0, 400, 400)]
    assert (inside.moved.start, inside.moved.contraction, inside.moved.end) == (1000, 600, 400)


@pytest.mark.parametrize("definition", ["point", "flow", "quarter"])
@pytest.mark.parametrize("rates", ["constant", "dated"])
def test_an_account_adds_up_from_its_lines_to_the_bars(
    company: dict[str, Account], definition: str, rates: str
) -> None:
    for currency, place in (("EUR", 3), ("GBP", 7)):
        make_rate(currency, date(2024, 1, 1), f"1.1{place}7")
        make_rate(currency, date(2026, 5, 1), f"1.2{place}3")
        for cents in ("33.33", *["0.01"] * place):
            make_line(company["Grows"], date(2025, 1, 1), amount=cents, currency=currency, period="month")
    RevenueToRecompute.objects.get_or_create(account=company["Grows"])
    follow_revenue()
    asked = {"definition": definition, "rates": rates}
    bars = {
        key: {row["Account"]: Decimal(row[label]) for row in rows_of(f"{PAGE}accounts/", **asked, step=key)}
        for key, label in STEPS.items()
    }
    for name, account in company.items():
        inside = inside_of(account, **asked).context["inside"]
        assert {key: amount for key, _, amount in inside.steps if amount} == {
            key: rows[name] for key, rows in bars.items() if name in rows
        }, name
        for end, rounding in (("start", inside.start_rounding), ("end", inside.end_rounding)):
            lines = sum(getattr(line, end) for line in inside.lines)
            assert lines + rounding == getattr(inside.moved, end)
            assert abs(rounding) < Decimal("0.1")
        assert bool(inside.end_rounding) == (name == "Grows"), "the cents of small lines, and nothing else"


def test_an_account_without_a_rate_at_the_start_is_said_to_be_left_out() -> None:
    account = make_account()
    make_line(account, date(2024, 3, 1), amount=1000, currency="JPY")
    make_rate("JPY", date(2026, 3, 10), "0.01")
    follow_revenue()
    for definition in ("point", "flow"):
        page = inside_of(account, rates="dated", definition=definition)
        assert page.context["inside"].moved is None
        assert "is left out of the figures" in page.content.decode()
        assert [line.start for line in page.context["inside"].lines] == [None]
    assert inside_of(account, rates="constant").context["inside"].moved.start == 10


def test_what_a_deleted_account_had_can_still_be_opened(company: dict[str, Account]) -> None:
    close_months(until=date(2026, 10, 31))
    account = company["Grows"]
    Account.objects.filter(pk=account.pk).update(deleted_at=at(TODAY))
    follow_revenue()
    then = inside_of(account, known="published").context["inside"]
    assert then.moved.end == Decimal("1500.15")
    assert inside_of(account).context["inside"].moved is None
    months = client_as("finance").get(f"{PAGE}months/2026-10/").content.decode()
    url = f"{PAGE}accounts/{account.pk}/?definition=month&amp;to=2026-10"
    assert url in months
    assert client_as("finance").get(url.replace("&amp;", "&")).status_code == 200


def test_many_accounts_come_in_pages() -> None:
    for number in range(60):
        make_line(make_account(name=f"A{number:02}"), date(2025, 1, 1), amount=1000 + number)
    follow_revenue()
    client = client_as("finance")
    first = client.get(f"{PAGE}accounts/", {**OCTOBER, "step": "start"})
    second = client.get(f"{PAGE}accounts/" + first.context["next_url"])
    names = [row.name for page in (first, second) for row in page.context["bar"].rows]
    assert names == [f"A{number:02}" for number in range(59, -1, -1)]
    beyond = client.get(f"{PAGE}accounts/", {**OCTOBER, "step": "start", "page": "9"})
    assert beyond.context["bar"].page == 1


def test_a_restated_month_is_marked_and_shown_as_it_was_published(company: dict[str, Account]) -> None:
    close_months(until=ago(10))
    assert show().context["read"].restated == []
    published = show().context["moved"].end
    ContractLine.objects.filter(contract__account=company["Joins"]).update(amount=999)
    RevenueToRecompute.objects.create(account=company["Joins"])
    follow_revenue()
    page = show()
    assert [f"{change.month:%Y-%m}" for change in page.context["read"].restated] == ["2026-10"]
    assert page.context["moved"].end == published + 749
    assert "Restated" in page.content.decode()
    for definition in ("point", "flow"):
        again = show(known="published", definition=definition).context["moved"]
        assert (again.end, again.gap) == (published, 0)


def test_dated_rates_have_a_step_of_their_own() -> None:
    make_line(make_account(), date(2024, 3, 1), amount=1000, currency="EUR")
    make_rate("EUR", date(2024, 1, 1), "1.00")
    make_rate("EUR", date(2026, 7, 1), "1.10")
    follow_revenue()
    for definition in ("point", "flow"):
        moved = show(rates="dated", definition=definition).context["moved"]
        assert (moved.start, moved.fx, moved.end, moved.gap) == (1000, 100, 1100, 0)
    assert show(rates="constant").context["moved"].fx == 0


def test_an_account_without_a_rate_for_a_while_breaks_no_sum_of_flows() -> None:
    make_line(make_account(), date(2024, 3, 1), amount=1000)
    make_line(make_account(), date(2024, 3, 1), amount=1000, currency="JPY")
    make_rate("JPY", date(2026, 3, 10), "0.01")
    follow_revenue()
    moved = show(rates="dated", definition="flow").context["moved"]
    assert (moved.start, moved.end, moved.gap) == (1000, 1000, 0)


@pytest.mark.parametrize("definition", ["point", "flow", "average", "month"])
def test_whose_money_is_left_out_is_said(definition: str) -> None:
    make_line(make_account(), date(2024, 3, 1), amount=1000)
    make_line(make_account(), date(2024, 3, 1), amount=1000, currency="CHF")
    make_line(make_account(), date(2024, 3, 1), amount=1000, currency="JPY")
    make_rate("JPY", date(2026, 10, 10), "0.01")
    follow_revenue()
    page = show(definition=definition)
    assert page.context["read"].left_out == [("CHF", 1)]
    assert "CHF (1 account)" in page.content.decode()
    assert page.context["moved"].start == 1010
    dated = show(definition=definition, rates="dated")
    assert dated.context["read"].left_out == [("CHF", 1), ("JPY", 1)]
    assert dated.context["moved"].start == 1000


def test_where_every_currency_has_a_rate_nobody_is_left_out(company: dict[str, Account]) -> None:
    page = show()
    assert page.context["read"].left_out == []
    assert "Left out:" not in page.content.decode()


def test_readers_of_totals_see_sums_and_no_account(company: dict[str, Account]) -> None:
    page = show("customer_success")
    assert "$3,400.10" in page.content.decode()
    assert f"{PAGE}accounts/" not in page.content.decode()
    client = client_as("customer_success")
    for path in (f"{PAGE}accounts/", f"{PAGE}accounts/{company['Dips'].pk}/"):
        assert client.get(path, OCTOBER).status_code == 403
        assert client.get(path, {**OCTOBER, "export": "csv"}).status_code == 403


def test_who_reads_no_revenue_is_told_why() -> None:
    AccessGrant.objects.filter(function="legal", category="revenue").update(level="none")
    for path in (PAGE, f"{PAGE}accounts/"):
        assert client_as("legal").get(path).status_code == 403


@pytest.mark.parametrize(
    "params",
    [
        {"definition": "?"}, {"by": "pod"}, {"from": "2026-13"}, {"to": "9999-12"}, {"to": "1990-01"},
        {"from": "2030-01", "to": "2020-01"}, {"member": "\x00"}, {"page": "9" * 30, "step": "x"}, {"page": "٣"},
        {"page": "9" * 100_000}, {"page": "-0"}, {"page": "1e400"}, {"member": "x" * 100_000}, {"to": "9" * 100_000},
        {"definition": "quarter", "from": "2026-09"}, {"known": "x", "rates": "", "reactivation": "1"},
        {"as_of": "2026-02-30"}, {"as_of": "2026-03-15"}, {"by": "size", "member": "a-b"},
    ],
)  # fmt: skip
def test_no_address_breaks_the_pages(company: dict[str, Account], params: dict[str, str]) -> None:
    client = client_as("finance")
    for path in (PAGE, f"{PAGE}accounts/", f"{PAGE}accounts/{company['Dips'].pk}/"):
        assert client.get(path, params).status_code == 200


def test_more_accounts_cost_no_more_queries(company: dict[str, Account]) -> None:
    def queries(path: str) -> int:
        client = client_as("finance")
        client.get(path, OCTOBER)
        with CaptureQueriesContext(connection) as caught:
            client.get(path, OCTOBER)
        return len(caught)

    paths = (PAGE, f"{PAGE}accounts/")
    before = [queries(path) for path in paths]
    for _ in range(10):
        make_line(make_account(), date(2025, 1, 1))
    follow_revenue()
    assert [queries(path) for path in paths] == before
    assert before[0] <= 14


def test_an_empty_house_says_what_to_do(client: Any) -> None:
    page = client_as("finance").get(PAGE)
    assert page.status_code == 200
    assert "No recurring revenue in this time" in page.content.decode()
