"""Records that come again byte for byte are known without a look at what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import Account
from sync.models import Batch, Link
from sync.pipeline import repeats

pytestmark = pytest.mark.django_db

HOUR = "2026-05-01T{:02}:00:00Z"


def account(number: int, *, hour: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a record of a CRM account."""
    return {
        "external_id": f"a{number}",
        "source_updated_at": HOUR.format(hour),
        "name": f"Acme {number}",
        **fields,
    }


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the number of records that each call had to decode in full."""
    counts: list[int] = []
    from sync.pipeline import decode

    original = decode._decode_each

    def counting(parts: Any, resource: Any) -> Any:
        counts.append(len(parts))
        return original(parts, resource)

    monkeypatch.setattr(decode, "_decode_each", counting)
    return counts


def test_a_repeated_call_decodes_nothing_and_says_unchanged(api, decoded):
    batch = [account(number) for number in range(100)]
    first = api.bulk("accounts", batch)
    again = api.bulk("accounts", batch)
    assert decoded == [100, 0]
    assert again["unchanged"] == 100
    assert [item["id"] for item in again["results"]] == [item["id"] for item in first["results"]]
    assert [item["external_id"] for item in again["results"]] == [item["external_id"] for item in batch]
    assert (
        Batch.objects.get(pk=again["batch"]).source_time == Batch.objects.get(pk=first["batch"]).source_time
    )


def test_only_what_differs_is_decoded_and_stands_in_its_place(api, decoded):
    batch = [account(number) for number in range(100)]
    api.bulk("accounts", batch)
    batch[7] = account(7, hour=2) | {"name": "New name"}
    batch[50] = {"external_id": "a50", "name": 5}
    batch.append(account(100))
    answer = api.bulk("accounts", batch)
    assert decoded[1] == 3
    assert [answer[key] for key in ("created", "updated", "unchanged", "rejected")] == [1, 1, 98, 1]
    statuses = [item["status"] for item in answer["results"]]
    assert (statuses[7], statuses[50], statuses[100]) == ("updated", "rejected", "created")
    assert Account.objects.filter(name="New name").count() == 1


def test_lines_are_known_again_too(api, decoded):
    body = "\n".join(json.dumps(account(number)) for number in range(50)).encode()
    for _ in range(2):
        answer = api.bulk("accounts", body, content_type="application/x-ndjson")
    assert decoded == [50, 0]
    assert answer["unchanged"] == 50


def test_a_state_that_was_left_behind_is_no_repeat(api):
    old, new = account(1, hour=1), account(1, hour=2) | {"name": "Newer"}
    for record, status in ((old, "created"), (new, "updated"), (old, "stale"), (new, "unchanged")):
        assert api.bulk("accounts", [record])["results"][0]["status"] == status
    assert Account.objects.get().name == "Newer"


def test_without_times_the_last_word_counts(api):
    one, two = {"external_id": "a", "name": "One"}, {"external_id": "a", "name": "Two"}
    for record, status in ((one, "created"), (two, "updated"), (one, "updated"), (one, "unchanged")):
        assert api.bulk("accounts", [record])["results"][0]["status"] == status
    assert Account.objects.get().name == "One"


def test_a_deleted_record_is_restored_only_by_a_newer_state(api):
    record = account(1)
    api.bulk("accounts", [record])
    assert api.call("delete", "accounts/salesforce/a1/").status_code == 200
    assert api.bulk("accounts", [record])["results"][0]["status"] == "stale"
    newer = record | {"source_updated_at": "2090-01-01T00:00:00Z"}
    assert api.bulk("accounts", [newer])["updated"] == 1


def test_the_same_id_twice_in_a_call_is_told_apart_in_full(api):
    held = account(1, hour=1)
    api.bulk("accounts", [held])
    answer = api.bulk("accounts", [held, account(1, hour=3) | {"name": "Third"}])
    assert [item["status"] for item in answer["results"]] == ["stale", "updated"]


def test_a_state_that_waits_makes_the_applied_one_no_repeat(api):
    held = account(1, hour=1)
    api.bulk("accounts", [held])
    api.bulk("accounts", [account(1, hour=3, parent="unknown")])
    assert Link.objects.get().digest is None
    assert api.bulk("accounts", [held])["results"][0]["status"] == "stale"


def test_another_way_in_lets_the_digest_go(api):
    record = {"external_id": "a", "name": "One"}
    api.bulk("accounts", [record])
    api.call("put", "accounts/salesforce/a/", {"name": "Two"})
    assert api.bulk("accounts", [record])["results"][0]["status"] == "updated"
    assert Account.objects.get().name == "One"


def test_a_repeat_in_a_dry_run_or_an_atomic_call_is_unchanged(api):
    record = account(1)
    api.bulk("accounts", [record])
    for query in ("?mode=dry_run", "?atomic=true", "?mode=update_only"):
        assert api.bulk("accounts", [record], query)["unchanged"] == 1
    refused = api.call("post", "accounts/bulk/?atomic=true", [record, {"external_id": "b"}])
    assert refused.status_code == 422


def test_an_id_no_text_may_hold_is_no_repeat(api):
    answer = api.bulk("accounts", [{"external_id": "a\x00", "name": "One"}, account(1)])
    assert [item["status"] for item in answer["results"]] == ["rejected", "created"]


def test_few_repeats_among_many_new_records_come_out_the_same(api, decoded):
    """The sample may miss them; then they take the long way and are unchanged all the same."""
    api.bulk("accounts", [account(1)])
    batch = [account(number) for number in range(repeats.SAMPLE * 4)]
    answer = api.bulk("accounts", batch)
    assert decoded[1] == len(batch)
    assert (answer["created"], answer["unchanged"]) == (len(batch) - 1, 1)
