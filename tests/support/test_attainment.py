"""What was promised and kept: counted from the ledgers, with the clocks behind each bar, and in the nightly numbers."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.lenses.registry import panels
from accounts.models import Account
from support.models import Clock, PolicyTenure, Ticket
from tests.metrics.facts import TODAY, ago, at, make_account, make_ticket, measure, measure_segments, roll_up
from tests.support.promises import (
    clock,
    happen,
    keep,
    keep_all,
    make_calendar,
    open_ticket,
    publish_policies,
)
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db
URL = "/support/attainment/"
DAY = TODAY.isoformat()


@pytest.fixture
def agent() -> Client:
    return client_as("support")


def answered(account: Account, day: int, minutes: int, **fields: Any) -> Ticket:
    """Open a ticket at noon so many days ago that was answered so many minutes later."""
    replied = at(ago(day)) + timedelta(minutes=minutes)
    return make_ticket(account, ago(day), first_replied_at=replied, **fields)


def page(client: Client, query: str = "") -> Any:
    """Return what the page was made of, as of the day that tests count from."""
    response = client.get(f"{URL}?as_of={DAY}&{query}")
    assert response.status_code == 200
    return response.context


def bars(client: Client, query: str = "") -> dict[str, tuple[int, int]]:
    """Return how many were met and missed by bar."""
    return {one.label: (one.met, one.missed) for one in page(client, query)["tallies"]}


def an_hour() -> None:
    publish_policies(
        {"cells": [("first_response", "normal", "", 60), ("first_response", "urgent", "strategic", 30)]}
    )


def test_bars_count_what_was_met_and_missed_by_month_tier_priority_and_metric(agent: Client) -> None:
    an_hour()
    strategic, growth = make_account("strategic"), make_account("growth")
    answered(growth, 3, 59)
    answered(growth, 2, 61)
    answered(strategic, 40, 31, priority="urgent")
    make_ticket(growth, ago(1), priority="urgent")
    keep_all()
    assert bars(agent) == {"Sep 2026": (0, 0), "Oct 2026": (0, 1), "Nov 2026": (1, 1)}
    assert bars(agent, "by=tier") == {"Strategic": (0, 1), "Growth": (1, 1)}
    chosen = page(agent, "by=tier&tier=growth")
    assert (len(chosen["tallies"]), chosen["whole"].met, chosen["whole"].missed) == (2, 1, 1)
    assert bars(agent, "by=priority") == {"Urgent": (0, 1), "Normal": (1, 1)}
    assert bars(agent, "by=metric&tier=growth") == {"First response": (1, 1)}
    assert bars(agent, "by=metric&metric=resolution&months=1") == {"First response": (1, 1)}
    assert bars(agent, "by=tier&month=2026-10") == {"Strategic": (0, 1)}


def test_the_list_says_which_ticket_was_due_when_and_by_how_much(agent: Client) -> None:
    publish_policies(
        {"clock": "calendar", "calendar": make_calendar(), "cells": [("first_response", "normal", "", 60)]}
    )
    account = make_account()
    late = open_ticket(account, "2026-11-13 16:30")
    happen(late, "agent_reply", "2026-11-16 10:00")
    kept = open_ticket(account, "2026-11-16 09:00")
    happen(kept, "agent_reply", "2026-11-16 09:20")
    waiting = open_ticket(account, "2026-11-18 09:00")
    keep("2026-11-20 12:00")
    rows = page(agent)["rows"]
    assert [(row.clock.ticket, row.margin, row.is_missed) for row in rows] == [
        (waiting, "still open", True),
        (late, "30 min late", True),
        (kept, "40 min to spare", False),
    ]
    assert [row.clock.ticket for row in page(agent, "result=met")["rows"]] == [kept]
    response = agent.get(f"{URL}?as_of={DAY}&export=csv&table=clocks&result=missed")
    lines = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert f"{late.pk},Question" in lines
    assert f"{kept.pk},Question" not in lines


def test_a_bar_that_holds_nothing_is_counted_as_nothing(agent: Client) -> None:
    an_hour()
    answered(make_account("growth"), 3, 20)
    keep_all()
    shown = page(agent, "by=tier&tier=strategic")
    assert (shown["whole"].decided, len(shown["rows"])) == (0, 0)
    assert shown["every"].decided == 1
    assert page(agent, "by=tier")["whole"].decided == 1


def test_what_ended_after_the_day_was_open_on_it(agent: Client) -> None:
    an_hour()
    late = answered(make_account(), 9, 3 * 24 * 60)
    keep_all()
    on_that_day = agent.get(f"{URL}?as_of={ago(8).isoformat()}").context
    [row] = on_that_day["rows"]
    assert (row.clock.ticket, row.margin, row.ended_at) == (late, "still open", None)
    assert on_that_day["times"][0].is_empty
    response = agent.get(f"{URL}?as_of={ago(8).isoformat()}&export=csv&table=clocks&bom=0")
    [told] = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode()))  # type: ignore[attr-defined]
    assert (told["Ended"], told["Late by (minutes)"], told["Missed"]) == ("", "", "yes")
    [since] = page(agent)["rows"]
    assert since.margin == "2 days 23 h late"


def test_a_tier_is_the_one_that_counted_when_the_clock_ended(agent: Client) -> None:
    an_hour()
    account = make_account("standard")
    answered(account, 3, 20)
    keep_all()
    Account.objects.filter(pk=account.pk).update(tier=make_account("strategic").tier)
    keep_all()
    assert bars(agent, "by=tier") == {"Standard": (1, 0)}


def test_what_happened_after_the_day_is_not_counted_on_it(agent: Client) -> None:
    an_hour()
    answered(make_account(), 3, 20)
    keep_all()
    response = agent.get(f"{URL}?as_of={ago(4).isoformat()}")
    assert response.context["whole"].decided == 0
    assert "Nothing was decided" in response.content.decode()


def promised_by_contract(account: Account) -> None:
    PolicyTenure.objects.filter(account=account).update(agreed_by="Custom SLA of its contract")


@pytest.fixture
def a_quarter() -> tuple[Account, Account]:
    """Clocks of two accounts in three months, met and missed, some of tickets that are gone."""
    publish_policies(
        {
            "cells": [
                ("first_response", "normal", "", 60),
                ("first_response", "urgent", "", 30),
                ("resolution", "normal", "", 600),
            ]
        }
    )
    first, second = make_account("strategic"), make_account()
    for day, minutes, fields in (
        (3, 20, {}),
        (5, 61, {"priority": "urgent"}),
        (33, 61, {"solved": ago(33)}),
        (70, 20, {"solved": ago(60)}),
    ):
        for account in (first, second):
            answered(account, day, minutes, **fields)
    gone = answered(first, 4, 20)
    answered(make_account(deleted_at=at(TODAY)), 4, 20)
    keep_all()
    Ticket.objects.filter(pk=gone.pk).update(deleted_at=at(TODAY))
    promised_by_contract(second)
    return first, second


def test_every_bar_counts_what_its_list_shows(agent: Client, a_quarter: tuple[Account, Account]) -> None:
    first, second = a_quarter
    for query in (
        "",
        "by=tier",
        "by=priority",
        "by=metric",
        f"by=metric&account={first.pk}",
        "by=tier&months=1",
    ):
        shown = page(agent, query)
        assert shown["every"].decided == len(shown["rows"]) > 0
        for bar in shown["tallies"]:
            behind = agent.get(f"{URL}{bar.url}").context
            found = [row.is_missed for row in behind["rows"]]
            assert (found.count(False), found.count(True)) == (bar.met, bar.missed), bar.url
            assert (behind["whole"].met, behind["whole"].missed) == (bar.met, bar.missed)
    assert {row.clock.ticket.account for row in page(agent, f"account={second.pk}")["rows"]} == {second}


def test_what_contracts_promise_is_told_from_what_policies_do(
    agent: Client, a_quarter: tuple[Account, Account]
) -> None:
    _, second = a_quarter
    by_contract = page(agent, "promised=contract")["rows"]
    assert {(row.clock.metric, row.clock.ticket.account) for row in by_contract} == {
        ("first_response", second)
    }
    whole, rest = page(agent)["every"].decided, page(agent, "promised=policy")["every"].decided
    assert len(by_contract) + rest == whole
    # A resolution is promised by policies alone.
    assert bars(agent, f"by=metric&promised=policy&account={second.pk}").keys() == {"Resolution"}


def test_a_month_begins_when_it_does_in_utc_for_readers_anywhere() -> None:
    an_hour()
    account = make_account()
    for opened in ("2026-10-31 22:59", "2026-10-31 23:01"):
        open_ticket(account, opened)
    keep_all()
    west = make_user("support", time_zone="America/Los_Angeles")
    assert bars(client_of(west), "months=3") == {"Sep 2026": (0, 0), "Oct 2026": (0, 1), "Nov 2026": (0, 1)}
    assert len(page(client_of(west), "month=2026-11")["rows"]) == 1
    end = Clock.objects.live().decided_between(ago(100), date(2026, 10, 31))
    assert end.filter(metric="first_response").count() == 1


def test_what_was_missed_is_dated_by_when_its_time_ran_out(agent: Client) -> None:
    an_hour()
    late = open_ticket(make_account(), "2026-10-31 12:00")
    happen(late, "agent_reply", "2026-11-02 12:00")
    keep_all()
    assert bars(agent) == {"Sep 2026": (0, 0), "Oct 2026": (0, 1), "Nov 2026": (0, 0)}


def test_times_count_up_to_and_with_the_edge_of_a_step(agent: Client) -> None:
    an_hour()
    account = make_account()
    for minutes in (15, 16, 30, 45, 50, 55, 56, 57, 58, 59):
        answered(account, 3, minutes)
    keep_all()
    first = page(agent)["times"][0]
    assert list(first.series[0].values) == [1, 2, 7, 0, 0, 0, 0, 0]
    assert first.title == "Half within 52 min, 90% within 58 min"


def test_the_account_s_panel_counts_what_the_report_does(
    agent: Client, a_quarter: tuple[Account, Account]
) -> None:
    first, _ = a_quarter
    told = panels["support.kept"].load(first, TODAY)
    assert [(one.label, one.met, one.missed) for one in told["tallies"]] == [
        (label, *counts) for label, counts in bars(agent, f"by=metric&account={first.pk}").items()
    ]
    for one in told["tallies"]:
        assert len(agent.get(one.url).context["rows"]) == one.decided


def test_pages_of_the_list_go_on_where_the_one_before_ended(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from common import pagination

    monkeypatch.setattr(pagination.read_page, "__kwdefaults__", {"size": 2})
    an_hour()
    account = make_account()
    tickets = [answered(account, day, 20) for day in range(1, 6)]
    keep_all()
    found, url = [], f"?as_of={DAY}"
    while url:
        shown = agent.get(f"{URL}{url}").context["page"]
        found += [row.ticket for row in shown.rows]
        url = shown.next_url
    assert found == tickets


def test_times_are_told_in_the_hours_that_count(agent: Client) -> None:
    publish_policies(
        {"clock": "calendar", "calendar": make_calendar(), "cells": [("resolution", "normal", "", 600)]}
    )
    ticket = open_ticket(make_account(), "2026-11-13 16:00")
    happen(ticket, "status", "2026-11-13 16:30", "pending")
    happen(ticket, "status", "2026-11-16 10:00", "open")
    happen(ticket, "status", "2026-11-16 11:00", "solved")
    keep("2026-11-20 12:00")
    assert clock(ticket, "resolution").spent_seconds == 90 * 60
    first, resolution = page(agent)["times"]
    assert first.is_empty
    assert resolution.title == "Half within 1 h 30 min, 90% within 1 h 30 min"
    assert list(resolution.series[0].values) == [0, 1, 0, 0, 0, 0, 0, 0]


def test_reopening_takes_the_time_that_was_told_back() -> None:
    publish_policies({"cells": [("resolution", "normal", "", 600)]})
    ticket = open_ticket(make_account(), "2026-11-16 09:00")
    happen(ticket, "status", "2026-11-16 10:00", "solved")
    keep("2026-11-16 12:00")
    assert clock(ticket, "resolution").spent_seconds == 3600
    happen(ticket, "status", "2026-11-16 11:00", "open")
    keep("2026-11-16 12:00")
    assert clock(ticket, "resolution").spent_seconds is None
    happen(ticket, "status", "2026-11-16 11:30", "solved")
    keep("2026-11-16 12:00")
    assert clock(ticket, "resolution").spent_seconds == 90 * 60


def test_the_report_is_for_readers_of_support_history() -> None:
    assert client_as("finance").get(URL).status_code == 403
    assert client_as("leadership").get(URL).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "months=7&by=x&metric=%00&tier=x&priority=x&promised=x&result=x&month=2026-13&account=9&after=zz",
        "account=99999999999999999999&month=0000-00",
        "promised=policy",
        "promised=contract",
        "tier=none&by=tier",
    ],
)
def test_no_address_breaks_it(agent: Client, query: str) -> None:
    an_hour()
    answered(make_account(), 3, 20)
    keep_all()
    assert agent.get(f"{URL}?{query}").status_code == 200


def test_nightly_numbers_count_what_was_kept_per_account_and_tier() -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60), ("resolution", "normal", "", 600)]})
    first, second = make_account("strategic"), make_account("growth")
    roll_up("tiers.tenures", ago(100))
    answered(first, 3, 59)
    answered(first, 2, 61)
    answered(second, 89, 61)
    answered(second, 90, 61)
    answered(second, 91, 61)
    make_ticket(second, ago(0))
    keep_all()
    key = "support.first_response_attainment"
    assert measure(key) == {first.pk: Decimal("0.5"), second.pk: 0}
    assert measure("support.resolution_attainment") == {first.pk: 0, second.pk: 0}
    # Of both, first responses and resolutions; what was opened 91 days ago was missed before.
    assert measure("support.breaches_90d") == {first.pk: 3, second.pk: 4}
    assert measure("support.first_response_open_minutes") == {first.pk: 60, second.pk: 61}
    placed = measure_segments(key)
    found = {
        member: (row.numerator, row.denominator)
        for (_, dimension, member), row in placed.items()
        if dimension == "tier"
    }
    assert found == {"strategic": (1, 2), "growth": (0, 2)}


def test_what_contracts_promise_themselves_is_counted_by_month() -> None:
    account = make_account("strategic")
    for day in (3, 25):
        answered(account, day, 61)
    an_hour()
    keep_all()
    key = "support.agreed_missed_month"
    assert measure(key) == {account.pk: 0}
    tenure = Clock.objects.values_list("tenure", flat=True).first()
    PolicyTenure.objects.filter(pk=tenure).update(agreed_by="Custom SLA of its contract")
    assert measure(key) == {account.pk: 1}
    assert measure(key, ago(4)) == {account.pk: 0}
