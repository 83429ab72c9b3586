"""What is written on a ticket here: recorded once, told to the help desk, and one with what the help desk repeats."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from people.models import User
from people.services import change_access
from support.clocks.keeping import keep_clocks
from support.models import Clock, ClockEntry, QueuePlace, Ticket, TicketEvent
from support.replies.services import Answer, Recorded, record_answer
from support.replies.story import ORDER, entries_of, sources_of, story_of, waiting_of
from sync.models import Batch, Change, Link, OutboxEvent
from tests.support.promises import mark, publish_policies
from tests.sync.conftest import Api, make_api
from tests.users import make_user

pytestmark = pytest.mark.django_db


def ago(**span: float) -> str:
    """Return a moment in the past as a client sends it."""
    return (timezone.now() - timedelta(**span)).isoformat()


@pytest.fixture
def desk() -> Api:
    """The help desk, with an account and a ticket that waits for an answer."""
    api = make_api("zendesk")
    api.bulk("accounts", [{"external_id": "a", "name": "Acme", "lifecycle": "customer"}])
    api.bulk(
        "tickets",
        [
            {
                "external_id": "t",
                "account": "a",
                "subject": "No export",
                "status": "open",
                "priority": "normal",
                "opened_at": ago(hours=2),
                "first_replied_at": None,
                "solved_at": None,
                "source_updated_at": ago(hours=2),
            }
        ],
    )
    return api


@pytest.fixture
def ticket(desk: Api) -> Ticket:
    return Ticket.objects.get()


@pytest.fixture
def agent() -> User:
    return make_user("support", name="Ann Lee", email="ann@example.com")


def answer(ticket: Ticket, **fields: Any) -> Answer:
    """Return an answer of somebody who saw all that there is now."""
    ticket.refresh_from_db()
    newest = TicketEvent.objects.filter(ticket=ticket).order_by("-pk").first()
    said: dict[str, Any] = {
        "kind": "agent_reply",
        "body": "Try again now.",
        "status": ticket.status,
        "priority": ticket.priority,
        "key": uuid4(),
        "seen": newest.pk if newest else 0,
        "seen_status": ticket.status,
        "seen_priority": ticket.priority,
    }
    return Answer(**(said | fields))


def record(ticket: Ticket, by: User, **fields: Any) -> Recorded:
    """Record an answer of somebody who saw all."""
    return record_answer(ticket=ticket, answer=answer(ticket, **fields), by=by)


def events(ticket: Ticket) -> list[tuple[str, str, str]]:
    """Return kind, value and body of the events that stand, in the order in which they came."""
    rows = TicketEvent.objects.filter(ticket=ticket, deleted_at=None).order_by("pk")
    return [(row.kind, row.value, row.body) for row in rows]


def echo(ticket: Ticket, kind: str = "agent_reply", **fields: Any) -> dict[str, Any]:
    """Return what the help desk sends once it has taken over the newest event of a kind."""
    held = TicketEvent.objects.filter(ticket=ticket, kind=kind).latest("pk")
    return {
        "external_id": f"z-{kind}",
        "ticket": "t",
        "kind": kind,
        "occurred_at": (held.occurred_at + timedelta(seconds=40)).isoformat(),
        "echo_of": held.echo_of,
        "author_email": held.author_email,
        "body": held.body,
        "value": held.value,
    } | fields


def keep_in(ticket: Ticket, *, minutes: int) -> None:
    """Tell the ledger of a ticket as in some minutes."""
    mark(ticket)
    keep_clocks(now=timezone.now() + timedelta(minutes=minutes))


def first_response(ticket: Ticket) -> Clock:
    keep_clocks()
    return Clock.objects.get(ticket=ticket, metric="first_response")


def test_a_reply_stops_the_first_response_and_a_note_does_not(ticket: Ticket, agent: User) -> None:
    publish_policies({"cells": [("first_response", "normal", "", 60_000)]})
    record(ticket, agent, kind="note", body="Looks like last week.")
    assert first_response(ticket).state == "running"
    ticket.refresh_from_db()
    assert ticket.first_replied_at is None
    record(ticket, agent)
    assert first_response(ticket).state == "met"
    ticket.refresh_from_db()
    reply = TicketEvent.objects.get(kind="agent_reply")
    assert (ticket.first_replied_at, reply.body, reply.author_email) == (
        reply.occurred_at,
        "Try again now.",
        "ann@example.com",
    )
    assert Batch.objects.filter(resource="ticket-events", by=agent).count() == 2


def test_an_answer_may_change_status_and_priority_with_it(ticket: Ticket, agent: User) -> None:
    done = record(ticket, agent, status="solved", priority="high")
    assert done == Recorded(("agent_reply", "status", "priority"))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority) == ("solved", "high")
    assert ticket.solved_at is not None
    assert events(ticket) == [
        ("agent_reply", "", "Try again now."),
        ("status", "solved", ""),
        ("priority", "high", ""),
    ]
    record(ticket, agent, body="", status="open")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.solved_at) == ("open", None)


def test_the_same_form_is_recorded_once(ticket: Ticket, agent: User) -> None:
    sent = answer(ticket, status="pending")
    first = record_answer(ticket=ticket, answer=sent, by=agent)
    again = record_answer(ticket=ticket, answer=sent, by=agent)
    assert (first.is_repeat, again.is_repeat, set(again.kinds)) == (False, True, set(first.kinds))
    assert len(events(ticket)) == 2
    assert OutboxEvent.objects.filter(kind="ticket.recorded").count() == 2
    other = answer(ticket, key=sent.key, body="Something else.")
    with pytest.raises(ValidationError, match="with other words"):
        record_answer(ticket=ticket, answer=other, by=agent)


def test_a_form_of_which_somebody_else_did_a_part_is_recorded_once_too(ticket: Ticket, agent: User) -> None:
    sent = answer(ticket, status="pending")
    record(ticket, make_user("support"), body="", status="pending")
    first = record_answer(ticket=ticket, answer=sent, by=agent)
    again = record_answer(ticket=ticket, answer=sent, by=agent)
    assert (first.kinds, again.is_repeat, again.kinds) == (("agent_reply",), True, ("agent_reply",))
    assert [row[0] for row in events(ticket)] == ["status", "agent_reply"]


def test_what_stands_so_already_is_said_and_not_refused(ticket: Ticket, agent: User) -> None:
    sent = answer(ticket, body="", status="pending")
    record(ticket, make_user("support"), body="", status="pending")
    assert record_answer(ticket=ticket, answer=sent, by=agent) == Recorded(())
    assert len(events(ticket)) == 1


def test_of_two_who_answer_at_once_the_second_is_told(ticket: Ticket, agent: User) -> None:
    mine = answer(ticket, body="Mine")
    record(ticket, make_user("support", name="Ben", email="ben@example.com"), body="His", status="pending")
    with pytest.raises(ValidationError, match="Ben answered meanwhile"):
        record_answer(ticket=ticket, answer=mine, by=agent)
    late = answer(ticket, body="", status="solved", seen_status="open")
    with pytest.raises(ValidationError, match="became waiting for the customer meanwhile") as refused:
        record_answer(ticket=ticket, answer=late, by=agent)
    assert set(refused.value.error_dict) == {"status"}
    # A note needs no answer.
    record_answer(ticket=ticket, answer=answer(ticket, kind="note", body="Seen", seen=0), by=agent)
    assert [row[2] for row in events(ticket)] == ["His", "", "Seen"]


def test_what_cannot_be_recorded_names_the_field(ticket: Ticket, agent: User) -> None:
    for fields, name in (
        ({"body": " \n "}, "body"),
        ({"body": "x" * 20_001}, "body"),
        ({"body": "a\x00b"}, "body"),
        ({"kind": "customer_reply"}, "kind"),
        ({"status": "closed"}, "status"),
        ({"priority": "asap"}, "priority"),
    ):
        with pytest.raises(ValidationError) as refused:
            record(ticket, agent, **fields)
        assert set(refused.value.error_dict) == {name}
    assert events(ticket) == []


def test_a_closed_ticket_takes_notes_only(desk: Api, ticket: Ticket, agent: User) -> None:
    desk.bulk("tickets", [{"external_id": "t", "status": "closed", "solved_at": ago(hours=1)}])
    with pytest.raises(ValidationError, match="closed this ticket"):
        record(ticket, agent)
    record(ticket, agent, kind="note")
    assert [row[0] for row in events(ticket)] == ["note"]


def test_who_may_write_what(ticket: Ticket, agent: User) -> None:
    engineer = make_user("engineering")
    record(ticket, engineer, kind="note")
    for fields in ({}, {"kind": "note", "status": "solved"}):
        with pytest.raises(PermissionDenied, match="for support, customer success and RevOps"):
            record(ticket, engineer, **fields)
    for function in ("finance", "sales"):
        with pytest.raises(PermissionDenied, match="Notes on tickets"):
            record(ticket, make_user(function), kind="note")
    change_access(levels={("support", "support_history"): "totals"})
    with pytest.raises(PermissionDenied):
        record(ticket, agent, kind="note")


def test_what_is_recorded_is_told_and_read_by_the_api(desk: Api, ticket: Ticket, agent: User) -> None:
    key = UUID(int=7)
    record(ticket, agent, key=key, status="pending")
    told = OutboxEvent.objects.filter(kind="ticket.recorded").order_by("pk").first()
    assert told is not None
    assert told.data["ticket"]["external_ids"] == [{"source": "zendesk", "external_id": "t"}]
    assert told.data["event"]["external_id"] == f"{key.hex}-agent_reply"
    assert told.guards == {"ticket": "support_history", "event": "support_history"}
    read = desk.get(f"ticket-events/abe/{key.hex}-agent_reply/")
    assert (read["body"], read["echo_of"]) == ("Try again now.", f"{key.hex}-agent_reply")
    assert Change.objects.filter(resource="tickets", source__slug="abe").count() == 1


def test_the_help_desk_s_repetition_is_the_same_event(desk: Api, ticket: Ticket, agent: User) -> None:
    record(ticket, agent)
    held = TicketEvent.objects.get()
    [result] = desk.bulk("ticket-events", [echo(ticket)])["results"]
    assert (result["status"], result["id"]) == ("updated", str(held.pk))
    # Both have a say: when it was written stands as it was written here.
    again = TicketEvent.objects.get()
    assert (again.occurred_at, again.body) == (held.occurred_at, "Try again now.")
    names = {(link.source.slug, link.object_id) for link in Link.objects.filter(resource="ticket-events")}
    assert names == {("abe", held.pk), ("zendesk", held.pk)}
    assert desk.statuses("ticket-events", [echo(ticket)]) == ["unchanged"]
    # What the help desk takes out of a text is out.
    desk.bulk("ticket-events", [echo(ticket, body="Try [removed] now.")])
    assert TicketEvent.objects.get().body == "Try [removed] now."


def test_repetitions_come_in_any_order(desk: Api, ticket: Ticket, agent: User) -> None:
    record(ticket, agent, status="pending")
    late = echo(ticket)
    record(ticket, agent, body="And one more.")
    newer = echo(ticket, external_id="z-2")
    status = echo(ticket, "status")
    assert desk.statuses("ticket-events", [newer, status]) == ["updated", "updated"]
    assert desk.statuses("ticket-events", [late]) == ["updated"]
    assert [row[0] for row in events(ticket)] == ["agent_reply", "status", "agent_reply"]


def test_a_repetition_that_is_recognised_late_becomes_one_with_the_event(
    desk: Api, ticket: Ticket, agent: User
) -> None:
    record(ticket, agent)
    held = TicketEvent.objects.get()
    unknown = {name: value for name, value in echo(ticket).items() if name != "echo_of"}
    desk.bulk("ticket-events", [unknown])
    assert len(events(ticket)) == 2
    desk.bulk("ticket-events", [{"external_id": unknown["external_id"], "echo_of": held.echo_of}])
    assert events(ticket) == [("agent_reply", "", "Try again now.")]
    read = desk.get(f"ticket-events/zendesk/{unknown['external_id']}/")
    assert read["id"] == str(held.pk)
    assert desk.statuses("ticket-events", [unknown | {"body": "Try again."}]) == ["updated"]
    assert events(ticket) == [("agent_reply", "", "Try again.")]


def test_who_replies_after_the_customer_wrote_again_is_told(desk: Api, ticket: Ticket, agent: User) -> None:
    mine = answer(ticket)
    wrote = {"external_id": "c", "ticket": "t", "kind": "customer_reply", "occurred_at": ago(minutes=1)}
    desk.bulk("ticket-events", [wrote | {"author_email": "joe@acme.example"}])
    with pytest.raises(ValidationError, match="joe@acme.example wrote as the customer meanwhile"):
        record_answer(ticket=ticket, answer=mine, by=agent)
    record(ticket, agent)


def test_a_help_desk_whose_clock_is_ahead_can_be_answered(ticket: Ticket, agent: User) -> None:
    Ticket.objects.update(opened_at=timezone.now() + timedelta(minutes=5))
    record(ticket, agent, status="solved")
    ticket.refresh_from_db()
    assert ticket.first_replied_at == ticket.solved_at == ticket.opened_at


def test_what_the_help_desk_knows_of_the_first_reply_stands(desk: Api, ticket: Ticket, agent: User) -> None:
    desk.bulk("tickets", [{"external_id": "t", "first_replied_at": ago(hours=1)}])
    ticket.refresh_from_db()
    replied_at = ticket.first_replied_at
    record(ticket, agent)
    ticket.refresh_from_db()
    assert ticket.first_replied_at == replied_at
    # Nor is a reply the first one that comes after another, of which the ticket itself doesn't tell.
    Ticket.objects.update(first_replied_at=None)
    record(ticket, agent, body="And again.")
    ticket.refresh_from_db()
    assert ticket.first_replied_at is None


def test_a_late_repetition_is_of_the_same_ticket_and_kind_and_is_told_as_gone(
    desk: Api, ticket: Ticket, agent: User
) -> None:
    record(ticket, agent)
    held = TicketEvent.objects.get()
    desk.bulk(
        "tickets", [{"external_id": "u", "account": "a", "subject": "Other", "opened_at": ago(hours=1)}]
    )
    said = {"occurred_at": ago(minutes=1), "kind": "agent_reply", "body": "Same"}
    records = [
        said | {"external_id": "note", "ticket": "t", "kind": "note"},
        said | {"external_id": "other", "ticket": "u"},
        said | {"external_id": "same", "ticket": "t"},
    ]
    desk.bulk("ticket-events", records)
    desk.bulk(
        "ticket-events", [{"external_id": one["external_id"], "echo_of": held.echo_of} for one in records]
    )
    assert [row[0] for row in events(ticket)] == ["agent_reply", "note"]
    assert TicketEvent.objects.filter(ticket__subject="Other", deleted_at=None).exists()
    gone = Change.objects.filter(resource="ticket-events", kind=Change.Kind.DELETED)
    assert [change.object_id for change in gone] == [TicketEvent.objects.get(deleted_at__isnull=False).pk]


def test_the_story_says_what_the_help_desk_has_not_repeated_yet(
    desk: Api, ticket: Ticket, agent: User
) -> None:
    def waits() -> dict[str, str]:
        rows = list(story_of(ticket).order_by(*ORDER))
        return {one.kind: one.waits_for for one in entries_of(rows, ", ".join(sources_of(ticket)))}

    record(ticket, agent)
    record(ticket, agent, kind="note", body="Seen before.")
    assert waits() == {"agent_reply": "Zendesk", "note": "Zendesk"}
    desk.bulk("ticket-events", [echo(ticket), echo(ticket, "note", external_id="z-2", echo_of="")])
    assert waits() == {"agent_reply": "", "note": "Zendesk"}
    # Its own note came as an event of its own, and says nothing of ours.
    assert [row[0] for row in events(ticket)] == ["agent_reply", "note", "note"]


def test_what_repeats_nothing_of_ours_stays_apart_whoever_sends_it(desk: Api, ticket: Ticket) -> None:
    said = {"kind": "note", "occurred_at": ago(minutes=5), "echo_of": "4711"}
    other = make_api("hubspot")
    ours = {"ticket": {"source": "zendesk", "external_id": "t"}}
    desk.bulk("ticket-events", [said | {"external_id": "z", "ticket": "t", "body": "One"}])
    other.bulk("ticket-events", [said | ours | {"external_id": "h", "body": "Another"}])
    assert [row[2] for row in events(ticket)] == ["One", "Another"]


def resolution(ticket: Ticket) -> Clock:
    keep_clocks()
    return Clock.objects.get(ticket=ticket, metric="resolution")


def test_a_help_desk_that_sends_no_events_lets_a_clock_go_on(desk: Api, ticket: Ticket, agent: User) -> None:
    """Its word stands in the ticket alone, behind the event that was written here."""
    publish_policies({"cells": [("resolution", "normal", "", 60_000)]})
    record(ticket, agent, body="", status="pending")
    assert resolution(ticket).state == "paused"
    desk.bulk("tickets", [{"external_id": "t", "status": "pending", "source_updated_at": ago(seconds=-20)}])
    said = ago(minutes=-1)
    desk.bulk("tickets", [{"external_id": "t", "status": "open", "source_updated_at": said}])
    # It is dated ahead of now, so it counts then.
    assert resolution(ticket).state == "paused"
    keep_in(ticket, minutes=2)
    assert Clock.objects.get(ticket=ticket, metric="resolution").state == "running"
    desk.bulk("tickets", [{"external_id": "t", "status": "pending", "source_updated_at": ago(minutes=-3)}])
    desk.bulk("tickets", [{"external_id": "t", "status": "on_hold", "source_updated_at": ago(minutes=-5)}])
    keep_in(ticket, minutes=10)
    entries = ClockEntry.objects.filter(ticket=ticket, metric="resolution").order_by("position")
    assert [row.kind for row in entries] == ["start", "pause", "resume", "pause", "resume"]
    assert f"{entries[2].at:%H:%M:%S}" == f"{datetime.fromisoformat(said):%H:%M:%S}"


def test_a_ticket_solved_here_and_opened_again_over_there_runs_on(
    desk: Api, ticket: Ticket, agent: User
) -> None:
    publish_policies({"cells": [("resolution", "normal", "", 60_000)]})
    record(ticket, agent, body="", status="solved")
    assert resolution(ticket).state == "met"
    desk.bulk("tickets", [{"external_id": "t", "status": "solved", "source_updated_at": ago(seconds=-20)}])
    desk.bulk("tickets", [{"external_id": "t", "status": "open", "source_updated_at": ago(minutes=-1)}])
    keep_in(ticket, minutes=2)
    assert Clock.objects.get(ticket=ticket, metric="resolution").state == "running"
    place = QueuePlace.objects.get(ticket=ticket)
    assert (place.state, place.metric) == ("running", "resolution")
    # Solved again, it says when.
    solved = ago(minutes=-3)
    desk.bulk(
        "tickets",
        [{"external_id": "t", "status": "solved", "solved_at": solved, "source_updated_at": ago(minutes=-9)}],
    )
    keep_in(ticket, minutes=20)
    held = Clock.objects.get(ticket=ticket, metric="resolution")
    assert (held.state, held.ended_at) == ("met", datetime.fromisoformat(solved))


def test_a_priority_that_no_event_tells_counts(desk: Api, ticket: Ticket) -> None:
    publish_policies({"cells": [("resolution", "high", "", 50_000), ("resolution", "urgent", "", 40_000)]})
    desk.bulk(
        "ticket-events",
        [
            {
                "external_id": "p",
                "ticket": "t",
                "kind": "priority",
                "value": "high",
                "occurred_at": ago(hours=1),
            }
        ],
    )
    desk.bulk("tickets", [{"external_id": "t", "priority": "high", "source_updated_at": ago(hours=1)}])
    assert resolution(ticket).minutes == 50_000
    desk.bulk("tickets", [{"external_id": "t", "priority": "urgent", "source_updated_at": ago(minutes=5)}])
    held = resolution(ticket)
    assert (held.minutes, held.priority) == (40_000, "urgent")
    assert held.due_at == ticket.opened_at + timedelta(minutes=40_000)


def test_the_help_desk_has_the_last_word_on_status_and_priority(
    desk: Api, ticket: Ticket, agent: User
) -> None:
    record(ticket, agent, body="", status="pending", priority="high")
    source = ", ".join(sources_of(ticket))
    assert [(one.field, one.value, one.source) for one in waiting_of(ticket, source)] == [
        ("status", "Waiting for the customer", "Zendesk"),
        ("priority", "High", "Zendesk"),
    ]
    full = {
        "external_id": "t",
        "account": "a",
        "subject": "No export!",
        "status": "open",
        "priority": "normal",
        "solved_at": None,
        "first_replied_at": None,
        "opened_at": ago(hours=2),
    }
    # It hasn't heard of it yet, and what it says of the past comes late.
    desk.bulk("tickets", [full | {"source_updated_at": ago(minutes=-1)}])
    ticket.refresh_from_db()
    assert (ticket.subject, ticket.status, ticket.priority) == ("No export!", "pending", "high")
    # It repeats the one, and says another thing of the other.
    soon = ago(minutes=-2)
    desk.bulk("tickets", [full | {"status": "pending", "priority": "urgent", "source_updated_at": soon}])
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority) == ("pending", "urgent")
    assert waiting_of(ticket, source) == []
    desk.bulk(
        "tickets", [full | {"status": "on_hold", "priority": "low", "source_updated_at": ago(minutes=-3)}]
    )
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority) == ("on_hold", "low")


def test_an_older_word_of_the_help_desk_does_not_undo_what_was_recorded_since(
    desk: Api, ticket: Ticket, agent: User
) -> None:
    record(ticket, agent, body="", status="solved")
    desk.bulk("tickets", [{"external_id": "t", "status": "on_hold", "source_updated_at": ago(minutes=30)}])
    ticket.refresh_from_db()
    assert (ticket.status, ticket.solved_at is None) == ("solved", False)
    # Opened again over there it is open here, and solved no more.
    desk.bulk("tickets", [{"external_id": "t", "status": "open", "source_updated_at": ago(minutes=-5)}])
    ticket.refresh_from_db()
    assert (ticket.status, ticket.solved_at) == ("open", None)


def test_solved_as_repeated_without_a_time_keeps_ours(desk: Api, ticket: Ticket, agent: User) -> None:
    record(ticket, agent, body="", status="solved")
    ticket.refresh_from_db()
    solved_at = ticket.solved_at
    desk.bulk("tickets", [{"external_id": "t", "status": "solved", "source_updated_at": ago(minutes=-5)}])
    desk.bulk("tickets", [{"external_id": "t", "status": "closed", "source_updated_at": ago(minutes=-6)}])
    ticket.refresh_from_db()
    assert (ticket.status, ticket.solved_at) == ("closed", solved_at)


def test_tickets_events_and_ratings_go_round(desk: Api, ticket: Ticket) -> None:
    desk.bulk(
        "ticket-events",
        [
            {
                "external_id": "e",
                "ticket": "t",
                "kind": "customer_reply",
                "body": "Still not\nthere",
                "occurred_at": ago(hours=1),
                "author_email": "Joe@Acme.example",
            }
        ],
    )
    desk.bulk(
        "csat-responses", [{"external_id": "c", "ticket": "t", "rating": 2, "asked_at": ago(minutes=9)}]
    )
    for resource, query in (
        ("tickets", "status=open"),
        ("ticket-events", f"ticket={ticket.pk}&author_email=joe@acme.example"),
        ("csat-responses", f"ticket={ticket.pk}&rating=2"),
    ):
        page = desk.get(f"{resource}/?{query}&page_size=1")
        assert page["next_cursor"]
        again = make_api("zendesk", scopes=(f"{resource}:read",))
        assert again.call("get", f"{resource}/").status_code == 200
        assert again.call("put", f"{resource}/zendesk/x/", {}).status_code == 403
    event = desk.get("ticket-events/zendesk/e/")
    assert (event["body"], event["author_email"]) == ("Still not\nthere", "joe@acme.example")
    assert make_api("zendesk", scopes=("tickets:read",)).call("get", "ticket-events/").status_code == 403
    closed = make_api("zendesk", function="finance").call("get", "ticket-events/zendesk/e/")
    assert closed.status_code == 403
    assert b"Still" not in closed.content
    refused = desk.bulk("ticket-events", [{"external_id": "e", "body": "x" * 20_001}])["results"][0]
    assert refused["errors"][0]["field"] == "body"
