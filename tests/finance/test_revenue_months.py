"""Closed months: what restated them, and closing by hand with its effect shown first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.messages import get_messages

from finance.models import ContractLine, RevenueClose, RevenueToRecompute
from finance.revenue.publication import close_months
from tests.metrics.facts import TODAY, follow_revenue, make_account, make_line
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

PAGE = "/finance/retention/months/"
CLOSE = f"{PAGE}close/"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests run on a day of their own."""
    for module in ("finance.retention.months", "finance.revenue.publication"):
        monkeypatch.setattr(f"{module}.today", lambda: TODAY)


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_the_effect_of_closing_is_shown_first_and_nothing_is_closed() -> None:
    make_line(make_account(), date(2026, 9, 5), amount=500)
    waits = make_account()
    follow_revenue()
    make_line(waits, date(2026, 10, 5), amount=70)
    page = client_as("finance").get(CLOSE, {"month": "2026-10"})
    assert page.context["months"] == [date(2026, 9, 1), date(2026, 10, 1)]
    assert (page.context["effect"].moved.end, page.context["effect"].waiting) == (500, 1)
    assert not RevenueClose.objects.exists()


@pytest.mark.parametrize("function", ["finance", "revops"])
def test_a_month_is_closed_by_hand_by_name(function: str) -> None:
    user = make_user(function)
    make_line(make_account(), date(2026, 9, 5), amount=500)
    follow_revenue()
    answer = client_of(user).post(CLOSE, {"month": "2026-10"})
    assert answer.status_code == 302
    assert list(RevenueClose.objects.values_list("month", "by")) == [
        (date(2026, 9, 1), user.pk),
        (date(2026, 10, 1), user.pk),
    ]
    assert [row.by for row in client_of(user).get(PAGE).context["months"]] == [str(user)] * 2
    again = client_of(user).post(CLOSE, {"month": "2026-10"})
    assert said(again) == ["Oct 2026 had been closed already; nothing was changed."]


@pytest.mark.parametrize("month", ["2026-11", "2027-01", "x", "", "\x00"])
def test_a_month_that_is_not_over_is_not_closed(month: str) -> None:
    make_line(make_account(), date(2026, 9, 5))
    follow_revenue()
    client = client_as("finance")
    assert client.get(CLOSE, {"month": month}).status_code == 302
    assert said(client.post(CLOSE, {"month": month})) != []
    assert not RevenueClose.objects.exists()


def test_a_month_before_all_revenue_is_not_said_to_be_closed() -> None:
    make_line(make_account(), date(2026, 9, 5))
    follow_revenue()
    answer = client_as("finance").post(CLOSE, {"month": "2026-03"})
    assert said(answer) == ["Mar 2026 lies before the first month with revenue; nothing was changed."]


def test_a_past_day_lists_the_months_that_had_ended_by_then() -> None:
    make_line(make_account(), date(2026, 7, 5))
    follow_revenue()
    close_months(until=date(2026, 10, 31))
    client = client_as("finance")
    page = client.get(PAGE, {"as_of": "2026-09-15"})
    assert [row.key for row in page.context["months"]] == ["2026-08", "2026-07"]
    assert len(client.get(PAGE).context["months"]) == 4
    assert "?as_of=2026-09-15" in page.content.decode(), "other tabs stay on the day"


def test_a_closed_month_opens_to_its_retention_and_to_accounts_in_it() -> None:
    account = make_account(name="Late")
    line = make_line(account, date(2026, 9, 5), amount=500)
    follow_revenue()
    close_months(until=date(2026, 10, 31))
    ContractLine.objects.filter(pk=line.pk).update(amount=650)
    RevenueToRecompute.objects.create(account=account)
    follow_revenue()
    client = client_as("finance")
    told = client.get(f"{PAGE}2026-10/").context["told"]
    shown = [
        client.get("/finance/retention/", {"to": "2026-10", "known": known}).context["moved"].end
        for known in ("published", "")
    ]
    assert shown == [told.published, told.restated]
    inside = client.get(
        f"/finance/retention/accounts/{account.pk}/", {"definition": "month", "to": "2026-10"}
    )
    assert inside.context["inside"].moved.end == 650


@pytest.mark.parametrize("function", ["leadership", "sales", "customer_success"])
def test_others_see_the_list_and_close_nothing(function: str) -> None:
    make_line(make_account(), date(2026, 9, 5))
    follow_revenue()
    client = client_as(function)
    assert "Close all" not in client.get(PAGE).content.decode()
    assert client.get(CLOSE, {"month": "2026-10"}).status_code == 403
    assert client.post(CLOSE, {"month": "2026-10"}).status_code == 403
    assert not RevenueClose.objects.exists()


def test_a_month_tells_what_restates_it_and_adds_up() -> None:
    account = make_account(name="Late")
    line = make_line(account, date(2026, 9, 5), amount=500)
    follow_revenue()
    close_months(until=date(2026, 10, 31))
    ContractLine.objects.filter(pk=line.pk).update(amount=650)
    RevenueToRecompute.objects.create(account=account)
    follow_revenue()
    client = client_as("finance")
    (newest, oldest) = client.get(PAGE).context["months"]
    assert (newest.change.entries, oldest.change.entries) == (1, 1)
    page = client.get(f"{PAGE}2026-10/")
    told = page.context["told"]
    assert (told.published, page.context["change"], told.restated) == (500, 150, 650)
    assert "Late" in page.content.decode()


def test_readers_of_totals_see_the_list_only() -> None:
    make_line(make_account(), date(2026, 9, 5))
    follow_revenue()
    close_months(until=date(2026, 10, 31))
    client = client_as("customer_success")
    assert f"{PAGE}2026-10/" not in client.get(PAGE).content.decode()
    assert client.get(f"{PAGE}2026-10/").status_code == 403


@pytest.mark.parametrize("month", ["2026-11", "nothing", "0000-00", "9999-99"])
def test_what_is_no_closed_month_is_not_found(month: str) -> None:
    assert client_as("finance").get(f"{PAGE}{month}/").status_code == 404
