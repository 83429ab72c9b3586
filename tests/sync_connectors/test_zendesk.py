"""Zendesk: exports by cursor and by time, clocks of tickets, deletions, limits with Retry-After."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.connectors.look import try_connection
from sync.models import Connection, ConnectorRun
from tests.sync_connectors.connecting import connect, held, only, pull
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.zendesk import FakeZendesk

pytestmark = pytest.mark.django_db

DAY = "2026-05-01T10:00:0{}Z"


@pytest.fixture
def desk(zendesk: FakeZendesk) -> FakeZendesk:
    for number in range(1, 6):
        zendesk.add(
            "organizations",
            number,
            DAY.format(number),
            name=f"Company {number}",
            domain_names=[f"company{number}.example", "other.example"],
        )
    zendesk.add(
        "users",
        31,
        DAY.format(1),
        role="end-user",
        active=True,
        name="Kim",
        email="Kim@c.example",
        organization_id=1,
    )
    zendesk.add(
        "users", 32, DAY.format(2), role="agent", active=True, name="Agent", email="a@ferrowick.example"
    )
    zendesk.add("users", 33, DAY.format(3), role="end-user", active=True, name="Stray", organization_id=None)
    zendesk.people = [
        {"id": 31, "email": "kim@c.example"},
        {"id": 32, "email": "a@ferrowick.example"},
    ]
    for number in range(51, 54):
        zendesk.add(
            "tickets",
            number,
            DAY.format(number - 50),
            subject=f"Question {number}",
            status="open",
            priority="high",
            created_at="2026-05-01T08:00:00Z",
            organization_id=1,
            requester_id=31,
            assignee_id=32,
            generated_timestamp=1777629600 + number,
            custom_fields=[{"id": 9001, "value": "billing"}],
        )
    zendesk.metric_sets = [
        {"ticket_id": 51, "reply_time_in_minutes": {"calendar": 25, "business": 10}, "solved_at": None}
    ]
    return zendesk


def test_organizations_users_and_tickets_come_in(desk: FakeZendesk, clock: FakeClock) -> None:
    run = pull(connect(desk), clock)
    assert (run.state, run.error) == (ConnectorRun.State.DONE, "")
    accounts = held("accounts", "zendesk")
    assert len(accounts) == 5
    assert accounts["2"].domain == "company2.example"
    assert sorted(held("contacts", "zendesk")) == ["31"]
    tickets = held("tickets", "zendesk")
    assert sorted(tickets) == ["51", "52", "53"]
    first = tickets["51"]
    assert (first.account_id, first.priority, first.status) == (accounts["1"].pk, "high", "open")
    assert (first.requester_email, first.assignee_email) == ("kim@c.example", "a@ferrowick.example")
    assert first.first_replied_at == datetime(2026, 5, 1, 8, 25, tzinfo=UTC)
    assert run.left_out == {"contact without Organization": 1}


def test_the_next_run_goes_on_from_the_cursor(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk)
    only(connection, "tickets")
    pull(connection, clock)
    desk.calls.clear()
    desk.add(
        "tickets",
        52,
        DAY.format(2),
        subject="Question 52",
        status="hold",
        priority=None,
        organization_id=1,
        created_at="2026-05-01T08:00:00Z",
        generated_timestamp=1777700000,
    )
    run = pull(connection, clock)
    assert (run.rows, run.pending + run.updated) == (1, 1)
    assert "start_time" not in desk.calls[0].query


def test_a_solved_ticket_has_its_time_and_a_reopened_one_hasnt(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk)
    desk.metric_sets.append({"ticket_id": 52, "solved_at": "2026-05-01T09:00:00Z"})
    base = {"subject": "Question", "organization_id": 1, "created_at": "2026-05-01T08:00:00Z"}
    desk.add("tickets", 52, DAY.format(9), status="solved", generated_timestamp=1777700000, **base)
    pull(connection, clock)
    ticket = held("tickets", "zendesk")["52"]
    assert ticket.solved_at == datetime(2026, 5, 1, 9, tzinfo=UTC)
    desk.add("tickets", 52, DAY.format(9), status="hold", generated_timestamp=1777800000, **base)
    pull(connection, clock)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.solved_at) == ("on_hold", None)


def test_deleted_records_are_buried(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk)
    pull(connection, clock)
    desk.add("organizations", 5, "2026-05-02T10:00:00Z", name="Company 5", deleted_at="2026-05-02T10:00:00Z")
    desk.add("users", 31, "2026-05-02T10:00:00Z", role="end-user", active=False, name="Kim")
    desk.add("tickets", 53, "2026-05-02T10:00:00Z", status="deleted", generated_timestamp=1777800000)
    run = pull(connection, clock)
    assert run.deleted == 3
    assert "5" not in held("accounts", "zendesk")
    assert held("contacts", "zendesk") == {}
    assert sorted(held("tickets", "zendesk")) == ["51", "52"]


def test_too_many_calls_wait_as_long_as_asked(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk)
    desk.interrupt("incremental/users", {"error": "TooManyRequests"}, 429, Retry_After="93")
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.WAITING
    assert connection.next_run_at is not None
    waits = connection.next_run_at - clock.now()
    assert timedelta(seconds=93) <= waits < timedelta(seconds=110)
    asked = len(desk.asked("organizations"))
    clock.pass_by(seconds=110)
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    # What was through before the limit isn't asked for again.
    assert len(desk.asked("organizations")) == asked


def test_a_short_wait_is_sat_out(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk)
    desk.interrupt("incremental/users", {"error": "TooManyRequests"}, 429, Retry_After="3")
    assert pull(connection, clock).state == ConnectorRun.State.DONE
    assert clock.slept == [3.0]


def test_a_token_that_ends_in_the_middle_is_replaced(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk, way="client_credentials", client_id="abe", client_secret=desk.secret)
    desk.interrupt("incremental/tickets", {"error": "invalid_token"}, 401)
    assert pull(connection, clock).state == ConnectorRun.State.DONE
    assert desk.issued == 2


def test_a_refused_api_token_stops(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk, token="mistyped-token")
    pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "token" in connection.remedy


def test_a_cursor_that_is_refused_starts_from_the_newest_change(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk)
    pull(connection, clock)
    target = connection.objects_pulled.get(key="tickets")
    target.cursor = {**target.cursor, "cursor": "garbled"}
    target.save()
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    assert desk.asked("incremental/tickets")[-1].one("start_time") or run.pages


def test_asking_for_the_last_minute_is_avoided(desk: FakeZendesk, clock: FakeClock) -> None:
    now = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    desk.add("organizations", 6, now, name="New", domain_names=[])
    connection = connect(desk)
    only(connection, "organizations")
    pull(connection, clock)
    assert pull(connection, clock).state == ConnectorRun.State.DONE
    assert connection.state == Connection.State.ACTIVE


def test_a_list_that_does_not_move_on_is_not_read_for_ever(desk: FakeZendesk, clock: FakeClock) -> None:
    connection = connect(desk)
    only(connection, "tickets")
    stuck = {"tickets": [], "users": [], "metric_sets": [], "after_cursor": "c1-1", "end_of_stream": False}
    for _ in range(2):
        desk.interrupt("incremental/tickets", stuck, 200)
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.WAITING
    assert "does not move on" in run.error


def test_custom_fields_are_found_page_by_page(desk: FakeZendesk, clock: FakeClock) -> None:
    desk.fields["ticket_fields"] += [
        {"id": 9001, "title": "Area", "type": "tagger", "removable": True},
        {"id": 9002, "title": "Old", "type": "text", "removable": True, "active": False},
    ]
    desk.fields["organization_fields"] = [{"id": 8, "key": "plan", "title": "Plan", "type": "text"}]
    connection = connect(desk)
    assert try_connection(connection, clock) == "Ada Admin (admin@ferrowick.example)"
    tickets = connection.objects_pulled.get(key="tickets")
    assert [field["name"] for field in tickets.schema] == ["custom_fields.9001"]
    organizations = connection.objects_pulled.get(key="organizations")
    assert [field["name"] for field in organizations.schema] == ["organization_fields.plan"]
    tickets.mapping["tickets"].append({"source": "custom_fields.9001", "target": "product_area"})
    tickets.save()
    pull(connection, clock)
    assert held("tickets", "zendesk")["51"].product_area == "billing"


def test_someone_who_may_not_export_is_told_at_the_test(desk: FakeZendesk, clock: FakeClock) -> None:
    desk.role = "end-user"
    with pytest.raises(Exception, match="no administrator"):
        try_connection(connect(desk), clock)
