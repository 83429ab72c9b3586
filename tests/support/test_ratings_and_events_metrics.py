"""Numbers made of ratings and of what happened to tickets, as of a day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from support.models import CsatResponse
from tests.metrics.facts import (
    TODAY,
    ago,
    at,
    make_account,
    make_event,
    make_line,
    make_rating,
    make_ticket,
    measure,
    measure_segments,
)

pytestmark = pytest.mark.django_db


def test_csat_is_the_share_of_4_and_5_among_those_who_rated() -> None:
    account, silent = make_account(), make_account()
    for rating in (5, 4, 3, 1, None):
        make_rating(account, ago(5), rating)
    make_rating(silent, ago(5), None)
    assert measure("support.csat") == {account.pk: Decimal("0.5")}
    assert measure("support.csat_ratings") == {account.pk: 4, silent.pk: 0}


def test_a_rating_counts_for_90_days_from_when_it_was_given() -> None:
    account = make_account()
    make_rating(account, ago(100), 5, responded_at=at(ago(89)))
    make_rating(account, ago(90), 1)
    assert measure("support.csat") == {account.pk: 1}
    assert measure("support.csat", ago(89) - timedelta(days=1)) == {account.pk: 0}
    CsatResponse.objects.filter(rating=5).update(deleted_at=at(TODAY))
    assert measure("support.csat") == {}


def test_csat_of_segments_sums_ratings_not_accounts() -> None:
    big, small = make_account(industry="Retail"), make_account(industry="Retail")
    for rating in (5, 5, 5):
        make_rating(big, ago(1), rating)
    make_rating(small, ago(1), 3)
    row = measure_segments("support.csat")["support.csat", "industry", "Retail"]
    assert (row.value, row.numerator, row.denominator, row.accounts) == (Decimal("0.75"), 3, 4, 2)


def test_the_reopen_rate_counts_each_ticket_solved_once() -> None:
    account = make_account()
    bad, good, old = (make_ticket(account, ago(120)) for _ in range(3))
    for days, value, before in ((40, "solved", "open"), (39, "open", "solved"), (38, "solved", "open")):
        make_event(bad, ago(days), "status", value, before)
    make_event(good, ago(35), "status", "open", "solved")  # before it was solved in these 90 days
    make_event(good, ago(30), "status", "solved", "open")
    make_event(good, ago(25), "status", "closed", "solved")
    make_event(old, ago(100), "status", "solved", "open")
    make_event(old, ago(10), "status", "open", "solved")
    assert measure("support.reopen_rate") == {account.pk: Decimal("0.5")}
    assert measure("support.reopen_rate", ago(40)) == {account.pk: 0}


def test_what_was_opened_again_both_before_and_after_its_solution_came_back() -> None:
    account = make_account()
    ticket = make_ticket(account, ago(120))
    make_event(ticket, ago(100), "status", "solved", "open")
    make_event(ticket, ago(50), "status", "open", "solved")
    make_event(ticket, ago(40), "status", "solved", "open")
    assert measure("support.reopen_rate") == {account.pk: 0}
    make_event(ticket, ago(30), "status", "open", "solved")
    assert measure("support.reopen_rate") == {account.pk: 1}


def test_escalations_are_tickets_that_became_urgent() -> None:
    account, calm = make_account(), make_account()
    ticket, born = make_ticket(account, ago(50)), make_ticket(account, ago(50), priority="urgent")
    for days in (20, 10):
        make_event(ticket, ago(days), "priority", "urgent", "normal")
    make_event(born, ago(50), "priority", "urgent")
    make_event(born, ago(40), "priority", "urgent", "urgent")
    make_event(make_ticket(account, ago(120)), ago(95), "priority", "urgent", "high")
    assert measure("support.escalations_90d") == {account.pk: 1, calm.pk: 0}
    assert measure("support.escalations_90d", ago(130)) == {}


def test_tickets_are_set_against_seats() -> None:
    account, without = make_account(), make_account()
    make_line(account, ago(100), quantity=40, is_per_seat=True)
    make_line(account, ago(100), quantity=25, is_per_seat=True, product="Module")
    make_line(account, ago(100), quantity=900, product="Premium support")
    make_line(without, ago(100), quantity=30, product="Premium support")
    for days in (1, 2, 200):
        make_ticket(account, ago(days))
        make_ticket(without, ago(days))
    measure("support.tickets_90d")
    assert measure("finance.seats") == {account.pk: 40}
    assert measure("support.tickets_per_100_seats") == {account.pk: 5}


def test_seats_are_those_of_lines_running_on_the_day() -> None:
    account = make_account()
    make_line(account, ago(100), ago(50), quantity=10, is_per_seat=True)
    make_line(account, ago(50), quantity=15)  # made by an amendment that says nothing of seats
    make_line(account, ago(50), quantity=5, is_trial=True, is_per_seat=True)
    make_line(account, ago(50), quantity=99, period="one_off", is_per_seat=True)
    assert measure("finance.seats") == {account.pk: 15}
    assert measure("finance.seats", ago(60)) == {account.pk: 10}
    assert measure("finance.seats", ago(200)) == {}
