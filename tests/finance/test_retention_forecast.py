"""The forecast from renewals: what is agreed, what is at risk, what history says, and that quarters add up."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, Tier, TierTenure
from finance.contracts.recording import write_versions
from finance.models import Contract, RevenueToRecompute
from finance.retention.assumptions import read_history
from finance.retention.forecast import SCENARIOS, read_forecast
from finance.revenue.movements import movements_over
from finance.revenue.windows import Window
from tests.metrics.facts import follow_revenue, make_account, make_line, make_rate
from tests.users import client_as

pytestmark = pytest.mark.django_db

PAGE = "/finance/retention/forecast/"
BASE = date(2026, 10, 31)
DAY = {"as_of": "2026-11-20"}


def make_term(
    account: Account,
    ends: date,
    amount: int = 1000,
    *,
    renews: bool = False,
    notice: int | None = None,
    start: date = date(2024, 1, 1),
    currency: str = "USD",
) -> Contract:
    terms = {"start_on": start, "end_on": ends, "auto_renew": renews, "notice_days": notice}
    return make_line(account, start, amount=amount, currency=currency, terms=terms).contract


def look(**params: str) -> Any:
    follow_revenue()
    return read_forecast(BASE, ["strategic", "enterprise", "growth", "standard"], params)


def show(function: str = "finance", **params: str) -> Any:
    follow_revenue()
    response = client_as(function).get(PAGE, {**DAY, **params})
    assert response.status_code == 200
    return response.context


def ends(forecast: Any) -> list[list[Decimal]]:
    return [quarter.shown for quarter in forecast.quarters]


def test_without_history_all_renew_and_low_takes_them_all_as_lost() -> None:
    make_term(make_account(), date(2027, 2, 1))
    make_line(make_account(), date(2024, 1, 1), amount=50)
    forecast = look()
    assert forecast.start == 1050
    assert ends(forecast) == [[1050] * 3, [50, 1050, 1050], [50, 1050, 1050], [50, 1050, 1050]]
    (row,) = forecast.quarters[1].rows
    assert (row.kind, row.at_risk, row.low, row.base) == ("ends", 1000, -1000, 0)
    assert row.assumption.told == "no term has ended yet: all renew"


def test_what_is_agreed_is_taken_as_it_is() -> None:
    account = make_account()
    make_line(account, date(2024, 1, 1), date(2026, 12, 1), amount=300)
    make_line(account, date(2027, 3, 1), amount=500)
    forecast = look()
    assert ends(forecast) == [[0] * 3, [500] * 3, [500] * 3, [500] * 3]
    assert [quarter.agreed for quarter in forecast.quarters] == [-300, 500, 0, 0]


def test_a_term_that_another_contract_takes_over_is_not_lost_twice_or_kept_twice() -> None:
    account = make_account()
    make_term(account, date(2027, 2, 1), 1000)
    make_line(account, date(2027, 2, 10), amount=1100)
    forecast = look()
    assert {row.kind: (row.low, row.base, row.high) for row in forecast.quarters[1].rows} == {
        "covered": (-1000, -1000, -1000),
        "agreed": (1100, 1100, 1100),
    }
    assert ends(forecast)[-1] == [1100] * 3


def test_a_renewal_that_is_signed_on_the_same_contract_is_agreed() -> None:
    contract = make_term(make_account(), date(2027, 2, 1), 1000)
    Contract.objects.filter(pk=contract.pk).update(end_on=date(2028, 2, 1))
    contract.refresh_from_db()
    forecast = look()
    assert ends(forecast)[-1] == [1000] * 3
    assert [row for quarter in forecast.quarters for row in quarter.rows] == []


def test_lines_that_end_with_a_term_that_renews_by_itself_are_at_risk_and_not_agreed_to_go() -> None:
    ends = date(2027, 2, 1)
    terms = {"start_on": date(2026, 2, 1), "end_on": ends, "auto_renew": True}
    make_line(make_account(), date(2026, 2, 1), ends, amount=1000, terms=terms)
    rows = [row for quarter in look(**{"rate-none": "90"}).quarters for row in quarter.rows]
    assert [(row.kind, row.at_risk, row.base) for row in rows] == [("renews", 1000, -100)]


def test_history_gives_a_rate_an_uplift_and_the_number_of_cases() -> None:
    for number in range(8):
        account = make_account()
        make_term(account, date(2026, 3, 1), 1000)
        if (
            number < 6
        ):  # six renew, one of them larger, by contracts that begin when the term ends or a month later
            begins = date(2026, 3, 1) + timedelta(days=30 * (number % 2))
            make_line(account, begins, amount=1600 if number == 5 else 1000)
    make_term(make_account(), date(2027, 2, 1), 1000)
    follow_revenue()
    (case,) = read_history(BASE).values()
    assert (case.cases, case.renewed) == (8, 6)
    assert [case.before, case.kept, case.raised] == [8000, 6000, 600]
    forecast = look()
    (assumption,) = [each for each in forecast.assumptions if each.tier == "none"]
    assert (assumption.rate, assumption.uplift) == (Decimal("0.750"), Decimal("0.100"))
    assert 0 < assumption.low < assumption.rate < assumption.high < 1
    assert assumption.told == "from its own history"
    (row,) = forecast.quarters[1].rows
    assert row.base == Decimal("-175.00"), "1,000 at 75% with 10% on top"


def test_a_contract_that_renews_by_itself_is_a_case_each_year() -> None:
    make_term(make_account(), date(2023, 3, 1), 1000, renews=True, start=date(2022, 3, 1))
    follow_revenue()
    (case,) = read_history(BASE).values()
    assert (case.cases, case.renewed) == (2, 2), "March of 2025 and of 2026"
    assert case.kept == 2000


def test_cases_belong_to_the_tier_of_the_day_before_and_few_lean_on_all() -> None:
    tiers = {slug: Tier.objects.get(slug=slug) for slug in ("growth", "standard")}
    for slug, count in (("growth", 6), ("standard", 2)):
        for _ in range(count):
            account = make_account()
            TierTenure.objects.filter(account=account).delete()
            TierTenure.objects.create(account=account, tier=tiers[slug], during=(None, None), cause="import")
            make_term(account, date(2026, 3, 1), 1000, renews=slug == "growth")
    forecast = look()
    told = {each.tier: (each.rate, each.told) for each in forecast.assumptions}
    assert told["growth"] == (1, "from its own history")
    assert told["standard"] == (Decimal("0.750"), "too few cases: that of all tiers")


def test_assumptions_come_from_the_address_and_nonsense_is_passed_over() -> None:
    make_term(make_account(), date(2027, 2, 1), 1000)
    assert look(**{"rate-none": "80", "uplift-none": "5"}).quarters[-1].shown[1] == 840
    for wrong in ("x", "-1", "101", "NaN", "1e999", ""):
        assert look(**{"rate-none": wrong}).quarters[-1].shown[1] == 1000


def test_where_the_day_for_notice_has_passed_it_renews() -> None:
    make_term(make_account(), date(2026, 11, 25), 1000, renews=True, notice=60, start=date(2025, 11, 25))
    make_term(make_account(), date(2027, 2, 1), 500, renews=True, notice=10, start=date(2026, 2, 1))
    forecast = look(**{"rate-none": "50"})
    rows = [row for quarter in forecast.quarters for row in quarter.rows]
    assert [(row.kind, row.base) for row in rows] == [("passed", 0), ("renews", -250)]


def test_where_notice_was_given_it_ends_and_says_so() -> None:
    """A version that takes out the renewal, or moves the end forward, is notice as far as the contract tells."""
    changes: list[dict[str, Any]] = [{"auto_renew": False}, {"end_on": date(2027, 2, 1)}, {"notice_days": 30}]
    ended, shortened, other = (
        make_term(make_account(name=name), date(2027, day, 1), 1000, renews=renews)
        for name, day, renews in (("Ended", 2, True), ("Shortened", 9, False), ("Other", 2, False))
    )
    contracts = (ended, shortened, other)
    write_versions([contract.pk for contract in contracts])
    for contract, change in zip(contracts, changes, strict=True):
        Contract.objects.filter(pk=contract.pk).update(**change)
        RevenueToRecompute.objects.get_or_create(account_id=contract.account_id)
    write_versions([contract.pk for contract in contracts])
    forecast = look(**{"rate-none": "50"})
    rows = {row.account_name: row for quarter in forecast.quarters for row in quarter.rows}
    assert {name: (row.kind, row.base, row.assumed) for name, row in rows.items()} == {
        "Ended": ("given", -1000, 0),
        "Shortened": ("given", -1000, 0),
        "Other": ("ends", -500, Decimal("0.5")),
    }
    assert forecast.quarters[-1].shown[0] == rows["Other"].low + 1000, "low and high are as certain"
    some = read_forecast(BASE, [], {}, given=Decimal("0.2"))
    assert [row.base for row in some.quarters[1].rows if row.kind == "given"] == [-800, -800]
    assert [show(given=text)["forecast"].given for text in ("20", "x", "")] == [Decimal("0.2"), 0, 0]
    before = read_forecast(BASE, [], {}, looked_at=date(2026, 11, 1))
    assert "given" not in {row.kind for quarter in before.quarters for row in quarter.rows}, "not known then"


def test_a_contract_that_takes_over_outweighs_the_notice_to_the_old_one() -> None:
    account = make_account()
    old = make_term(account, date(2027, 2, 1), 1000, renews=True)
    write_versions([old.pk])
    Contract.objects.filter(pk=old.pk).update(auto_renew=False)
    RevenueToRecompute.objects.get_or_create(account=account)
    write_versions([old.pk])
    make_line(account, date(2027, 2, 1), amount=1000)
    rows = [row for quarter in look().quarters for row in quarter.rows]
    assert sorted((row.kind, row.base, row.assumed) for row in rows) == [
        ("agreed", 1000, None),
        ("covered", -1000, None),
    ]


def test_money_without_a_rate_is_left_out_and_named() -> None:
    make_term(make_account(), date(2027, 2, 1), 1000, currency="CHF")
    make_term(make_account(), date(2027, 2, 1), 1000, currency="EUR")
    make_rate("EUR", date(2024, 1, 1), "1.10")
    forecast = look()
    assert (forecast.start, forecast.left_out) == (1100, ["CHF"])


def test_an_account_without_a_value_at_the_start_takes_nothing_from_what_others_have() -> None:
    mixed = make_account()
    make_line(mixed, date(2024, 1, 1), amount=700, currency="CHF")
    make_term(mixed, date(2027, 2, 1), 1000)
    make_line(mixed, date(2024, 1, 1), date(2026, 12, 1), amount=300)
    make_term(make_account(), date(2027, 2, 1), 50)
    forecast = look(**{"rate-none": "0"})
    assert (forecast.start, forecast.left_out) == (50, ["CHF"])
    assert forecast.quarters[-1].shown == [0, 0, 50], "of the other account alone"


def test_one_contract_takes_over_from_one_term_only() -> None:
    account = make_account()
    make_term(account, date(2027, 2, 1), 1000)
    make_term(account, date(2027, 2, 2), 1000)
    make_line(account, date(2027, 2, 1), amount=1200)
    forecast = look(**{"rate-none": "50"})
    rows = sorted((row.kind, row.base) for row in forecast.quarters[1].rows)
    assert rows == [("agreed", 1200), ("covered", -1000), ("ends", -600)], "800 of the second stand at risk"
    assert forecast.quarters[-1].shown[1] == 1600


def test_a_past_day_knows_of_no_notice_that_was_still_to_come() -> None:
    make_term(make_account(), date(2025, 9, 1), 1000, renews=True, notice=30, start=date(2024, 9, 1))
    follow_revenue()
    asked = {"as_of": "2025-07-15", "rate-none": "50"}
    (row,) = [
        row
        for quarter in client_as("finance").get(PAGE, asked).context["forecast"].quarters
        for row in quarter.rows
    ]
    assert (row.kind, row.base) == ("renews", -500)


PLANS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(-600, 0), st.none() | st.integers(1, 500), st.booleans(),
        st.integers(1, 9999), st.integers(0, 1),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=PLANS, rate=st.integers(0, 100))
def test_quarters_join_and_add_up_whatever_the_contracts(
    plans: list[tuple[int, int, int | None, bool, int, int]], rate: int
) -> None:
    with transaction.atomic():
        accounts = [make_account() for _ in range(3)]
        for place, start, length, renews, amount, late in plans:
            begins = BASE + timedelta(days=start)
            ends = None if length is None else BASE + timedelta(days=length)
            terms = {"start_on": begins, "end_on": ends, "auto_renew": renews}
            line = make_line(accounts[place], begins, amount=amount, terms=terms)
            if late and ends:
                make_line(accounts[place], ends - timedelta(days=1), amount=amount, contract=line.contract)
        forecast = look(**{"rate-none": str(rate), "uplift-none": "0"})
        held = dict.fromkeys(SCENARIOS, forecast.start)
        for quarter in forecast.quarters:
            assert quarter.start == held
            held = {name: held[name] + sum(getattr(row, name) for row in quarter.rows) for name in SCENARIOS}
            assert quarter.shown == [held[name] for name in SCENARIOS]
            assert quarter.shown[0] <= quarter.shown[1] <= quarter.shown[2]
        if rate == 0:
            gone = sum(
                row.at_risk for quarter in forecast.quarters for row in quarter.rows if row.kind == "renews"
            )
            found = movements_over([Window(BASE, forecast.quarters[-1].last)])
            ledger = found[0].end if found else Decimal(0)
            assert forecast.quarters[-1].shown[1] == ledger - gone, "nothing renewed: what the ledger holds"
        transaction.set_rollback(True)


def test_a_quarter_opens_to_its_contracts_and_the_file_has_them() -> None:
    contract = make_term(make_account(name="Ends"), date(2027, 2, 1))
    context = show(quarter="2")
    assert [row.contract_id for row, _ in context["rows"]] == [contract.pk]
    response = client_as("finance").get(PAGE, {**DAY, "quarter": "2", "export": "csv", "table": "contracts"})
    assert "Ends unless renewed" in b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]


def test_an_opened_quarter_adds_up_from_its_rows_to_its_end() -> None:
    for amount in ("1000.33", "2000.67"):
        make_term(make_account(), date(2027, 2, 1), int(Decimal(amount)))
    make_line(make_account(), date(2026, 12, 24), amount="77.77")
    context = show(quarter="2", **{"rate-none": "33.3", "uplift-none": "7"})
    chosen = context["chosen"]
    rows = [sum((getattr(row, name) for row, _ in context["rows"]), Decimal(0)) for name in SCENARIOS]
    assert chosen.moved == rows
    assert [chosen.start[name] + moved for name, moved in zip(SCENARIOS, rows, strict=True)] == chosen.shown
    follow_revenue()
    page = client_as("finance").get(PAGE, {**DAY, "quarter": "2"}).content.decode()
    assert "End of the quarter" in page


def test_readers_of_totals_see_quarters_and_no_contracts() -> None:
    make_term(make_account(name="Ends"), date(2027, 2, 1))
    context = show("customer_success", quarter="2")
    assert (context["rows"], context["may_open"]) == ([], False)
    asked = {**DAY, "quarter": "2", "export": "csv", "table": "contracts"}
    assert client_as("customer_success").get(PAGE, asked).status_code == 404


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"quarter": "9"},
        {"passed": "x"},
        {"rate-none": "\x00"},
        {"as_of": "1980-01-01"},
        {"as_of": "1970-01-01"},
        {"rate-none": "1e-400"},
        {"rate-none": "-0", "uplift-none": "1e400"},
        {"passed": "9" * 100_000},
        {"rate-none": "sNaN", "passed": "1E-999999"},
        {"uplift-none": "0." + "1" * 100_000},
        {"quarter": "٣"},
    ],
)
def test_no_address_breaks_the_page(params: dict[str, str]) -> None:
    make_term(make_account(), date(2027, 2, 1))
    follow_revenue()
    assert client_as("finance").get(PAGE, params).status_code == 200
