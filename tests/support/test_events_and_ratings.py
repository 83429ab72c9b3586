"""What help desks send of tickets beside the tickets: their events and their ratings."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import TimelineEvent
from support.models import CsatResponse, TicketEvent
from sync.models import Link
from tests.sync.conftest import Api, make_api
from tests.sync_files.conftest import bring_in, upload_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    """A help desk that has told of two accounts and a ticket of the first."""
    api = make_api("zendesk")
    api.bulk("accounts", [{"external_id": key, "name": key} for key in ("A", "B")])
    api.bulk("tickets", [ticket("t1")])
    return api


def ticket(key: str, **fields: Any) -> dict[str, Any]:
    opened = {"subject": f"All down {key}", "opened_at": "2026-11-01T09:00:00Z"}
    return {"external_id": key, "account": "A", **opened, **fields}


def event(key: str, kind: str, value: str | None, hour: int, **fields: Any) -> dict[str, Any]:
    moment = f"2026-11-02T{hour:02}:00:00Z"
    return {"external_id": key, "ticket": "t1", "kind": kind, "value": value, "occurred_at": moment, **fields}


def rating(key: str, given: int | None, **fields: Any) -> dict[str, Any]:
    return {"external_id": key, "rating": given, "asked_at": "2026-11-03T09:00:00Z", **fields}


def account_of(key: str) -> int:
    return Link.objects.get(resource="accounts", external_id=key).object_id


def told(*kinds: str) -> list[tuple[str, int]]:
    """Return the lines of these kinds, in order, with the account whose they are."""
    lines = TimelineEvent.objects.filter(kind__in=[f"support.{kind}" for kind in kinds])
    return list(lines.order_by("happened_at", "pk").values_list("title", "account_id"))


def test_a_ticket_that_is_opened_again_is_told(api: Api) -> None:
    events = [("a", "open", 1), ("b", "solved", 2), ("c", "open", 3), ("d", "closed", 4), ("e", "pending", 5)]
    api.bulk("ticket-events", [event(key, "status", value, hour) for key, value, hour in events])
    line = ("Ticket reopened: All down t1", account_of("A"))
    assert told("ticket_reopened") == [line, line]
    held = TicketEvent.objects.order_by("occurred_at").values_list("value_before", flat=True)
    assert list(held) == ["", "open", "solved", "open", "closed"]


def test_the_order_of_arrival_does_not_matter(api: Api) -> None:
    api.bulk("ticket-events", [event("c", "status", "open", 3)])
    assert told("ticket_reopened") == []
    api.bulk("ticket-events", [event("b", "status", "solved", 2)])
    assert len(told("ticket_reopened")) == 1
    api.bulk("ticket-events", [event("m", "status", "open", 2) | {"occurred_at": "2026-11-02T02:30:00Z"}])
    assert [title for title, _ in told("ticket_reopened")] == ["Ticket reopened: All down t1"]
    assert TicketEvent.objects.get(value_before="solved").occurred_at.minute == 30


def test_an_event_that_is_corrected_or_deleted_takes_its_line_along(api: Api) -> None:
    events = [event("a", "status", "solved", 1), event("b", "status", "open", 2)]
    api.bulk("ticket-events", events)
    assert len(told("ticket_reopened")) == 1
    api.bulk("ticket-events", [event("b", "note", None, 2)])
    assert told("ticket_reopened") == []
    api.bulk("ticket-events", events)
    assert len(told("ticket_reopened")) == 1
    api.call("delete", "ticket-events/zendesk/a/")
    assert told("ticket_reopened") == []
    assert set(TicketEvent.objects.values_list("value_before", flat=True)) == {""}


def test_an_event_that_moves_to_another_ticket_counts_there_only(api: Api) -> None:
    api.bulk("tickets", [ticket("t2", account="B")])
    first = [event("a", "status", "solved", 1), event("b", "status", "open", 2)]
    api.bulk("ticket-events", [*first, event("c", "status", "solved", 1, ticket="t2")])
    api.bulk("ticket-events", [event("b", "status", "open", 2, ticket="t2")])
    assert told("ticket_reopened") == [("Ticket reopened: All down t2", account_of("B"))]


def test_only_what_becomes_urgent_after_it_was_opened_is_an_escalation(api: Api) -> None:
    api.bulk("tickets", [ticket("t2", opened_at="2026-11-02T05:00:00Z")])
    events = [
        event("a", "priority", "urgent", 1),
        event("b", "priority", "urgent", 2),
        event("c", "priority", "normal", 3),
        event("d", "priority", "urgent", 4),
        event("e", "priority", "urgent", 5, ticket="t2"),  # what it was opened with
    ]
    api.bulk("ticket-events", events)
    line = ("Ticket escalated to urgent: All down t1", account_of("A"))
    assert told("ticket_escalated") == [line, line]
    api.bulk("tickets", [ticket("t2", opened_at="2026-11-02T04:00:00Z")])
    assert len(told("ticket_escalated")) == 3


def test_events_and_ratings_go_where_their_ticket_goes(api: Api) -> None:
    api.bulk("ticket-events", [event("a", "status", "solved", 1), event("b", "status", "open", 2)])
    api.bulk("csat-responses", [rating("r", 1, ticket="t1")])
    assert {account for _, account in told("ticket_reopened", "low_rating")} == {account_of("A")}
    api.bulk("tickets", [ticket("t1", account="B", subject="Slow")])
    assert told("ticket_reopened", "low_rating") == [
        ("Ticket reopened: Slow", account_of("B")),
        ("Rated 1 of 5: Slow", account_of("B")),
    ]
    assert CsatResponse.objects.get().account_id == account_of("B")
    api.call("delete", "tickets/zendesk/t1/")
    assert told("ticket_reopened") == []


def test_a_rating_is_the_account_s_whose_ticket_it_names(api: Api) -> None:
    answer = api.bulk(
        "csat-responses", [rating("r", 5, ticket="t1", account="B"), rating("s", 2, account="B")]
    )
    assert answer["created"] == 2
    assert api.get("csat-responses/zendesk/r/")["account"]["external_id"] == "A"
    assert api.get("csat-responses/zendesk/s/")["account"]["external_id"] == "B"
    assert told("low_rating") == [("Rated 2 of 5", account_of("B"))]
    api.bulk("csat-responses", [rating("s", 4, account="B")])
    assert told("low_rating") == []


def test_who_was_asked_and_said_nothing_is_kept_without_a_line(api: Api) -> None:
    assert api.statuses("csat-responses", [rating("r", None, ticket="t1")]) == ["created"]
    assert told("low_rating") == []
    answered = rating("r", 1, ticket="t1", responded_at="2026-11-05T09:00:00Z")
    assert api.statuses("csat-responses", [answered]) == ["updated"]
    assert TimelineEvent.objects.get(kind="support.low_rating").happened_at.day == 5


@pytest.mark.parametrize(
    ("resource", "record", "field", "code"),
    [
        ("csat-responses", rating("r", 3), "account", "required"),
        ("csat-responses", rating("r", 0, account="A"), "rating", "out_of_range"),
        ("csat-responses", rating("r", 6, account="A"), "rating", "out_of_range"),
        (
            "csat-responses",
            rating("r", 3, account="A", responded_at="2026-11-01T00:00:00Z"),
            "responded_at",
            "before_asked",
        ),
        ("ticket-events", event("e", "status", "reopened", 1), "value", "unknown_value"),
        ("ticket-events", event("e", "status", None, 1), "value", "unknown_value"),
        ("ticket-events", event("e", "priority", "solved", 1), "value", "unknown_value"),
        ("ticket-events", event("e", "merge", "solved", 1), "kind", "unknown_value"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    api: Api, resource: str, record: dict[str, Any], field: str, code: str
) -> None:
    refused = api.bulk(resource, [record])["results"][0]
    assert refused["status"] == "rejected"
    assert [(error["field"], error["code"]) for error in refused["errors"]] == [(field, code)]


def test_what_comes_ahead_of_its_ticket_waits_for_it(api: Api) -> None:
    early = [event("a", "priority", "urgent", 1, ticket="t9")]
    assert api.statuses("ticket-events", early) == ["pending"]
    assert api.statuses("csat-responses", [rating("r", 1, ticket="t9")]) == ["pending"]
    api.bulk("tickets", [ticket("t9", account="B")])
    assert TicketEvent.objects.get().ticket.account_id == account_of("B")
    assert told("ticket_escalated", "low_rating") == [
        ("Ticket escalated to urgent: All down t9", account_of("B")),
        ("Rated 1 of 5: All down t9", account_of("B")),
    ]


def test_ratings_come_by_file(api: Api) -> None:
    text = "external_id,ticket,rating,asked_at\nr1,t1,4,2026-11-03T09:00:00Z\nr2,t1,,2026-11-03T10:00:00Z\n"
    bring_in(upload_file(text, "csat-responses", "zendesk"))
    assert list(CsatResponse.objects.order_by("pk").values_list("rating", "account_id")) == [
        (4, account_of("A")),
        (None, account_of("A")),
    ]


def test_only_who_reads_support_reads_events_and_ratings(api: Api) -> None:
    api.bulk("csat-responses", [rating("r", 1, ticket="t1", comment="Too slow")])
    assert make_api("csv", "support").get("csat-responses/zendesk/r/")["comment"] == "Too slow"
    for resource in ("csat-responses", "ticket-events"):
        assert make_api("csv", "finance").call("get", f"{resource}/").status_code == 403
