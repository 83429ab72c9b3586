"""Single records: put, read, delete, restore; preconditions and caching."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.identity.merge import merge_accounts
from accounts.models import Account, Contact, TimelineEvent
from people.models import AccessGrant, Category, Level
from sync.models import Batch, Change
from tests.sync.conftest import Api

ADDRESS = "accounts/salesforce/a%2F1%20%C3%A4/"


def test_put_creates_then_updates_and_get_reads_it_back(api: Api) -> None:
    created = api.call("put", ADDRESS, {"name": "Acme", "tier": "growth", "custom": {"x": 1}})
    updated = api.call("put", ADDRESS, {"name": "Acme 2", "external_id": "a/1 ä"})
    assert (created.status_code, updated.status_code) == (201, 200)
    record = api.get(ADDRESS)
    assert record == api.get(f"accounts/{record['id']}/")
    assert record["external_ids"] == [
        {"source": "salesforce", "external_id": "a/1 ä", "source_updated_at": None}
    ]
    assert (record["name"], record["tier"], record["custom"], record["deleted"]) == (
        "Acme 2",
        "growth",
        {"x": 1},
        False,
    )
    assert record["domain"] is None


def test_references_are_read_with_source_external_id_and_id(api: Api) -> None:
    api.call("put", "accounts/salesforce/a/", {"name": "Acme"})
    api.call("put", "contacts/salesforce/c/", {"name": "Bo", "account": "a"})
    account = api.get("accounts/salesforce/a/")
    contact = api.get("contacts/salesforce/c/")
    assert contact["account"] == {"source": "salesforce", "external_id": "a", "id": account["id"]}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": 5}, 422),
        ({}, 422),
        ({"name": "A", "external_id": "other"}, 422),
        ({"name": "A", "unknown": 1}, 422),
        ([{"name": "A"}], 400),
        (b"{", 400),
        (b"", 400),
    ],
)
def test_a_record_that_cannot_be_put_is_answered_with_a_problem(api: Api, body: Any, status: int) -> None:
    response = api.call("put", "accounts/salesforce/a/", body)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert not Account.objects.exists()


def test_a_put_that_waits_is_accepted(api: Api) -> None:
    response = api.call("put", "contacts/salesforce/c/", {"name": "Bo", "account": "later"})
    assert (response.status_code, response.json()["status"]) == (202, "pending")


def test_update_only_put_of_an_unknown_record_is_404(api: Api) -> None:
    assert api.call("put", "accounts/salesforce/a/?mode=update_only", {"name": "A"}).status_code == 404


def test_a_token_writes_for_its_own_source_only(api: Api) -> None:
    for method in ("put", "delete"):
        response = api.call(method, "accounts/hubspot/a/", {"name": "A"} if method == "put" else None)
        assert response.status_code == 403
        assert "salesforce" in response.json()["detail"]
        assert "hubspot" in response.json()["detail"]


def test_a_tombstone_is_kept_until_a_newer_state_restores_it(api: Api) -> None:
    api.call("put", "accounts/salesforce/a/", {"name": "Acme", "source_updated_at": "2026-01-05T00:00:00Z"})
    api.call("put", "contacts/salesforce/c/", {"name": "Bo", "account": "a"})
    gone = api.call("delete", "accounts/salesforce/a/?source_updated_at=2026-01-06T00:00:00Z")
    again = api.call("delete", "accounts/salesforce/a/")
    assert (gone.json()["status"], again.json()["status"]) == ("deleted", "unchanged")
    assert api.get("accounts/salesforce/a/")["deleted"] is True
    assert not Account.objects.live().exists()
    assert not Contact.objects.live().exists()
    late = {"external_id": "a", "name": "Late", "source_updated_at": "2026-01-05T12:00:00Z"}
    assert api.statuses("accounts", [late]) == ["stale"]
    assert api.statuses("accounts", [late | {"source_updated_at": "2026-01-06T00:00:00Z"}]) == ["stale"]
    back = {"external_id": "a", "name": "Acme", "source_updated_at": "2026-01-07T00:00:00Z"}
    assert api.statuses("accounts", [back]) == ["updated"]
    assert api.get("accounts/salesforce/a/")["deleted"] is False
    assert Contact.objects.live().count() == 1
    assert list(Change.objects.filter(resource="accounts").order_by("pk").values_list("kind", flat=True)) == [
        "created",
        "deleted",
        "restored",
    ]


def test_an_older_deletion_is_stale(api: Api) -> None:
    api.call("put", "accounts/salesforce/a/", {"name": "Acme", "source_updated_at": "2026-01-05T00:00:00Z"})
    response = api.call("delete", "accounts/salesforce/a/?source_updated_at=2026-01-04T00:00:00Z")
    assert response.json()["status"] == "stale"
    assert Account.objects.live().count() == 1


def test_deleting_ends_the_waiting(api: Api) -> None:
    api.call("put", "contacts/salesforce/c/", {"name": "Bo", "account": "later"})
    assert api.call("delete", "contacts/salesforce/c/").json()["status"] == "deleted"
    assert api.call("delete", "contacts/salesforce/c/").json()["status"] == "unchanged"
    api.call("put", "accounts/salesforce/later/", {"name": "Later"})
    assert not Contact.objects.exists()


def test_a_deleted_ticket_leaves_the_timeline_and_a_deleted_event_stays_deleted(api: Api) -> None:
    api.call("put", "accounts/salesforce/a/", {"name": "Acme"})
    api.call(
        "put", "tickets/salesforce/t/", {"account": "a", "subject": "S", "opened_at": "2026-01-01T00:00:00Z"}
    )
    event = {"account": "a", "event": "login", "occurred_at": "2026-01-01T00:00:00Z"}
    api.call("put", "usage-events/salesforce/e/", event | {"source_updated_at": "2026-01-01T00:00:00Z"})
    assert TimelineEvent.objects.count() == 1
    api.call("delete", "tickets/salesforce/t/")
    api.call("delete", "usage-events/salesforce/e/")
    assert not TimelineEvent.objects.exists()
    assert api.get("usage-events/salesforce/e/")["deleted"] is True
    late = event | {"external_id": "e", "source_updated_at": "2026-01-01T00:00:00Z"}
    assert api.statuses("usage-events", [late]) == ["stale"]
    assert Batch.objects.filter(mode="delete", deleted=1).count() == 2


def test_if_match_guards_against_overwriting_what_one_has_not_seen(api: Api) -> None:
    api.call("put", "accounts/salesforce/a/", {"name": "Acme"})
    seen = api.call("get", "accounts/salesforce/a/")["ETag"]
    assert api.call("put", "accounts/salesforce/a/", {"name": "B"}, If_Match=seen).status_code == 200
    assert api.call("put", "accounts/salesforce/a/", {"name": "C"}, If_Match=seen).status_code == 412
    assert api.call("delete", "accounts/salesforce/a/", If_Match=seen).status_code == 412
    assert api.call("put", "accounts/salesforce/new/", {"name": "C"}, If_Match="*").status_code == 412
    assert api.call("put", "accounts/salesforce/a/", {"name": "D"}, If_Match="*").status_code == 200
    assert Account.objects.get().name == "D"


def test_a_record_can_be_created_only_where_there_is_none(api: Api) -> None:
    address = "accounts/salesforce/a/"
    assert api.call("put", address, {"name": "A"}, If_None_Match="*").status_code == 201
    assert api.call("put", address, {"name": "B"}, If_None_Match="*").status_code == 412
    tag = api.call("get", address)["ETag"]
    assert api.call("put", address, {"name": "C"}, If_None_Match=f"W/{tag}").status_code == 412
    assert api.call("put", address, {"name": "C"}, If_None_Match='"another"').status_code == 200
    assert api.call("put", address, {"name": "D"}, If_Match=f"W/{tag}").status_code == 412
    assert Account.objects.get().name == "C"
    assert Batch.objects.count() == 2


def test_what_the_caller_holds_is_not_sent_again(api: Api) -> None:
    api.call("put", "accounts/salesforce/a/", {"name": "Acme"})
    first = api.call("get", "accounts/salesforce/a/")
    same = api.call("get", "accounts/salesforce/a/", If_None_Match=f'"x", W/{first["ETag"]}')
    assert (same.status_code, same.content) == (304, b"")
    api.call("put", "accounts/salesforce/a/", {"name": "B"})
    assert api.call("get", "accounts/salesforce/a/", If_None_Match=first["ETag"]).status_code == 200


def test_a_record_is_read_as_it_was(api):
    made = api.bulk("accounts", [{"external_id": "a", "name": "Then", "employees": 5, "custom": {"k": 1}}])
    pk = made["results"][0]["id"]
    Change.objects.update(changed_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    api.bulk("accounts", [{"external_id": "a", "name": "Now", "employees": None, "custom": {"k": None}}])
    Change.objects.filter(kind="updated").update(changed_at=datetime(2026, 2, 1, 12, tzinfo=UTC))
    then = api.get(f"accounts/{pk}/?as_of=2026-01-15")
    assert (then["name"], then["employees"], then["custom"], then["id"]) == ("Then", 5, {"k": 1}, pk)
    assert then["external_ids"][0]["external_id"] == "a"
    now = api.get(f"accounts/{pk}/?as_of=2026-02-01T12:00:00Z")
    assert (now["name"], now["employees"], now["custom"]) == ("Now", None, {})
    assert api.call("get", f"accounts/{pk}/?as_of=2025-12-31").status_code == 404
    assert api.call("get", f"accounts/{pk}/?as_of=9999-12-31").status_code == 200
    for wrong in ("", "yesterday", "2026-02-30", "2026-02-01T12:00:00"):
        assert api.call("get", f"accounts/{pk}/?as_of={wrong}").status_code == 400


def test_a_past_record_is_found_by_its_id_in_a_source_too(api):
    api.bulk("accounts", [{"external_id": "a", "name": "Then"}])
    Change.objects.update(changed_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    api.bulk("accounts", [{"external_id": "a", "name": "Now"}])
    assert api.get("accounts/salesforce/a/?as_of=2026-01-15")["name"] == "Then"
    assert api.get("accounts/salesforce/a/?as_of=2090-01-01")["name"] == "Now"
    assert api.get("accounts/salesforce/a/")["name"] == "Now"
    for address, status in (
        ("accounts/salesforce/a/?as_of=2025-12-31", 404),
        ("accounts/salesforce/b/?as_of=2026-01-15", 404),
        ("accounts/salesforce/a/?as_of=yesterday", 400),
        ("usage-events/salesforce/a/?as_of=2026-01-15", 400),
    ):
        assert api.call("get", address).status_code == status


@pytest.mark.parametrize("address", ["accounts/{}/", "accounts/salesforce/a/"])
def test_an_unknown_parameter_of_a_read_is_refused(api, address):
    made = api.bulk("accounts", [{"external_id": "a", "name": "A"}])
    answer = api.call("get", f"{address.format(made['results'][0]['id'])}?asof=2026-01-15")
    assert answer.status_code == 400
    assert b"unknown_parameter" in answer.content


def test_a_past_reference_to_what_was_merged_since_keeps_its_id(api):
    api.bulk("accounts", [{"external_id": "w", "name": "W"}, {"external_id": "l", "name": "L"}])
    contact = api.bulk("contacts", [{"external_id": "c", "name": "C", "account": "l"}])["results"][0]["id"]
    Change.objects.update(changed_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    winner, loser = (api.get(f"accounts/salesforce/{name}/")["id"] for name in ("w", "l"))
    merge_accounts(winner=int(winner), loser=int(loser))
    then = api.get(f"contacts/{contact}/?as_of=2026-01-15")["account"]
    assert (then["id"], then["source"]) == (loser, "salesforce")
    assert then["external_id"] in ("w", "l")
    assert api.get(f"contacts/{contact}/")["account"]["id"] == winner


def test_a_past_record_shows_no_more_than_the_present_one(api, api_for):
    made = api.bulk("accounts", [{"external_id": "a", "name": "A", "owner_email": "ann@example.com"}])
    AccessGrant.objects.filter(function="support", category=Category.ACCOUNT_TEAM).update(level=Level.NONE)
    reader = api_for(function="support", scopes=("*:read",))
    then = reader.get(f"accounts/{made['results'][0]['id']}/?as_of=2090-01-01")
    assert "owner_email" not in then
    assert "owner_email" in then["redacted"]
