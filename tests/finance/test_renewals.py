"""Contracts that run and when their term ends: one definition for the header, the panel and the home cards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.lenses import panels
from accounts.models import Account
from finance.models import Contract
from people.access import access_of
from tests.metrics.facts import TODAY, ago, make_account, make_line, measure
from tests.users import client_as

pytestmark = pytest.mark.django_db

RENEWS: dict[str, Any] = {"auto_renew": True, "renewal_months": 12}


def shown(account: Account, as_of: date = TODAY) -> list[dict[str, Any]]:
    """Return the contracts of the renewals panel."""
    found = panels["finance.renewals"].load_for(account, as_of, access_of("finance"))["contracts"]
    return list(found)


def header(account: Account, as_of: date = TODAY) -> date | None:
    days = measure("finance.renewal_on", as_of).get(account.pk)
    return None if days is None else date(1970, 1, 1) + timedelta(days=int(days))


def make_replaced(account: Account) -> None:
    """Create a contract that renews by itself on paper, but whose lines all ended."""
    make_line(account, ago(800), ago(100), terms={"end_on": ago(-30), "number": "Replaced", **RENEWS})


def test_a_contract_without_a_running_line_is_not_shown() -> None:
    account = make_account()
    make_replaced(account)
    assert shown(account) == []
    assert header(account) is None


def test_the_panel_begins_with_the_renewal_of_the_header() -> None:
    account = make_account()
    make_replaced(account)
    make_line(account, ago(800), terms={"end_on": ago(435), "number": "Long renewed", **RENEWS})
    make_line(account, ago(100), terms={"end_on": ago(-200), "number": "In its term"})
    make_line(account, ago(100), terms={"end_on": ago(-40), "number": "Next", "notice_days": 30})
    make_line(account, ago(100), terms={"number": "Open-ended"})
    found = shown(account)
    assert [row["number"] for row in found] == ["Next", "In its term", "Long renewed", "Open-ended"]
    assert found[0]["end_on"] == header(account) == ago(-40)
    assert found[0]["notice_on"] == ago(-10)
    assert found[3]["end_on"] is None


@pytest.mark.parametrize("back", [0, 1, 364, 365, 366, 400])
def test_panel_and_header_agree_on_every_day_around_a_turn(back: int) -> None:
    account = make_account()
    make_line(account, ago(1200), terms={"end_on": ago(365), "notice_days": 30, **RENEWS})
    as_of = ago(back)
    assert shown(account, as_of)[0]["end_on"] == header(account, as_of)
    contract = Contract.objects.running_on(as_of).with_next_end(as_of).get()
    assert contract.next_end > as_of  # type: ignore[attr-defined]


def test_an_absurd_notice_period_is_no_failure() -> None:
    account = make_account()
    make_line(account, ago(100), terms={"end_on": ago(-40), "notice_days": 2_000_000_000})
    assert "Notice was due" in shown(account)[0]["notice_text"]


def notices(as_of: date = TODAY) -> list[tuple[str, date]]:
    page = client_as("legal").get(reverse("home"), {"as_of": as_of})
    card = next(card for card in page.context["cards"] if card.key == "finance.notice_dates")
    assert card.state == "loaded"
    return [(row["number"], row["notice_on"]) for row in card.data["contracts"]]


def test_notice_dates_are_those_of_the_running_term() -> None:
    account = make_account()
    make_replaced(account)
    for number, end, notice in (
        ("Renewed", ago(365 - 60), 30),
        ("In its term", ago(-50), 10),
        ("Too late", ago(-20), 30),
        ("Far", ago(-300), 30),
        ("Without notice", ago(-50), None),
    ):
        terms = {"end_on": end, "number": number, "notice_days": notice, **RENEWS}
        make_line(account, ago(800), terms=terms)
    assert notices() == [("Renewed", ago(-30)), ("In its term", ago(-40))]


def test_the_end_of_a_trial_is_no_renewal() -> None:
    account = make_account()
    terms = {"end_on": ago(-20), "number": "Trial", "notice_days": 10}
    make_line(account, ago(10), amount=0, is_trial=True, terms=terms)
    assert header(account) is None
    assert notices() == []
    assert [(row["number"], row["is_trial"]) for row in shown(account)] == [("Trial", True)]
    bought = Contract.objects.get()
    make_line(account, ago(5), contract=bought)
    assert header(account) == ago(-20)
    assert notices() == [("Trial", ago(-10))]


@pytest.mark.parametrize(
    ("terms", "left"),
    [
        ({"end_on": ago(-200)}, 200),
        ({"end_on": ago(-200), "notice_days": 90}, 200),
        ({"end_on": ago(-200), "notice_days": 90, **RENEWS}, 110),
        ({"end_on": ago(-90), "notice_days": 90, **RENEWS}, 0),
        # The day for notice is over: they are bound until a year later, less the notice.
        ({"end_on": ago(-89), "notice_days": 90, **RENEWS}, 89 + 365 - 90),
        ({"end_on": ago(-40), **RENEWS}, 40),
        ({}, None),
    ],
)
def test_the_window_ends_with_the_last_day_on_which_the_customer_has_a_say(
    terms: dict[str, Any], left: int | None
) -> None:
    account = make_account()
    make_line(account, ago(100), terms=terms)
    assert measure("finance.days_until_decision").get(account.pk) == left


def test_the_nearest_say_of_several_contracts_counts_and_a_trial_has_none() -> None:
    account = make_account()
    make_line(account, ago(100), terms={"end_on": ago(-200)})
    make_line(account, ago(100), terms={"end_on": ago(-120), "notice_days": 60, **RENEWS})
    make_line(account, ago(5), terms={"end_on": ago(-9)}, is_trial=True)
    assert measure("finance.days_until_decision") == {account.pk: 60}
