"""Deletions that come before their record."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Account, Contact
from sync.models import Batch, PendingRecord
from tests.sync.conftest import Api

ADDRESS = "accounts/salesforce/a/"
AT = "2026-01-06T00:00:00Z"


def account(day: int, **more: str) -> dict[str, str]:
    """Return the account's state of a day of January."""
    return {
        "external_id": "a",
        "name": f"Day {day}",
        "source_updated_at": f"2026-01-{day:02}T00:00:00Z",
        **more,
    }


def test_an_older_state_that_comes_after_its_deletion_stays_away(api: Api) -> None:
    answer = api.call("delete", f"{ADDRESS}?source_updated_at={AT}")
    assert (answer.status_code, answer.json()["status"], answer.json()["id"]) == (200, "deleted", None)
    assert api.statuses("accounts", [account(5)]) == ["stale"]
    assert api.statuses("accounts", [account(6)]) == ["stale"]
    assert not Account.objects.exists()
    assert api.call("get", ADDRESS).status_code == 404
    assert Batch.objects.filter(mode="delete", deleted=1).count() == 1


def test_a_newer_state_is_taken_as_it_is(api: Api) -> None:
    api.call("delete", f"{ADDRESS}?source_updated_at={AT}")
    assert api.statuses("accounts", [account(7, industry="Steel")]) == ["created"]
    assert Account.objects.get().industry == "Steel"
    assert not PendingRecord.objects.exists()
    assert api.statuses("accounts", [account(6)]) == ["stale"]


def test_a_deletion_without_a_time_counts_as_of_now(api: Api) -> None:
    api.call("delete", ADDRESS)
    assert api.statuses("accounts", [account(5)]) == ["stale"]
    assert api.statuses("accounts", [account(5) | {"source_updated_at": "2999-01-01T00:00:00Z"}]) == [
        "created"
    ]


def test_repeats_change_nothing_and_a_later_deletion_counts(api: Api) -> None:
    api.call("delete", f"{ADDRESS}?source_updated_at={AT}")
    again = api.call("delete", f"{ADDRESS}?source_updated_at={AT}")
    later = api.call("delete", f"{ADDRESS}?source_updated_at=2026-01-09T00:00:00Z")
    early = api.call("delete", f"{ADDRESS}?source_updated_at=2026-01-02T00:00:00Z")
    assert [answer.json()["status"] for answer in (again, later, early)] == ["unchanged"] * 3
    assert api.statuses("accounts", [account(8)]) == ["stale"]
    assert PendingRecord.objects.count() == 1


def test_a_waiting_state_gives_way_to_its_deletion_and_stays_away(api: Api) -> None:
    contact = {
        "external_id": "c",
        "name": "Bo",
        "account": "later",
        "source_updated_at": "2026-01-05T00:00:00Z",
    }
    assert api.statuses("contacts", [contact]) == ["pending"]
    api.call("delete", f"contacts/salesforce/c/?source_updated_at={AT}")
    api.bulk("accounts", [{"external_id": "later", "name": "Acme"}])
    assert api.statuses("contacts", [contact]) == ["stale"]
    assert not Contact.objects.exists()
    newer = contact | {"source_updated_at": "2026-01-07T00:00:00Z", "account": "much later"}
    assert api.statuses("contacts", [newer]) == ["pending"]
    assert PendingRecord.objects.waiting().count() == 1


def test_the_deletion_of_one_source_is_nothing_to_another(api: Api, api_for: Callable[..., Api]) -> None:
    api.call("delete", f"{ADDRESS}?source_updated_at={AT}")
    assert api_for(source="hubspot").statuses("accounts", [account(5)]) == ["created"]


def test_a_dry_run_leaves_the_deletion_in_its_place(api: Api) -> None:
    api.call("delete", f"{ADDRESS}?source_updated_at={AT}")
    assert api.statuses("accounts", [account(7)], "?mode=dry_run") == ["created"]
    assert api.statuses("accounts", [account(7)], "?mode=update_only") == ["rejected"]
    assert api.statuses("accounts", [account(5)]) == ["stale"]


@pytest.mark.parametrize("day", [5, 7])
def test_an_event_of_a_stream_stays_away_in_the_same_way(api: Api, day: int) -> None:
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    api.call("delete", f"usage-events/salesforce/e/?source_updated_at={AT}")
    event = {
        "external_id": "e",
        "account": "a",
        "event": "login",
        "occurred_at": "2026-01-01T00:00:00Z",
        "source_updated_at": f"2026-01-0{day}T00:00:00Z",
    }
    assert api.statuses("usage-events", [event]) == ["stale" if day == 5 else "created"]
