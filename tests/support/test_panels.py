"""What a past day shows of tickets: as they stood then, or a word that says it is later."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.lenses import panels
from people.access import access_of
from tests.metrics.facts import ago, at, make_account, make_ticket
from tests.users import client_as

pytestmark = pytest.mark.django_db


def shown(back: int) -> list[dict[str, Any]]:
    account = make_account()
    make_ticket(
        account, ago(20), ago(5), status="closed", first_replied_at=at(ago(10)), product_area="solved"
    )
    make_ticket(account, ago(15), status="on_hold", product_area="waits")
    found = panels["support.open_tickets"].load_for(account, ago(back), access_of("support"))["tickets"]
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
