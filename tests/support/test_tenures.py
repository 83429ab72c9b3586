"""What is promised to an account from when on, and what a ticket of it is held to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F
from django.utils import timezone

from accounts.models import Account, Tier, TierTenure
from people.models import Category
from support.calendars.services import write_hours
from support.calendars.terms import terms_of
from support.clocks.keeping import keep_clocks
from support.models import BusinessCalendar, CalendarVersion, ClockEntry, PolicyTenure
from support.policies.tenures import review_tenures
from tests.metrics.facts import make_account
from tests.support.promises import (
    EVERYONE,
    at,
    clock,
    keep,
    lines,
    make_calendar,
    mark,
    open_ticket,
    publish_policies,
)
from tiers.entitlements.registry import Clause, ContractSource, contract_sources

pytestmark = pytest.mark.django_db

OPENED = "2026-11-16 09:00"
ENERGY: dict[str, Any] = {"field": "accounts.industry", "op": "eq", "value": "Energy"}


def tier(slug: str) -> Tier:
    return Tier.objects.get(slug=slug)


def agree(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """Let the contracts of every account in energy say when they are first answered."""
    source = ContractSource(
        key="first_response",
        category=Category.ACCOUNT_PROFILE,
        query=lambda day: Account.objects.filter(industry="Energy").values(account_id=F("pk")),
        value=lambda row: minutes,
        clause=lambda row: Clause(words="Contract C-1"),
    )
    monkeypatch.setitem(contract_sources._items, "first_response", source)


def test_of_several_policies_the_first_that_fits_counts() -> None:
    publish_policies(
        {"name": "Energy", "condition": ENERGY, "cells": [("first_response", "normal", "", 11)]},
        {"name": "Others", "condition": EVERYONE, "cells": [("first_response", "normal", "", 22)]},
    )
    tickets = [open_ticket(make_account(industry=name), OPENED) for name in ("Energy", "Mining")]
    keep(OPENED)
    assert [clock(ticket).minutes for ticket in tickets] == [11, 22]


def test_a_cell_of_the_tier_goes_before_that_of_any() -> None:
    cells = [("resolution", "normal", "", 90), ("resolution", "normal", "growth", 60)]
    publish_policies({"cells": [*cells, ("resolution", "normal", "standard", None)]})
    tickets = [open_ticket(make_account(slug), OPENED) for slug in ("growth", "enterprise", "standard")]
    keep(OPENED)
    # What standard is entitled to as first response is a day.
    assert [clock(ticket, "resolution").minutes for ticket in tickets] == [60, 90, 1440]


def test_what_a_contract_says_goes_before_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    agree(monkeypatch, 7)
    publish_policies({"cells": [("first_response", "urgent", "", 60), ("resolution", "normal", "", 90)]})
    ticket = open_ticket(make_account("standard", industry="Energy"), OPENED)
    keep(OPENED)
    assert (clock(ticket).minutes, clock(ticket, "resolution").minutes) == (7, 90)
    assert PolicyTenure.objects.get(account=ticket.account).agreed_by == "Contract C-1"


@pytest.mark.parametrize(
    ("kind", "slug", "due"),
    [
        ("entitled", "strategic", "2026-11-20 18:00"),
        ("entitled", "standard", "2026-11-23 10:00"),
        ("24x7", "standard", "2026-11-20 18:00"),
        ("calendar", "strategic", "2026-11-21 08:00"),
    ],
)
def test_time_runs_as_the_policy_or_the_entitlement_says(kind: str, slug: str, due: str) -> None:
    early = make_calendar(6, 16, weekdays=range(7)) if kind == "calendar" else None
    publish_policies({"clock": kind, "calendar": early, "cells": [("first_response", "normal", "", 120)]})
    ticket = open_ticket(make_account(slug), "2026-11-20 16:00")
    keep("2026-11-20 16:00")
    assert clock(ticket).due_at == at(due)


def test_an_account_without_a_promise_yet_gets_one_for_each_tier_that_it_had() -> None:
    account = make_account("strategic")
    for slug, first, last in (
        ("standard", None, date(2026, 11, 17)),
        ("enterprise", date(2026, 11, 17), date(2026, 11, 19)),
        ("strategic", date(2026, 11, 19), None),
    ):
        TierTenure.objects.create(
            account=account, tier=tier(slug), during=DateRange(first, last), cause="import"
        )
    publish_policies(
        {
            "cells": [
                ("resolution", "normal", "standard", 6000),
                ("resolution", "normal", "enterprise", 5000),
                ("resolution", "normal", "strategic", 4000),
            ]
        }
    )
    held = PolicyTenure.objects.filter(account=account).order_by("pk")
    assert list(held.values_list("since", "tier__slug")) == [
        (None, "standard"),
        (at("2026-11-17 00:00"), "enterprise"),
        (at("2026-11-19 00:00"), "strategic"),
    ]
    ticket = open_ticket(account, OPENED)
    keep("2026-11-18 10:00")
    assert clock(ticket, "resolution").minutes == 5000
    mark(ticket)
    keep("2026-11-19 09:00")
    assert clock(ticket, "resolution").minutes == 4000
    recomputed = ClockEntry.objects.filter(ticket=ticket, kind="recompute").order_by("position")
    assert list(recomputed.values_list("at", "cause", "cause_id")) == [
        (row.since, "promise", row.pk) for row in held[1:]
    ]


@pytest.mark.parametrize(("industry", "minutes"), [("Mining", [1440, 30]), ("Energy", [7, 7])])
def test_each_tier_that_an_account_had_entitled_it_to_its_own_and_a_contract_to_what_it_says(
    industry: str, minutes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(monkeypatch, 7)
    account = make_account("strategic", industry=industry)
    for slug, first, last in (
        ("standard", date(2026, 11, 10), date(2026, 11, 17)),
        ("strategic", date(2026, 11, 17), None),
    ):
        TierTenure.objects.create(
            account=account, tier=tier(slug), during=DateRange(first, last), cause="import"
        )
    publish_policies({"cells": [("first_response", "normal", "", None)]})
    held = PolicyTenure.objects.filter(account=account).order_by("pk")
    assert list(held.values_list("entitled_minutes", flat=True)) == minutes
    # The first tier counts for all time before it was given too.
    ticket = open_ticket(account, "2026-11-02 09:00")
    keep("2026-11-02 09:00")
    assert clock(ticket).minutes == minutes[0]


def test_other_hours_count_from_when_they_were_written() -> None:
    calendar = make_calendar()
    publish_policies(
        {"clock": "calendar", "calendar": calendar, "cells": [("resolution", "normal", "", 2400)]}
    )
    CalendarVersion.objects.filter(calendar=calendar).update(created_at=at("2026-01-01 00:00"))
    now = timezone.now().replace(second=0, microsecond=0)
    ticket = open_ticket(make_account(), f"{now - timedelta(days=1):%Y-%m-%d %H:%M}")
    keep_clocks()
    before = clock(ticket, "resolution").due_at
    version = CalendarVersion.objects.get(calendar=calendar)
    moved = replace(terms_of(version), zone="America/New_York")
    write_hours(calendar=calendar, terms=moved, starts_on=timezone.now().date(), by=None)
    mark(ticket)
    keep_clocks()
    after = clock(ticket, "resolution").due_at
    assert before != after
    assert [kind for _, kind in lines(ticket, "resolution")][:2] == ["start", "recompute"]
    assert ClockEntry.objects.get(ticket=ticket, kind="recompute").cause == "calendar"


def test_the_default_calendar_is_what_counts_as_business_hours() -> None:
    cells = [("first_response", "normal", "", 60)]
    publish_policies({"clock": "entitled", "cells": cells})
    account = make_account("standard")
    ticket = open_ticket(account, OPENED)
    keep(OPENED)
    default = BusinessCalendar.objects.get(is_default=True)
    assert PolicyTenure.objects.get(account=account).calendar == default
    BusinessCalendar.objects.filter(pk=default.pk).update(is_default=False)
    other = make_calendar()
    BusinessCalendar.objects.filter(pk=other.pk).update(is_default=True)
    assert review_tenures([account.pk]) == 1
    assert PolicyTenure.objects.filter(account=account).latest("pk").calendar == other
    assert ClockEntry.objects.filter(ticket=ticket).count() == 1


def test_accounts_that_are_gone_are_promised_nothing_new() -> None:
    account = make_account("standard")
    assert review_tenures() == 1
    Account.objects.filter(pk=account.pk).update(deleted_at=timezone.now(), tier=tier("strategic"))
    assert review_tenures() == 0
