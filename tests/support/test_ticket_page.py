"""A ticket's page: its clocks line by line, its story, and the account cut for whoever reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Account, Standing
from support.calendars.hours import Span
from support.calendars.services import write_hours
from support.calendars.terms import terms_of
from support.clocks.keeping import keep_clocks
from support.models import CalendarVersion, PolicyTenure, Ticket
from support.policies.tenures import review_tenures
from tests.metrics.facts import TODAY, make_account
from tests.support.promises import at, happen, keep, make_calendar, open_ticket, publish_policies
from tests.users import client_as

pytestmark = pytest.mark.django_db

OPENED = "2026-11-20 15:00"  # A Friday.


@pytest.fixture
def agent() -> Client:
    return client_as("support")


def page(client: Client, ticket: Ticket) -> str:
    """Return the text of a ticket's page, with one blank between words."""
    response = client.get(ticket.get_absolute_url())
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_each_line_says_what_and_why_and_when_it_is_due(agent: Client) -> None:
    calendar = make_calendar()
    cells = [("resolution", "normal", "", 480), ("resolution", "urgent", "", 120)]
    publish_policies({"name": "Everyone", "clock": "calendar", "calendar": calendar, "cells": cells})
    ticket = open_ticket(make_account("strategic"), OPENED)
    happen(ticket, "status", "2026-11-20 16:00", "pending")
    happen(ticket, "status", "2026-11-23 10:00", "open")
    happen(ticket, "priority", "2026-11-23 10:30", "urgent")
    keep("2026-11-23 11:00")
    told = page(agent, ticket)
    assert f"8 h in the hours of {calendar}, priority normal, Strategic tier, by policy “Everyone”" in told
    assert f"2 h in the hours of {calendar}, priority urgent, Strategic tier, by policy “Everyone”" in told
    for words in (
        "The ticket was opened",
        "The ticket waits for the customer",
        "The ticket is with us again",
        "The priority became urgent",
        "75 % of the time is used up",
        "The time ran out",
    ):
        assert words in told
    # An hour on Friday and one on Monday: the weekend and the pause don't count.
    assert "How the due time comes about" in told
    response = agent.get(f"{ticket.get_absolute_url()}?export=csv")
    lines = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert "The priority became" not in lines
    assert "the priority became urgent" in lines


def test_the_time_that_counts_adds_up_to_the_target(agent: Client) -> None:
    cells = [("resolution", "normal", "", 150)]
    publish_policies({"clock": "calendar", "calendar": make_calendar(), "cells": cells})
    ticket = open_ticket(make_account(), OPENED)
    happen(ticket, "status", "2026-11-20 16:00", "pending")
    happen(ticket, "status", "2026-11-23 10:00", "open")
    keep("2026-11-23 10:05")
    (told,) = agent.get(ticket.get_absolute_url()).context["clocks"].told
    assert [(f"{one.opens:%a %H:%M}", f"{one.closes:%a %H:%M}", one.so_far) for one in told.stretches] == [
        ("Fri 15:00", "Fri 16:00", 60),
        ("Mon 10:00", "Mon 11:30", 150),
    ]
    assert told.clock.due_at == told.stretches[-1].closes


def test_the_time_for_which_it_was_solved_does_not_count(agent: Client) -> None:
    publish_policies({"cells": [("resolution", "normal", "", 240)]})
    ticket = open_ticket(make_account(), OPENED)
    happen(ticket, "status", "2026-11-20 16:00", "solved")
    happen(ticket, "status", "2026-11-20 20:00", "open")
    keep("2026-11-20 20:05")
    (told,) = agent.get(ticket.get_absolute_url()).context["clocks"].told
    assert [(f"{one.opens:%H:%M}", f"{one.closes:%H:%M}", one.so_far) for one in told.stretches] == [
        ("15:00", "16:00", 60),
        ("20:00", "23:00", 240),
    ]


