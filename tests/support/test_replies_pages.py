"""The answer form and the story of a ticket: by permission, without loss of what was typed, page by page."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Contact
from support.models import CsatResponse, Ticket, TicketEvent
from support.replies import context
from tests.metrics.facts import make_account
from tests.support.promises import at, happen, open_ticket
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

OPENED = "2026-11-20 15:00"


@pytest.fixture
def agent() -> Client:
    return client_of(make_user("support", name="Ann Lee", email="ann@example.com"))


@pytest.fixture
def ticket() -> Ticket:
    return open_ticket(make_account(), OPENED, status="open", requester_email="joe@acme.example")


def form_of(client: Client, ticket: Ticket, **fields: Any) -> dict[str, Any]:
    """Return the form as the page gives it, with what somebody typed."""
    form = client.get(ticket.get_absolute_url()).context["form"]
    held = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in held.items()} | fields


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_reply_stands_in_the_story_with_its_writer(agent: Client, ticket: Ticket) -> None:
    sent = form_of(agent, ticket, body="Dear Joe,\n<b>try again</b>", status="pending")
    for _ in range(2):  # A double click.
        response = agent.post(ticket.get_absolute_url(), sent)
        assert (response.status_code, response["Location"]) == (302, f"{ticket.get_absolute_url()}#story")
    page = agent.get(ticket.get_absolute_url())
    told = text(page)
    assert told.count("Ann Lee replied to the customer") == 1
    assert "Ann Lee changed the status to waiting for the customer" in told
    assert "&lt;b&gt;try again&lt;/b&gt;" in page.content.decode()
    assert TicketEvent.objects.count() == 2


def test_what_was_typed_is_kept_when_somebody_answered_meanwhile(agent: Client, ticket: Ticket) -> None:
    sent = form_of(agent, ticket, body="Mine")
    happen(ticket, "agent_reply", "2026-11-20 15:30", "ben@example.com")
    refused = agent.post(ticket.get_absolute_url(), sent)
    assert refused.status_code == 422
    assert "ben@example.com answered meanwhile" in text(refused)
    form = refused.context["form"]
    again = {name: form[name].value() for name in form.fields}
    assert again["body"] == "Mine"
    assert agent.post(ticket.get_absolute_url(), again).status_code == 302
    assert TicketEvent.objects.filter(body="Mine").count() == 1


def test_a_spoilt_form_keeps_the_text(agent: Client, ticket: Ticket) -> None:
    for spoilt in ({"key": "x"}, {"seen": "-1"}, {"seen": "9" * 30}, {"seen_status": "lost"}, {"kind": "x"}):
        refused = agent.post(ticket.get_absolute_url(), form_of(agent, ticket, body="Mine") | spoilt)
        assert refused.status_code == 422
        assert refused.context["form"]["body"].value() == "Mine"
    assert agent.post(ticket.get_absolute_url(), {}).status_code == 422
    empty = agent.post(ticket.get_absolute_url(), form_of(agent, ticket))
    assert "Write something, or choose another status or priority." in text(empty)
    assert not TicketEvent.objects.exists()


def test_who_reads_without_answering(ticket: Ticket) -> None:
    engineer = client_as("engineering")
    sent = form_of(engineer, ticket, body="Known bug")
    assert sent["kind"] == "note"
    assert engineer.post(ticket.get_absolute_url(), sent | {"kind": "agent_reply"}).status_code == 403
    assert engineer.post(ticket.get_absolute_url(), sent).status_code == 302
    assert TicketEvent.objects.get().kind == "note"
    reader = client_as("leadership")
    assert reader.get(ticket.get_absolute_url()).context["form"] is None
    assert reader.post(ticket.get_absolute_url(), sent | {"key": uuid4()}).status_code == 403
    assert client_as("finance").post(ticket.get_absolute_url(), sent).status_code == 403
    assert client_as("finance").get(reverse("support:ticket_story", args=[ticket.pk])).status_code == 403


def test_the_whole_story_is_paged_and_comes_as_a_file(agent: Client, ticket: Ticket) -> None:
    TicketEvent.objects.bulk_create(
        TicketEvent(ticket=ticket, kind="note", occurred_at=at("2026-11-20 16:00"), body=f"Note {number}.")
        for number in range(130)
    )
    url = reverse("support:ticket_story", args=[ticket.pk])
    assert agent.get(ticket.get_absolute_url()).context["has_more_events"]
    first = agent.get(url)
    second = agent.get(url + first.context["page"].next_url)
    found = re.findall(r"Note \d+\.", text(first)) + re.findall(r"Note \d+\.", text(second))
    assert (len(found), len(set(found))) == (130, 130)
    assert "opened the ticket" not in text(first)
    assert "opened the ticket" in text(second)
    file = b"".join(agent.get(f"{url}?export=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert len(file.strip().splitlines()) == 131


def test_beside_a_ticket_stand_who_asked_and_tickets_like_it(agent: Client, ticket: Ticket) -> None:
    account = ticket.account
    Ticket.objects.filter(pk=ticket.pk).update(subject="The export of invoices to Excel fails")
    Contact.objects.create(account=account, name="Joe Doe", email="joe@acme.example", role="champion")
    alike = open_ticket(account, "2026-10-01 10:00", solved_at=at("2026-10-02 10:00"))
    Ticket.objects.filter(pk=alike.pk).update(subject="Exports: an invoice failed in the night")
    open_ticket(make_account(), OPENED, requester_email="joe@acme.example")
    Ticket.objects.exclude(account=account).update(subject="The export of invoices to Excel fails")
    CsatResponse.objects.create(account=account, ticket=alike, rating=2, comment="Slow", asked_at=at(OPENED))
    told = text(agent.get(ticket.get_absolute_url()))
    assert "Joe Doe" in told
    assert "Champion" in told
    assert "3 words in common: export, fails, invoices" in told
    assert told.count("in common:") == 1
    assert "rated 2 of 5" in told
    assert "Rated 2 of 5: “Slow”" in told
    # Who asked wrote to another account too, which is none of this one's.
    assert "Their first ticket" in told
    happen(ticket, "note", "2026-11-20 15:20")
    TicketEvent.objects.update(body="Said and taken back", deleted_at=at("2026-11-20 15:30"))
    assert "Said and taken back" not in text(agent.get(ticket.get_absolute_url()))


def test_a_card_that_fails_leaves_the_page_standing(
    agent: Client, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "load_statement", lambda *args, **fields: 1 / 0)
    told = text(agent.get(ticket.get_absolute_url()))
    assert "This panel could not be loaded" in told
    assert "A year of this account" in told


def test_a_busy_ticket_costs_no_more_queries(agent: Client, ticket: Ticket) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert agent.get(ticket.get_absolute_url()).status_code == 200
        return len(queries)

    Ticket.objects.filter(pk=ticket.pk).update(subject="The export of invoices fails")
    happen(ticket, "agent_reply", "2026-11-20 15:10")
    cost()
    quiet = cost()
    for number in range(12):
        happen(ticket, "customer_reply", f"2026-11-20 16:{number + 10}", f"p{number}@acme.example")
        other = open_ticket(ticket.account, OPENED)
        Ticket.objects.filter(pk=other.pk).update(subject="Export of invoices")
        CsatResponse.objects.create(account=ticket.account, ticket=other, rating=3, asked_at=at(OPENED))
    # The list of tickets alike isn't empty any more: one query for its rows.
    assert cost() <= quiet + 1
