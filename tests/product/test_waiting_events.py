"""Events that come ahead of their account: nothing is lost, and nothing is counted twice."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from product.ingest.waiting import apply_waiting
from product.models import AwaitedAccount, TrackedUser, UsageDayToRecompute, UsageEvent, WaitingEvent
from product.tasks import apply_waiting_events
from sync.models import Batch, PendingRecord
from tests.product.tracking import Tracker, make_accounts, owners, track

pytestmark = pytest.mark.django_db


def waiting() -> dict[tuple[str, str], int]:
    """Return how many events wait for what; the numbers kept agree with the rows."""
    for awaited in AwaitedAccount.objects.all():
        assert awaited.events == awaited.waiting.count() > 0
    return {(awaited.kind, awaited.key): awaited.events for awaited in AwaitedAccount.objects.all()}


def test_events_wait_for_their_account_and_are_applied_when_it_comes() -> None:
    tracker = Tracker()
    batch = tracker.batch(*(track(f"m{n}", properties={"n": n, "quantity": 2.5}) for n in range(5)))
    assert (batch.created, batch.pending) == (0, 5)
    assert waiting() == {("group", "ws_1"): 5}
    assert not PendingRecord.objects.exists()
    assert apply_waiting_events() == 0
    make_accounts("Acme", workspace_ids=["ws_1"])
    assert apply_waiting_events() == 5
    assert owners() == {f"m{n}": "Acme" for n in range(5)}
    assert waiting() == {}
    event = UsageEvent.objects.get(external_id="m3")
    assert (event.properties, event.quantity, event.user) == ({"n": 3, "quantity": 2.5}, 2.5, "u1")
    assert UsageDayToRecompute.objects.count() == 1
    assert apply_waiting_events() == 0


def test_a_repeat_of_a_waiting_event_adds_nothing() -> None:
    tracker = Tracker()
    tracker.batch(track("m1"), track("m2"))
    batch = tracker.batch(track("m1"), track("m3"))
    assert (batch.pending, batch.unchanged) == (1, 1)
    assert waiting() == {("group", "ws_1"): 3}
    make_accounts("Acme", workspace_ids=["ws_1"])
    batch = tracker.batch(track("m1"), track("m4"))
    assert (batch.created, batch.pending) == (2, 0), "what came again while it waits is taken at once"
    assert apply_waiting() == 3
    assert UsageEvent.objects.count() == 4
    assert waiting() == {}


def test_groups_wait_apart_and_each_for_its_own_source() -> None:
    tracker, other = Tracker(), Tracker("mobile")
    tracker.batch(track("m1"), track("m2", context={"groupId": "ws_2"}))
    other.batch(track("m1", context={"groupId": "A1"}))
    make_accounts("A1", source="segment", workspace_ids=["ws_2"])
    assert apply_waiting() == 1
    assert waiting() == {("group", "ws_1"): 1, ("group", "A1"): 1}, "A1 is an id of another source"
    make_accounts("A1", source="mobile")
    assert apply_waiting() == 1


def test_events_of_a_user_without_a_group_wait_for_one() -> None:
    make_accounts("A", source="segment")
    tracker = Tracker()
    tracker.batch(track("m1", context=None), track("m2", user="other", context=None))
    assert waiting() == {("user", "u1"): 1, ("user", "other"): 1}
    tracker.batch({"type": "group", "userId": "u1", "groupId": "A"})
    assert owners() == {"m1": "A"}, "applied with the call that tells the group"
    tracker.batch({"type": "group", "userId": "other", "groupId": "B"})
    assert waiting() == {("group", "B"): 1}
    make_accounts("B", source="segment")
    apply_waiting()
    assert owners() == {"m1": "A", "m2": "B"}
    assert waiting() == {}


def test_what_is_wrong_with_a_waiting_event_is_told_when_it_comes() -> None:
    batch = Tracker().batch(
        track("deep", properties={"text": "x" * 70_000}),
        track("ancient", timestamp="0003-01-01T00:00:00Z"),
        track("nul", properties={"a": "\0"}),
        track("fine"),
    )
    assert (batch.pending, batch.rejected) == (1, 3)
    assert waiting() == {("group", "ws_1"): 1}


def test_more_events_than_a_batch_takes_are_applied_in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("product.ingest.waiting.MAX_RECORDS", 2)
    monkeypatch.setattr("product.ingest.waiting.KEYS_AT_ONCE", 1)
    Tracker().batch(*(track(f"m{n}", context={"groupId": f"ws_{n % 3}"}) for n in range(9)))
    make_accounts("A", workspace_ids=["ws_0", "ws_1"])
    make_accounts("B", workspace_ids=["ws_2"])
    assert apply_waiting() == 9
    assert waiting() == {}
    assert Batch.objects.filter(mode="pending", resource="usage-events").count() == 6
    assert not WaitingEvent.objects.exists()


def visit(message_id, **more):
    """Return an event of no group."""
    return track(message_id, context={}, **more)


def test_an_earlier_name_is_the_user_from_now_on() -> None:
    tracker = Tracker()
    make_accounts("Acme", workspace_ids=["ws_1"])
    tracker.send({"type": "identify", "anonymousId": "x1", "userId": "ann"})
    tracker.batch(visit("early", userId=None, anonymousId="x1"))
    assert waiting() == {("user", "ann"): 1}
    tracker.send({"type": "group", "userId": "ann", "groupId": "ws_1"})
    tracker.batch(visit("late", userId=None, anonymousId="x1"))
    assert owners() == {"early": "Acme", "late": "Acme"}
    assert waiting() == {}
    tracker.send({"type": "group", "userId": None, "anonymousId": "x1", "groupId": "ws_2"})
    assert TrackedUser.objects.get(user="ann").group == "ws_2", "what the earlier name joins, the user joins"


def test_names_that_follow_each_other_are_one_user() -> None:
    tracker = Tracker()
    make_accounts("Acme", workspace_ids=["ws_1"])
    tracker.batch(visit("first", userId="a"), visit("second", userId="b"))
    tracker.send(
        {"type": "alias", "previousId": "a", "userId": "b"},
        {"type": "alias", "previousId": "b", "userId": "c"},
    )
    assert waiting() == {("user", "c"): 2}
    tracker.send({"type": "alias", "previousId": "c", "userId": "a"})
    assert waiting() == {("user", "c"): 2}, "a name can't stand for one that stands for it"
    tracker.send({"type": "group", "userId": "c", "groupId": "ws_1"})
    tracker.batch(visit("third", userId="a"))
    assert owners() == dict.fromkeys(("first", "second", "third"), "Acme")


def test_a_user_who_is_told_to_be_itself_stays_itself() -> None:
    tracker = Tracker()
    tracker.batch(visit("m1"))
    for _ in range(2):
        tracker.send({"type": "alias", "previousId": "u1", "userId": "u1"})
        assert waiting() == {("user", "u1"): 1}


def test_a_group_told_again_looks_for_nothing_that_waits() -> None:
    tracker = Tracker()
    tracker.batch(visit("m1"))
    group = {"type": "group", "userId": "u2", "groupId": "ws_1"}
    tracker.send(group)
    with CaptureQueriesContext(connection) as queries:
        tracker.send(group)
    assert not [query for query in queries if "product_waitingevent" in query["sql"]]
    assert not [query for query in queries if "workspace_ids" in query["sql"]]


def test_a_clock_that_runs_ahead_ties_nobody_to_a_group_for_good() -> None:
    tracker = Tracker()
    ahead = "2099-01-01T00:00:00Z"
    tracker.send({"type": "group", "userId": "ann", "groupId": "ws_1", "timestamp": ahead})
    tracker.send({"type": "identify", "userId": "ann", "traits": {"role": "old"}, "timestamp": ahead})
    right = timezone.now().isoformat()
    tracker.send({"type": "group", "userId": "ann", "groupId": "ws_2", "timestamp": right})
    tracker.send({"type": "identify", "userId": "ann", "traits": {"role": "new"}, "timestamp": right})
    ann = TrackedUser.objects.get(user="ann")
    assert (ann.group, ann.traits) == ("ws_2", {"role": "new"})
