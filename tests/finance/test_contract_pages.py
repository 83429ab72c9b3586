"""Pages of contracts: what is listed, what each says, and who may read prices."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from finance.calendars.events import follow_contracts
from finance.contracts.recording import QUIET, record_due_versions
from finance.contracts.renewals import Day, days_between, happenings_of
from finance.models import CalendarEvent, Contract, ContractLine, ContractToRecord
from people.access import access_of
from tests.metrics.facts import ago, make_account, make_line
from tests.users import client_as

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.fixture
def acme() -> Account:
    return make_account(name="Acme", country="DE")


def sell(account: Account, number: str, end: int | None, *, start: int = -100, **terms: Any) -> Contract:
    """Create a contract whose term ends so many days from now, with a line of 1,200 euros a year."""
    terms = {"number": number, "end_on": None if end is None else in_days(end)} | terms
    return make_line(account, in_days(start), currency="EUR", terms=terms).contract


def days_of(months: list[Any]) -> list[Day]:
    """Return all days of the twelve months that a page shows."""
    return days_between(months[0].month, months[0].month + relativedelta(months=12), TODAY)


def record() -> None:
    ContractToRecord.objects.bulk_create(
        (ContractToRecord(contract_id=pk) for pk in Contract.objects.values_list("pk", flat=True)),
        ignore_conflicts=True,
    )
    record_due_versions(now=timezone.now() + QUIET)


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(reverse("finance:contracts") + query)
    assert response.status_code == 200
    return [row.contract.number for row in response.context["rows"]]


def test_those_that_run_are_listed_with_the_next_notice_first(acme: Account) -> None:
    sell(acme, "late", 300, notice_days=30)
    sell(acme, "soon", 100, notice_days=90)
    sell(acme, "no notice", 20)
    sell(acme, "over", -5)
    sell(acme, "ahead", 500, start=10)
    client = client_as("legal")
    assert listed(client) == ["soon", "late", "no notice"]
    assert listed(client, "?show=ended") == ["over"]
    assert listed(client, "?show=ahead") == ["ahead"]
    assert listed(client, "?show=all&sort=start&q=acm")[-1] == "ahead"
    assert listed(client, "?within=30") == ["soon"]
    assert listed(client, "?q=LATE") == ["late"]
    assert listed(client, "?sort=-end")[0] == "late"


@pytest.mark.parametrize("query", ["?within=x&sort=%00&show=no", "?after=!!&q=%00", "?as_of=9999-99-99"])
def test_an_address_made_up_shows_the_usual_list(acme: Account, query: str) -> None:
    sell(acme, "one", 300)
    assert listed(client_as("finance"), query) == ["one"]


def test_pages_follow_each_other_without_a_gap(acme: Account) -> None:
    for number in range(120):
        sell(acme, f"{number:03}", 200 + number % 7, notice_days=10 if number % 3 else None)
    client, seen, query = client_as("finance"), [], ""
    while True:
        response = client.get(reverse("finance:contracts") + query)
        seen += [row.contract.number for row in response.context["rows"]]
        query = response.context["page"].next_url
        if not query:
            break
    assert sorted(seen) == [f"{number:03}" for number in range(120)]


def test_a_list_of_many_costs_no_more_than_one_of_few(
    acme: Account, django_assert_max_num_queries: Any
) -> None:
    for number in range(40):
        sell(acme, str(number), 200)
    client = client_as("finance")
    listed(client)
    with django_assert_max_num_queries(8):
        listed(client)


def test_legal_reads_what_was_agreed_but_no_prices(acme: Account) -> None:
    contract = sell(acme, "FW-1", 300, notice_days=30)
    record()
    ContractLine.objects.create(
        contract=contract, product="Extra", start_on=in_days(5), amount=98765, billing_period="year"
    )
    ContractLine.objects.exclude(product="Extra").update(amount=4321)
    record()
    url = reverse("finance:contract", args=[contract.pk])
    open_page, closed_page = (client_as(who).get(url).content.decode() for who in ("finance", "legal"))
    assert "€98,765" in open_page
    assert "4,321" in open_page
    for price in ("98,765", "4,321", "1,200"):
        assert price not in closed_page
    assert "Extra" in closed_page, "what was agreed is theirs to read"
    for export in ("lines", "versions"):
        file = client_as("legal").get(f"{url}?export=csv&table={export}").getvalue().decode()  # type: ignore[attr-defined]
        assert "98765" not in file
        assert "redacted" in file


@pytest.mark.parametrize("name", ["contracts", "renewals"])
def test_who_may_not_read_contracts_is_told_so(name: str) -> None:
    assert client_as("support").get(reverse(f"finance:{name}")).status_code == 403
    assert client_as("support").get(reverse("finance:contract", args=[1])).status_code == 403


def test_a_contract_says_what_each_version_changed(acme: Account) -> None:
    contract = sell(acme, "FW-1", 300, notice_days=30)
    record()
    Contract.objects.filter(pk=contract.pk).update(notice_days=60)
    record()
    page = client_as("finance").get(reverse("finance:contract", args=[contract.pk])).content.decode()
    assert "30 days → 60 days" in page
    assert "Version 2" in page


def test_notice_on_a_day_without_work_is_told_with_the_working_day_before(acme: Account) -> None:
    contract = make_line(
        acme,
        date(2025, 1, 1),
        currency="EUR",
        terms={"number": "W", "end_on": date(2026, 6, 1), "notice_days": 28},
    ).contract  # 4 May 2026 is a Monday, 1 May a holiday
    Contract.objects.filter(pk=contract.pk).update(notice_days=31)
    url = reverse("finance:contract", args=[contract.pk]) + "?as_of=2026-01-05"
    (term,) = client_as("finance").get(url).context["terms"]
    assert (term.notice_on, term.act_by, term.why) == (date(2026, 5, 1), date(2026, 4, 30), "Labor Day")


def test_a_contract_of_a_deleted_account_or_of_no_id_is_not_found(acme: Account) -> None:
    contract = sell(acme, "FW-1", 300)
    Account.objects.filter(pk=acme.pk).update(deleted_at=timezone.now())
    client = client_as("finance")
    for pk in (contract.pk, 10**30):
        assert client.get(reverse("finance:contract", args=[pk])).status_code == 404


def test_renewals_stand_in_their_months_with_what_is_at_stake(acme: Account) -> None:
    first = TODAY.replace(day=1)
    contract = sell(acme, "FW-1", 100, notice_days=40, auto_renew=True)
    sell(acme, "far", 900)
    make_line(acme, ago(100), currency="XXX", terms={"number": "no rate", "end_on": in_days(100)})
    months = client_as("leadership").get(reverse("finance:renewals")).context["months"]
    assert months[0].month == first
    assert len(months) == 12
    days = days_of(months)
    happenings = {
        (each.kind, each.on): each.contract.number
        for each in happenings_of(days, TODAY, access_of("leadership"))
    }
    assert happenings[("notice", in_days(60))] == "FW-1"
    assert {each.kind for each in days if each.contract == contract.pk} == {"notice", "end"}
    (at_end,) = [month for month in months if month.ends]
    assert (at_end.ends, at_end.lacks_rate) == (2, 2), "no rates were sent"
    assert "far" not in happenings.values()


def test_a_trial_has_no_notice_to_be_near(acme: Account) -> None:
    sell(acme, "paid", 40, notice_days=30)
    trial = sell(acme, "trial", 40, notice_days=30)
    trial.lines.update(is_trial=True)
    assert listed(client_as("legal"), "?within=30") == ["paid"]


def test_what_renews_more_than_once_a_year_is_there_with_each_of_its_terms(acme: Account) -> None:
    """Worked by hand: a quarter that ends in 40 days, and three more that end within twelve months."""
    contract = sell(acme, "FW-Q", 40, notice_days=10, auto_renew=True, renewal_months=3)
    ends = [in_days(40) + relativedelta(months=3 * turn) for turn in range(4)]
    page = client_as("leadership").get(reverse("finance:renewals"))
    shown = days_of(page.context["months"])
    first_of_next = TODAY.replace(day=1) + relativedelta(months=12)
    expected = [day for day in ends if day < first_of_next]
    assert [each.on for each in shown if each.kind == "end"] == expected
    assert [each.is_later for each in shown if each.kind == "end"] == [False, *[True] * (len(expected) - 1)]
    assert "its ARR counts each time" in page.content.decode()
    file = client_as("leadership").get(reverse("finance:renewals") + "?export=csv").getvalue().decode()
    assert file.count("Renews by itself,") >= 1
    follow_contracts([contract.pk])
    in_feed = CalendarEvent.objects.filter(contract=contract).order_by("day")
    assert [event.day for event in in_feed.filter(kind="end")] == ends
    assert [event.falls_on for event in in_feed.filter(kind="notice")] == [
        day - timedelta(days=10) for day in ends
    ]


def test_what_is_over_of_this_month_stands_behind_what_lies_ahead(acme: Account) -> None:
    """As of the 15th, whatever the day of the test."""
    month = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
    for number, day in (("FW-past", 5), ("FW-today", 15), ("FW-ahead", 25)):
        # Notice of 30 days is due on that day of the month.
        ends = month.replace(day=day) + timedelta(days=30)
        sell(acme, number, (ends - TODAY).days, notice_days=30)
    address = f"{reverse('finance:renewals')}?as_of={month:%Y-%m}-15"
    response = client_as("legal").get(address)
    shown = {
        name: {each.contract.number for each in response.context[name] if each.kind == "notice"}
        for name in ("happenings", "passed")
    }
    assert shown == {"happenings": {"FW-today", "FW-ahead"}, "passed": {"FW-past"}}
    page = response.content.decode()
    assert page.index("FW-ahead") < page.index("Earlier this month") < page.index("FW-past")


def test_a_calendar_of_many_costs_no_more_queries_than_one_of_few(
    acme: Account, django_assert_max_num_queries: Any
) -> None:
    for place in range(30):
        sell(acme, f"FW-{place}", 40 + place, notice_days=10, auto_renew=True, renewal_months=place % 14)
    client = client_as("finance")
    client.get(reverse("finance:renewals"))
    with django_assert_max_num_queries(20):
        client.get(reverse("finance:renewals"))


@pytest.mark.parametrize("start", ["2026-13", "0001-01", "9999-12", "x", "%00", ""])
def test_months_made_up_begin_with_this_one(start: str) -> None:
    response = client_as("legal").get(reverse("finance:renewals") + f"?from={start}")
    assert response.status_code == 200
    assert response.context["is_now"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_what_was_recorded_today_is_there_in_every_time_zone(acme: Account, zone: str) -> None:
    """One of the two is on another day than the store at any hour."""
    contract = sell(acme, "FW-1", 300)
    record()
    page = client_as("legal", time_zone=zone).get(contract.get_absolute_url())
    assert [each.version.version for each in page.context["versions"]] == [1]
