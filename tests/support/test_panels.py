"""What a past day shows of tickets: as they stood then, or a word that says it is later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.lenses import panels
from support.models import TicketEvent
from tests.metrics.facts import ago, at, make_account, make_ticket
from tests.support.promises import keep_all, make_calendar, publish_policies
from tests.users import client_as

pytestmark = pytest.mark.django_db


def shown(back: int) -> list[dict[str, Any]]:
    account = make_account()
    make_ticket(
        account, ago(20), ago(5), status="closed", first_replied_at=at(ago(10)), product_area="solved"
    )
    make_ticket(account, ago(15), status="on_hold", product_area="waits")
    found = panels["support.open_tickets"].load(account, ago(back))["tickets"]
    return list(found)


def test_a_ticket_solved_later_is_not_shown_as_closed_while_it_was_open() -> None:
    assert [(row["area"], row["status"]) for row in shown(12)] == [
        ("Solved", "Solved since"),
        ("Waits", "On hold"),
    ]


def test_a_ticket_solved_by_now_is_gone() -> None:
    assert [(row["area"], row["status"]) for row in shown(0)] == [("Waits", "On hold")]


@pytest.mark.parametrize(("back", "is_answered"), [(12, False), (8, True)])
def test_an_answer_that_came_later_is_not_shown_on_the_first_screen(back: int, is_answered: bool) -> None:
    shown(0)
    page = client_as("support").get(
        reverse("home_panel", args=["support.oldest_tickets"]), {"as_of": ago(back).isoformat()}
    )
    first = page.context["card"].data["tickets"][0]
    assert (first["first_replied_at"] is not None) is is_answered


@pytest.mark.parametrize(("back", "status", "is_late"), [(1, "10 h left", False), (0, "Late for 14 h", True)])
def test_a_ticket_says_by_which_hours_its_clock_is_due_and_how_long_is_left(
    back: int, status: str, is_late: bool
) -> None:
    calendar = make_calendar()
    publish_policies(
        {
            "name": "All",
            "clock": "calendar",
            "calendar": calendar,
            "cells": [("first_response", "high", "", 120)],
        }
    )
    account = make_account()
    ticket = make_ticket(account, ago(1), opened_at=at(ago(1), 16), priority="high")
    keep_all()
    (row,) = panels["support.open_tickets"].load(account, ago(back))["tickets"]
    answer = row["clock"]
    assert (answer.due_at, answer.hours) == (at(ago(0), 10), f"in the hours of {calendar}")
    assert (answer.status, answer.is_late) == (status, is_late)
    assert "by policy “All”" in answer.promise
    shown = client_as("support").get(
        reverse("home_panel", args=["support.oldest_tickets"]), {"as_of": ago(back).isoformat()}
    )
    words = " ".join(shown.content.decode().split())
    assert status in words
    assert f"in the hours of {calendar}" in words
    assert ticket.get_absolute_url() in words


def test_a_ticket_to_which_nothing_is_promised_shows_no_clock_and_one_not_told_yet_none_either() -> None:
    account = make_account()
    publish_policies({"cells": [("first_response", "urgent", "", 60)]})
    make_ticket(account, ago(1), priority="urgent")
    keep_all()
    publish_policies({"cells": []})
    keep_all()
    make_ticket(account, ago(0), priority="urgent")
    first, second = panels["support.open_tickets"].load(account, timezone.now().date())["tickets"]
    assert (first["clock"], second["clock"]) == (None, None)


def test_the_clock_with_the_least_time_left_is_shown_and_orders_the_tickets() -> None:
    cells = [("first_response", "urgent", "", 600), ("resolution", "urgent", "", 60 * 24 * 30)]
    publish_policies({"name": "All", "clock": "24x7", "cells": cells})
    account = make_account()
    now = timezone.now()
    make_ticket(account, ago(9), opened_at=now - timedelta(days=9), priority="normal", product_area="idle")
    answered = make_ticket(
        account, ago(2), opened_at=now - timedelta(days=2), priority="urgent", product_area="answered"
    )
    TicketEvent.objects.create(
        ticket=answered, kind="agent_reply", occurred_at=now - timedelta(days=2) + timedelta(minutes=9)
    )
    make_ticket(account, ago(0), opened_at=now, priority="urgent", product_area="new")
    keep_all()
    data = panels["support.open_tickets"].load(account, now.date())
    assert [row["area"] for row in data["tickets"]] == ["New", "Answered", "Idle"]
    new, other, idle = (row["clock"] for row in data["tickets"])
    assert (new.clock, new.due_at) == ("First response", now + timedelta(minutes=600))
    assert (other.clock, other.due_at) == ("Resolution", now + timedelta(days=28))
    assert idle is None
    assert data["queue_url"] == f"{reverse('support:queue')}?account={account.pk}"
    before = panels["support.open_tickets"].load(account, now.date() - timedelta(days=1))
    assert [row["area"] for row in before["tickets"]] == ["Idle", "Answered"]
    assert before["queue_url"] == ""


def test_a_clock_that_stands_still_says_so_and_by_which_hours_it_will_run() -> None:
    publish_policies({"name": "All", "clock": "24x7", "cells": [("resolution", "urgent", "", 600)]})
    account = make_account()
    now = timezone.now()
    ticket = make_ticket(account, ago(0), opened_at=now - timedelta(hours=1), priority="urgent")
    TicketEvent.objects.create(
        ticket=ticket, kind="status", value="pending", occurred_at=now - timedelta(minutes=9)
    )
    keep_all()
    (row,) = panels["support.open_tickets"].load(account, now.date())["tickets"]
    stands = row["clock"]
    assert (stands.clock, stands.status, stands.due_at) == ("Resolution", "Paused", None)
    assert stands.hours == "around the clock"


def test_the_first_screen_lists_what_runs_out_next_without_what_is_over_or_stands_still() -> None:
    cells = [("resolution", priority, "", 600) for priority in ("urgent", "high", "low")]
    publish_policies({"name": "All", "clock": "24x7", "cells": cells})
    account = make_account()
    now = timezone.now()
    for priority, hours, status in (
        ("low", 1, "open"),
        ("high", 5, "open"),
        ("high", 30, "open"),
        ("urgent", 1, "pending"),
    ):
        ticket = make_ticket(
            account, ago(0), opened_at=now - timedelta(hours=hours), priority=priority, status=status
        )
        if status == "pending":
            TicketEvent.objects.create(
                ticket=ticket, kind="status", value=status, occurred_at=now - timedelta(minutes=9)
            )
    keep_all()
    page = client_as("support").get(reverse("home_panel", args=["support.running_out"]))
    rows = page.context["card"].data["tickets"]
    assert [row["clock"].due_at for row in rows] == [now + timedelta(hours=5), now + timedelta(hours=9)]
    assert "All in the queue" in page.content.decode()
