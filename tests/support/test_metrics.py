"""Numbers of the help desk, as of a day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from support.models import Ticket
from tests.metrics.facts import TODAY, ago, at, make_account, make_ticket, measure
from tests.support.promises import keep_all, publish_policies

pytestmark = pytest.mark.django_db


def test_open_tickets_are_those_not_solved_when_the_day_ended() -> None:
    account = make_account()
    make_ticket(account, ago(10))
    make_ticket(account, ago(10), ago(5))
    make_ticket(account, ago(2), ago(0))
    counted = {days: measure("support.open_tickets", ago(days))[account.pk] for days in (10, 5, 2, 0)}
    assert counted == {10: 2, 5: 1, 2: 2, 0: 1}


def test_customers_without_tickets_have_none_open_and_targets_no_number() -> None:
    busy, quiet, target = make_account(), make_account(), make_account(lifecycle="target")
    make_ticket(busy, ago(3))
    assert measure("support.open_tickets") == {busy.pk: 1, quiet.pk: 0}
    assert target.pk not in measure("support.tickets_30d")


def test_without_a_help_desk_nobody_has_a_number() -> None:
    make_account()
    for key in ("support.open_tickets", "support.urgent_open_tickets", "support.ticket_trend"):
        assert measure(key) == {}


def test_deleted_tickets_do_not_count() -> None:
    account = make_account()
    make_ticket(account, ago(3))
    Ticket.objects.update(deleted_at=at(TODAY))
    make_ticket(account, ago(400), ago(399))
    assert measure("support.open_tickets") == {account.pk: 0}


def test_urgent_means_the_priority_urgent() -> None:
    account = make_account()
    for priority in ("urgent", "high", "normal", "low"):
        make_ticket(account, ago(3), priority=priority)
    assert measure("support.urgent_open_tickets") == {account.pk: 1}


def test_tickets_of_30_days_begin_with_the_30th_day_back() -> None:
    account = make_account()
    make_ticket(account, ago(29))
    make_ticket(account, ago(30))
    assert measure("support.tickets_30d") == {account.pk: 1}


def test_the_trend_compares_with_the_account_s_own_norm() -> None:
    steady, rising, single = make_account(), make_account(), make_account()
    for days in range(0, 120, 10):
        make_ticket(steady, ago(days), ago(days))
    for days in (1, 2, 3, 4, 5, 40, 70, 100):
        make_ticket(rising, ago(days), ago(days))
    make_ticket(single, ago(1))
    trend = measure("support.ticket_trend")
    assert trend[steady.pk] == 1
    assert trend[rising.pk] == 3
    assert trend[single.pk] == 2


def test_the_first_response_is_the_median_of_answered_tickets() -> None:
    account = make_account()
    for minutes in (10, 30, 500):
        make_ticket(account, ago(5), first_replied_at=at(ago(5)) + timedelta(minutes=minutes))
    make_ticket(account, ago(5))
    make_ticket(account, ago(95), first_replied_at=at(ago(95)) + timedelta(minutes=1))
    assert measure("support.first_response_minutes") == {account.pk: 30}


def test_a_reply_after_the_day_is_not_known_on_it() -> None:
    account = make_account()
    make_ticket(account, ago(5), first_replied_at=at(ago(1)))
    assert measure("support.first_response_minutes", ago(2)) == {}


@pytest.mark.parametrize(
    ("tier", "minutes", "is_late"),
    [
        ("strategic", 29, False),
        ("strategic", 31, True),
        ("enterprise", 119, False),
        ("enterprise", 121, True),
        # 24 hours of business: from noon on Tuesday until noon on Friday.
        (None, 60 * 71, False),
        (None, 60 * 73, True),
    ],
)
def test_an_urgent_ticket_is_late_when_the_tier_s_target_passed_unanswered(
    tier: str | None, minutes: int, is_late: bool
) -> None:
    account = make_account(tier)
    replied = at(ago(3)) + timedelta(minutes=minutes)
    make_ticket(account, ago(3), priority="urgent", first_replied_at=replied)
    keep_all()
    assert measure("support.late_urgent_tickets") == {account.pk: Decimal(is_late)}


def test_a_ticket_whose_target_lies_ahead_is_not_late() -> None:
    account = make_account("growth")
    make_ticket(account, TODAY, priority="urgent", opened_at=at(TODAY, 10))
    keep_all()
    assert measure("support.late_urgent_tickets") == {account.pk: 0}
    make_ticket(account, TODAY, priority="urgent", opened_at=at(TODAY, 9))
    keep_all()
    assert measure("support.late_urgent_tickets") == {account.pk: 1}


@pytest.mark.parametrize("cells", [[], [("first_response", "urgent", "", 60 * 24 * 365)]])
def test_what_was_late_by_the_target_of_its_time_stays_late_on_that_day(cells: list[Any]) -> None:
    account = make_account()
    publish_policies({"cells": [("first_response", "urgent", "", 60)]})
    make_ticket(account, ago(3), priority="urgent")
    keep_all()
    today = timezone.now().date()
    assert Ticket.objects.late_on(today).exists()
    publish_policies({"cells": cells})
    keep_all()
    assert not Ticket.objects.late_on(today).exists()
    assert Ticket.objects.late_on(ago(3)).exists()
    assert not Ticket.objects.late_on(ago(4)).exists()


def test_a_first_answer_counts_as_late_only_while_the_ticket_is_open() -> None:
    account = make_account("strategic")
    make_ticket(account, ago(5), ago(3), priority="urgent", first_replied_at=at(ago(4)))
    make_ticket(account, ago(5), priority="high")
    keep_all()
    counted = {days: measure("support.late_urgent_tickets", ago(days))[account.pk] for days in (5, 4, 3)}
    assert counted == {5: 1, 4: 1, 3: 0}
