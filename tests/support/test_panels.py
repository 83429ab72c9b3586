"""What a past day shows of tickets: as they stood then, or a word that says it is later."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.lenses import panels
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
def test_a_first_answer_says_by_which_hours_it_is_due_and_how_long_is_left(
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
    answer = row["answer"]
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


def test_a_ticket_to_which_nothing_is_promised_says_so_and_one_not_told_yet_nothing() -> None:
    account = make_account()
    publish_policies({"cells": [("first_response", "urgent", "", 60)]})
    make_ticket(account, ago(1), priority="urgent")
    keep_all()
    publish_policies({"cells": []})
    keep_all()
    make_ticket(account, ago(0), priority="urgent")
    first, second = panels["support.open_tickets"].load(account, timezone.now().date())["tickets"]
    assert (first["answer"].status, first["answer"].promise) == ("Nothing promised", "")
    assert second["answer"] is None