def test_hours_that_became_others_after_the_end_change_no_explanation(agent: Client) -> None:
    calendar = make_calendar()
    CalendarVersion.objects.filter(calendar=calendar).update(created_at=at("2026-01-01 00:00"))
    cells = [("first_response", "normal", "", 150)]
    publish_policies({"clock": "calendar", "calendar": calendar, "cells": cells})
    ticket = open_ticket(make_account(), OPENED)
    happen(ticket, "agent_reply", "2026-11-20 15:30")
    earlier = replace(terms_of(CalendarVersion.objects.get(calendar=calendar)), spans=(Span(0, 0, 600),))
    write_hours(calendar=calendar, terms=earlier, starts_on=date(2026, 11, 21), by=None)
    keep_clocks()
    (told,) = agent.get(ticket.get_absolute_url()).context["clocks"].told
    assert told.stretches[-1].so_far == 150
    assert told.clock.due_at == at("2026-11-23 09:30")


def test_a_change_of_what_is_promised_says_what_changed(agent: Client) -> None:
    account = make_account("standard")
    publish_policies(
        {
            "name": "Paying",
            "condition": {"field": "accounts.industry", "op": "ne", "value": "Mining"},
            "cells": [("resolution", "normal", "strategic", 60), ("resolution", "normal", "", 6000)],
        }
    )
    ticket = open_ticket(account, OPENED)
    Account.objects.filter(pk=account.pk).update(industry="Energy")
    review_tenures()
    keep(OPENED)
    Account.objects.filter(pk=account.pk).update(tier=make_account("strategic").tier)
    review_tenures()
    newest = PolicyTenure.objects.filter(account=account).latest("pk")
    assert newest.since is not None
    keep(f"{newest.since:%Y-%m-%d %H:%M:%S.%f}")
    assert "The tier became Strategic" in page(agent, ticket)
    Account.objects.filter(pk=account.pk).update(industry="Mining")
    review_tenures()
    newest = PolicyTenure.objects.filter(account=account).latest("pk")
    keep(f"{newest.since:%Y-%m-%d %H:%M:%S.%f}")
    told = page(agent, ticket)
    assert "No policy fits the account any more" in told
    assert "Nothing promised" in told


def test_finance_figures_stay_closed_to_support(agent: Client) -> None:
    account = make_account()
    Standing.objects.update_or_create(account=account, defaults={"arr": Decimal(987654), "as_of": TODAY})
    ticket = open_ticket(account, OPENED)
    assert "987" not in page(agent, ticket)
    assert "Support does not read" in page(agent, ticket)
    assert "987" in page(client_as("leadership"), ticket)


def test_who_reads_no_tickets_reads_no_ticket() -> None:
    ticket = open_ticket(make_account(), OPENED)
    response = client_as("finance").get(ticket.get_absolute_url())
    assert response.status_code == 403
    assert "support history" in response.content.decode()


@pytest.mark.parametrize("key", ["0", "987654321", "99999999999999999999999"])
def test_an_unknown_ticket_is_not_found(agent: Client, key: str) -> None:
    assert agent.get(f"/support/tickets/{key}/").status_code == 404


def test_a_ticket_without_clocks_says_why(agent: Client) -> None:
    publish_policies()
    ticket = open_ticket(make_account(), OPENED)
    assert "Its clocks are being counted." in page(agent, ticket)
    keep(OPENED)
    assert "Nothing is promised for its priority" in page(agent, ticket)


def test_other_tickets_about_the_same_area_come_first(agent: Client) -> None:
    account = make_account()
    ticket = open_ticket(account, OPENED, product_area="Billing")
    other = open_ticket(account, "2026-11-21 15:00", product_area="Reports")
    same = open_ticket(account, "2025-11-20 15:00", product_area="Billing")
    open_ticket(make_account(), OPENED, product_area="Billing")
    assert agent.get(ticket.get_absolute_url()).context["others"] == [same, other]
