"""Segment's tracking API: whose events they are, what a repeat does, and what no input breaks."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from django.core.cache import cache

from product.models import AwaitedAccount, TrackedGroup, TrackedUser, UsageEvent, WaitingEvent
from sync.models import Batch
from sync.services import issue_token
from tests.product.tracking import Tracker, make_accounts, owners, track

pytestmark = pytest.mark.django_db
ADDRESS = "/ingest/segment/v1/batch"


@pytest.fixture
def tracker() -> Tracker:
    make_accounts("Acme", workspace_ids=["ws_1"])
    return Tracker()


def test_a_track_call_becomes_an_event_of_the_account(tracker: Tracker) -> None:
    properties = {"feature": "export", "quantity": 3, "nested": {"deep": [1, 2.5, None, "ü"]}}
    tracker.batch(track("m1", user="ann", event="Report exported", properties=properties))
    event = UsageEvent.objects.select_related("account", "source").get()
    assert (event.account.name, event.source.slug, event.external_id) == ("Acme", "segment", "m1")
    assert (event.event, event.user, event.feature, event.quantity) == ("Report exported", "ann", "export", 3)
    assert event.occurred_at == datetime(2026, 3, 5, 10, 0, 0, 123000, tzinfo=UTC)
    assert event.properties == properties


def test_pages_and_screens_are_events_too(tracker: Tracker) -> None:
    page = track("p1", type="page", name="Invoices", properties={"url": "https://app.example.com/"})
    page.pop("event")
    tracker.batch(page, {**page, "type": "screen", "messageId": "s1", "name": None})
    assert set(UsageEvent.objects.values_list("event", "feature")) == {("page", "Invoices"), ("screen", "")}


def test_a_repeat_adds_nothing_whatever_it_says(tracker: Tracker) -> None:
    first = tracker.batch(track("m1"), track("m2"))
    assert (first.created, first.unchanged) == (2, 0)
    again = tracker.batch(track("m1"), track("m2", timestamp="2026-03-20T00:00:00Z", event="other"))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert set(UsageEvent.objects.values_list("event", flat=True)) == {"used"}


def test_a_repeat_without_a_time_is_known_by_its_id(tracker: Tracker) -> None:
    call = track("m1")
    call.pop("timestamp")
    tracker.batch(call, sentAt="2026-03-05T10:00:00Z")
    tracker.batch(call, sentAt="2026-04-02T10:00:00Z")
    assert UsageEvent.objects.get().occurred_at == datetime(2026, 3, 5, 10, tzinfo=UTC)


def test_a_call_without_an_id_is_known_by_its_content(tracker: Tracker) -> None:
    call = track("m1")
    call.pop("messageId")
    tracker.batch(call)
    tracker.batch(call, {**call, "event": "another"})
    assert UsageEvent.objects.count() == 2


@pytest.mark.parametrize("kind", ["track", "page", "screen"])
@pytest.mark.parametrize("prefix", ["/ingest/segment/v1/", "/v1/"])
def test_each_call_has_an_address(tracker: Tracker, kind: str, prefix: str) -> None:
    call = track("m1", name="Home")
    call.pop("type")
    response = tracker.post(f"{prefix}{kind}", call, kind="text/plain")
    assert (response.status_code, response.json()) == (200, {"success": True})
    assert owners() == {"m1": "Acme"}


def test_the_group_comes_from_context_then_the_call_then_the_last_group_of_the_user() -> None:
    make_accounts("A", "B", source="segment")
    tracker = Tracker()
    lonely = {"context": {}}
    tracker.batch(
        {
            "type": "group",
            "messageId": "g1",
            "userId": 7,
            "groupId": "A",
            "timestamp": "2026-03-01T00:00:00Z",
        },
        track("own", user="7", context={"groupId": "B"}),
        track("direct", user="7", groupId="B", **lonely),
        track("last", user="7", **lonely),
    )
    assert owners() == {"own": "B", "direct": "B", "last": "A"}
    later = {"type": "group", "userId": "7", "groupId": "B", "timestamp": "2026-03-03T00:00:00Z"}
    late = {"type": "group", "userId": "7", "groupId": "A", "timestamp": "2026-03-02T00:00:00Z"}
    tracker.batch(later, late)
    tracker.batch(track("after", user="7", **lonely))
    assert owners()["after"] == "B", "an older membership that comes late changes nothing"


def test_an_anonymous_visitor_counts_for_the_user_once_known() -> None:
    make_accounts("A", source="segment")
    tracker = Tracker()
    visit = {"userId": None, "anonymousId": "x1", "context": None}
    tracker.batch(track("before", **visit))
    assert owners() == {}
    tracker.batch(
        {"type": "identify", "userId": "ann", "anonymousId": "x1", "traits": {"email": "ann@example.com"}}
    )
    tracker.batch({"type": "group", "userId": "ann", "groupId": "A", "traits": {"plan": "pro"}})
    assert owners() == {"before": "A"}
    assert UsageEvent.objects.get().custom == {"anonymous_id": "x1"}
    assert TrackedUser.objects.get(user="ann").traits == {"email": "ann@example.com"}
    assert TrackedGroup.objects.get().traits == {"plan": "pro"}
    tracker.batch({"type": "alias", "previousId": "y1", "userId": "ann"})
    tracker.batch(track("aliased", **{**visit, "anonymousId": "y1"}))
    assert owners()["aliased"] == "A"


def test_a_group_may_name_the_account_s_id_in_another_source() -> None:
    make_accounts("001A")
    tracker = Tracker()
    tracker.batch(track("m1", groupId="salesforce:001A", context={}))
    assert owners() == {"m1": "001A"}


def test_a_workspace_of_two_accounts_is_nobody_s() -> None:
    make_accounts("A", "B", workspace_ids=["ws_1"])
    batch = Tracker().batch(track("m1"))
    assert (batch.created, batch.pending) == (0, 1)
    assert AwaitedAccount.objects.get().key == "ws_1"


def test_a_bad_message_is_told_and_stops_no_other(tracker: Tracker) -> None:
    batch = tracker.batch(
        track("good"),
        "no object",
        track("no event", event=None),
        track("bad time", timestamp="yesterday"),
        track("bad context", context="x"),
        track("bad type", type="charge"),
        track("nobody", userId=None, context={}),
        track("too deep", properties=nested(40)),
        track("too big", properties={"text": "x" * 70_000}),
        track("x" * 300),
        track("nul\0id"),
        track("nul user", user="a\0b", context=None),
        track("nul visitor", userId=None, anonymousId="a\0b", context=None),
        track("nul group", groupId="a\0b", context=None),
        track("nul", properties={"a\0": 1}),
        track("ancient", timestamp="0003-01-01T00:00:00Z"),
        track("later still", timestamp="9999-12-31T23:59:59Z"),
        {"type": "group", "messageId": "no group", "userId": "u"},
        {"type": "alias", "messageId": "no earlier", "userId": "u"},
        {"type": "alias", "messageId": "long alias", "userId": "u", "previousId": "x" * 250},
        {"type": "identify", "messageId": "long visitor", "userId": "u", "anonymousId": "x" * 246},
        track("good too", context={"groupId": "unknown"}),
    )
    assert (batch.created, batch.pending, batch.rejected) == (1, 1, 20)
    assert owners() == {"good": "Acme"}
    errors = {entry["external_id"]: entry["errors"][0] for entry in batch.errors}
    assert errors["bad time"]["field"] == "batch[3].timestamp"
    assert errors["no event"] == {
        "field": "batch[2].event",
        "code": "required",
        "detail": "A track call names its event.",
    }
    assert {"bad type", "too deep", "too big", "nul", "ancient", "later still", "no group"} <= set(errors)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"batch": 3}',
        b'{"batch": {}}',
        b'{"batch": ' + b"[" * 100_000,
        b"\xff\xfe",
        b'{"batch": [{"type": "track", "event": "\xff"}]}',
        b'{"batch": [{"type": "track", "userId": "u", "event": "\\ud800"}]}',
        b"{}",
    ],
)
def test_garbage_is_refused_in_words(tracker: Tracker, body: bytes) -> None:
    for address in (ADDRESS, "/ingest/segment/v1/track"):
        response = tracker.post(address, body)
        assert response.status_code in (400, 422), response.content
        assert response["Content-Type"].startswith("application/problem+json")
        assert response.json()["detail"]


def test_a_body_is_limited(tracker: Tracker, settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 10_000
    large = msgspec.json.encode({"batch": [track("m1", properties={"text": "x" * 20_000})]})
    assert tracker.post(ADDRESS, large).status_code == 413
    assert tracker.post(ADDRESS, gzip.compress(large), Content_Encoding="gzip").status_code == 413
    assert tracker.post(ADDRESS, b"no gzip", Content_Encoding="gzip").status_code == 400


def test_more_messages_than_a_batch_takes_are_refused_whole(tracker: Tracker) -> None:
    response = tracker.post(ADDRESS, {"batch": [{"type": "track"}] * 10_001})
    assert response.status_code == 413
    assert not Batch.objects.filter(resource="usage-events").exists()


@pytest.mark.parametrize("filler", [b"{},", b"[],", b"0,"])
def test_millions_of_tiny_values_are_refused_before_they_are_decoded(tracker: Tracker, filler: bytes) -> None:
    body = b'{"batch": [' + filler * 4_100_000 + b"0]}"
    response = tracker.post(ADDRESS, gzip.compress(body, 1), Content_Encoding="gzip")
    assert (response.status_code, response.json()["code"]) == (413, "too_many_values")


def test_an_empty_batch_is_fine(tracker: Tracker) -> None:
    assert tracker.post(ADDRESS, {"batch": []}).json() == {"success": True}


def test_without_a_key_that_may_write_usage_nothing_comes_in(tracker: Tracker) -> None:
    assert tracker.http.post(ADDRESS, "{}", content_type="application/json").status_code == 401
    reader = Tracker(scopes=("usage:read", "accounts:write"))
    assert reader.post(ADDRESS, {"batch": []}).status_code == 403
    tracker.secret = "abe_unknown"
    assert tracker.post(ADDRESS, {"batch": []}).status_code == 401
    for header in ("Basic", "Basic !!", "Basic Og==", "Basic YTpi"):
        answer = tracker.http.post(ADDRESS, headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Basic")


def test_a_write_key_has_a_rate_of_its_own(tracker: Tracker, settings: Any) -> None:
    settings.TRACKING_RATE, settings.API_RATE = 2, 1
    cache.clear()
    statuses = [tracker.post(ADDRESS, {"batch": []}).status_code for _ in range(3)]
    assert statuses in ([200, 200, 429], [200, 200, 200]), "the minute may have turned"
    assert "RateLimit-Limit" in tracker.post(ADDRESS, {"batch": []})


def test_events_of_two_sources_are_apart(tracker: Tracker) -> None:
    tracker.batch(track("m1"))
    Tracker("mobile").batch(track("m1"))
    assert UsageEvent.objects.count() == 2
    assert not WaitingEvent.objects.exists()


def test_a_bearer_token_works_as_well(tracker: Tracker) -> None:
    secret = issue_token(source="segment", scopes=["*:write"]).secret
    response = tracker.http.post(
        "/ingest/segment/v1/track/",
        msgspec.json.encode(track("m1")),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert response.status_code == 200


def nested(levels: int) -> dict[str, Any]:
    """Return an object so deep."""
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value
