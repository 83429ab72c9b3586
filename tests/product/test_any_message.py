"""Whatever tracking sends, it gets an answer in words and nothing breaks."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from product.models import AwaitedAccount, UsageEvent, WaitingEvent
from sync.models import Batch
from tests.product.tracking import Tracker, make_accounts

pytestmark = pytest.mark.django_db

TEXTS = st.one_of(
    st.sampled_from(
        ["", "ws_1", "a:b", "salesforce:A", ":", "\0", "\ud7ff", "x" * 256, "2026-01-01", "1e400", "💥"]
    ),
    st.text(max_size=8),
)
TIMES = st.one_of(
    st.sampled_from(
        ["2026-03-05T10:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "now", ""]
    ),
    st.datetimes().map(lambda moment: moment.isoformat()),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
CALLS = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page", "screen", "identify", "group", "alias", "", "x"])},
    optional={
        **dict.fromkeys(
            ("messageId", "userId", "anonymousId", "groupId", "previousId"), st.one_of(SCALARS, TEXTS)
        ),
        **dict.fromkeys(("event", "name"), st.one_of(TEXTS, JSON)),
        **dict.fromkeys(("timestamp", "sentAt", "originalTimestamp"), st.one_of(TIMES, SCALARS)),
        **dict.fromkeys(
            ("properties", "traits", "context"), st.one_of(st.dictionaries(TEXTS, JSON, max_size=3), JSON)
        ),
    },
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("specversion",), st.sampled_from(["1.0", "0.3", 1])),
        **dict.fromkeys(
            ("id", "source", "type", "subject", "userid", "feature", "dataschema"), st.one_of(TEXTS, SCALARS)
        ),
        "time": st.one_of(TIMES, SCALARS),
        "data": JSON,
        "data_base64": st.one_of(
            SCALARS, st.binary(max_size=9).map(lambda data: base64.b64encode(data).decode())
        ),
        "extra": JSON,
    },
)
many = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def tracker() -> Tracker:
    make_accounts("A", workspace_ids=["ws_1"])
    return Tracker()


def check_books() -> None:
    """Whatever came in is an event, waits or was told to be wrong; numbers that are kept agree with the rows."""
    batches = Batch.objects.filter(resource="usage-events").exclude(mode="pending")
    assert sum(batch.created for batch in batches) <= UsageEvent.objects.count()
    assert sum(awaited.events for awaited in AwaitedAccount.objects.all()) == WaitingEvent.objects.count()


@many
@given(calls=st.lists(st.one_of(CALLS, JSON), max_size=4), sent_at=st.one_of(TIMES, JSON))
def test_any_segment_batch(tracker: Tracker, calls: list[Any], sent_at: Any) -> None:
    response = tracker.post("/ingest/segment/v1/batch", {"batch": calls, "sentAt": sent_at})
    assert response.status_code in (200, 400, 422), response.content
    if response.status_code == 422:
        assert response.json()["errors"], response.content
    check_books()


@many
@given(
    kind=st.sampled_from(["track", "page", "screen", "identify", "group", "alias"]),
    call=st.one_of(CALLS, JSON),
)
def test_any_segment_call(tracker: Tracker, kind: str, call: Any) -> None:
    response = tracker.post(f"/ingest/segment/v1/{kind}", call)
    assert response.status_code in (200, 400, 422), response.content
    check_books()


@many
@given(events=st.lists(st.one_of(EVENTS, JSON), max_size=4))
def test_any_cloudevents(tracker: Tracker, events: list[Any]) -> None:
    response = tracker.post("/ingest/cloudevents/", events, kind="application/cloudevents-batch+json")
    assert response.status_code in (200, 400, 422), response.content
    check_books()


@many
@given(
    attributes=st.dictionaries(
        st.sampled_from(["specversion", "id", "source", "type", "subject", "time", "x"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    ),
    kind=st.sampled_from(["application/json", "text/plain", "image/png", "", "application/cloudevents", "x"]),
    data=st.one_of(st.binary(max_size=20), JSON.map(msgspec.json.encode)),
)
def test_any_cloudevent_in_headers(
    tracker: Tracker, attributes: dict[str, str], kind: str, data: bytes
) -> None:
    headers = {f"ce_{name}": value for name, value in {"specversion": "1.0", **attributes}.items()}
    response = tracker.post("/ingest/cloudevents/", data, kind=kind, **headers)
    assert response.status_code in (200, 400, 415, 422), response.content
