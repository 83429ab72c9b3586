"""CloudEvents over HTTP: three modes, one meaning, and words for what is no event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from product.models import UsageEvent
from tests.product.tracking import Tracker, make_accounts, owners

pytestmark = pytest.mark.django_db
ADDRESS = "/ingest/cloudevents/"
ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"


@pytest.fixture
def tracker() -> Tracker:
    make_accounts("Acme", source="app")
    return Tracker("app")


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/app",
        "type": "used",
        "subject": "Acme",
        "time": "2026-03-05T10:00:00Z",
        **more,
    }


def test_source_and_id_together_tell_a_repeat(tracker: Tracker) -> None:
    events = [event(1), event(2), event(1, source="/other"), event(1, time="2026-03-06T00:00:00Z")]
    answer = tracker.post(ADDRESS, events, kind=f"{MANY}; charset=utf-8").json()
    assert (answer["created"], answer["stale"], answer["rejected"]) == (3, 1, 0)
    assert tracker.post(ADDRESS, event(1), kind=ONE).json()["unchanged"] == 1
    assert owners() == {"/app e1": "Acme", "/app e2": "Acme", "/other e1": "Acme"}


def test_headers_and_body_mean_the_same(tracker: Tracker) -> None:
    sent = event(1, data={"feature": "export"}, userid="ann")
    tracker.post(ADDRESS, sent, kind=ONE)
    headers = {f"ce_{key}": value for key, value in event(2, userid="ann").items()}
    tracker.post(ADDRESS, {"feature": "export"}, **headers)
    tracker.post(ADDRESS, b"\x00\xff", kind="image/png", **{**headers, "ce_id": "e3"})
    tracker.post(ADDRESS, b"plain", kind="text/plain", **{**headers, "ce_id": "e4"})
    first, second, third, fourth = UsageEvent.objects.order_by("pk")
    for name in ("event", "feature", "user", "occurred_at", "properties", "custom"):
        assert getattr(first, name) == getattr(second, name), name
    assert first.custom == {"cloudevents_source": "/app", "userid": "ann"}
    assert (third.properties, fourth.properties) == ({"data_base64": "AP8="}, {"data": "plain"})


def test_a_bad_event_is_told_and_stops_no_other(tracker: Tracker) -> None:
    bad = [
        3,
        event(2, specversion="0.3"),
        event(3, source=""),
        event(4, time="noon"),
        event(5, subject=5),
        event(6, subject=None),
        event(7, data={"text": "x" * 70_000}),
        event(8, type="x" * 300),
        event(9, subject="a\0b"),
    ]
    answer = tracker.post(ADDRESS, [event(1), *bad, event(10, id="x" * 400)], kind=MANY).json()
    assert (answer["created"], answer["rejected"]) == (2, len(bad))
    fields = {error["field"] for error in answer["errors"]}
    assert {"[1]", "[2].specversion", "[3].source", "[4].time", "[5].subject", "[6].subject"} <= fields
    assert {"Acme"} == set(owners().values())


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", ONE, 400),
        (b"{}", ONE, 422),
        (b"[]", ONE, 422),
        (b"{}", MANY, 400),
        (b"{", MANY, 400),
        (b"[" * 100_000, MANY, 400),
        (b"\xff", ONE, 400),
        (b"{}", "application/json", 415),
        (b"<a/>", "application/cloudevents+xml", 415),
        (msgspec.json.encode([event()] * 10_001), MANY, 413),
    ],
)
def test_garbage_is_refused_in_words(tracker: Tracker, body: bytes, kind: str, status: int) -> None:
    response = tracker.post(ADDRESS, body, kind=kind)
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/problem+json")
