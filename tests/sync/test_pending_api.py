"""Records that wait, over the API: listed, tried again, given up with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Contact
from finance.models import Contract
from sync.models import DiscardedRecord, PendingRecord
from tests.sync.conftest import Api
from tests.users import client_as

CONTACT = {"external_id": "c", "account": "a", "name": "Bo", "source_updated_at": "2026-01-02T00:00:00Z"}
CONTRACT = {
    "external_id": "k",
    "account": "a",
    "start_on": "2026-01-01",
    "end_on": "2025-01-01",
    "currency": "EUR",
}
LINE = {
    "external_id": "l",
    "contract": "none",
    "product": "Seats",
    "start_on": "2026-01-01",
    "amount": "1234.56",
    "billing_period": "month",
}


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    """Return the first page of what waits."""
    return list(api.get(f"pending/{query}")["results"])


def only(api: Api, query: str = "") -> dict[str, Any]:
    """Return the one record that waits."""
    (record,) = listed(api, query)
    return record


def discard(api: Api, pk: str, reason: Any = "Sent by mistake") -> Any:
    return api.call("post", f"pending/{pk}/discard/", {"reason": reason})


def test_a_waiting_record_is_listed_with_all_that_its_source_said(api: Api) -> None:
    batch = api.bulk("contacts", [CONTACT])["batch"]
    record = only(api)
    assert record["payload"] == {**CONTACT}
    assert record["waits_for"] == {"resource": "accounts", "source": "salesforce", "external_id": "a"}
    assert {
        name: record[name] for name in ("state", "resource", "source", "code", "field", "batch", "discarded")
    } == {
        "state": "waiting",
        "resource": "contacts",
        "source": "salesforce",
        "code": "reference_missing",
        "field": "account",
        "batch": batch,
        "discarded": None,
    }
    assert api.get(f"pending/{record['id']}/") == record


def test_the_list_is_narrowed_and_paged(api: Api, api_for: Callable[..., Api]) -> None:
    api.bulk("contacts", [CONTACT | {"external_id": f"c{number}"} for number in range(7)])
    api.bulk("contracts", [CONTRACT])
    api_for(source="hubspot").bulk("contacts", [CONTACT])
    assert len(listed(api, "?resource=contacts")) == 8
    assert len(listed(api, "?resource=contacts&source=salesforce")) == 7
    assert len(listed(api, "?code=reference_missing")) == 9
    assert (
        listed(api, "?code=ambiguous_match")
        == listed(api, "?state=refused")
        == listed(api, "?code=%00")
        == []
    )
    seen, path = [], "pending/?page_size=2"
    while path:
        page = api.get(path)
        seen += [record["id"] for record in page["results"]]
        path = (page["next"] or "").partition("/api/v1/")[2]
    assert seen == sorted(seen, key=int)
    assert len(set(seen)) == 9
    assert api.get(f"pending/?cursor={page['next_cursor']}") == {
        "results": [],
        "next": None,
        "next_cursor": page["next_cursor"],
    }
    discard(api, seen[3])
    assert [record["id"] for record in listed(api)] == seen
    assert [record["id"] for record in listed(api, "?state=discarded")] == [seen[3]]
    assert len(listed(api, "?state=waiting")) == 8


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=-1", "page_size=0", "state=odd", "resource=odd", "odd=1"]
)
def test_what_is_no_query_is_refused(api: Api, query: str) -> None:
    assert api.call("get", f"pending/?{query}").status_code == 400


def test_a_retry_applies_what_has_become_right(api: Api) -> None:
    api.bulk("contracts", [CONTRACT])
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    record = only(api)
    assert (record["state"], record["code"], record["waits_for"]) == ("refused", "not_after_start", None)
    again = api.call("post", f"pending/{record['id']}/retry/")
    assert (again.status_code, again.json()["status"]) == (200, "rejected")
    assert again.json()["errors"][0]["field"] == "end_on"
    assert only(api)["state"] == "refused"
    PendingRecord.objects.update(payload=CONTRACT | {"end_on": "2027-01-01"})
    applied = api.call("post", f"pending/{record['id']}/retry/").json()
    assert (applied["status"], applied["external_id"]) == ("created", "k")
    assert applied["id"] == str(Contract.objects.get().pk)
    assert listed(api) == []
    assert api.call("post", f"pending/{record['id']}/retry/").status_code == 404


def test_a_retry_of_what_still_misses_its_reference_waits_on(api: Api) -> None:
    api.bulk("contacts", [CONTACT])
    record = only(api)
    answer = api.call("post", f"pending/{record['id']}/retry/").json()
    assert (answer["status"], answer["errors"][0]["code"]) == ("pending", "reference_missing")
    assert only(api)["id"] == record["id"]


def test_an_ambiguous_record_names_its_candidates_and_a_retry_leaves_the_decision_open(
    api: Api, api_for: Callable[..., Api]
) -> None:
    api.bulk("accounts", [{"external_id": n, "name": n, "domain": "acme.example"} for n in "ab"])
    ours = [api.get(f"accounts/salesforce/{name}/")["id"] for name in "ab"]
    other = api_for(source="hubspot")
    assert other.statuses("accounts", [{"external_id": "h", "name": "Acme", "domain": "acme.example"}]) == [
        "pending"
    ]
    for _ in range(2):
        record = only(other, "?state=ambiguous")
        assert (record["code"], sorted(record["candidates"]), record["waits_for"]) == (
            "ambiguous_match",
            ours,
            None,
        )
        answer = other.call("post", f"pending/{record['id']}/retry/").json()
        assert (answer["status"], answer["errors"][0]["code"]) == ("pending", "ambiguous_match")
    assert discard(other, record["id"]).json()["candidates"] == record["candidates"]


def test_a_discarded_record_stays_listed_with_who_when_and_why(api: Api) -> None:
    api.bulk("contacts", [CONTACT])
    record = only(api)
    answer = discard(api, record["id"])
    assert answer.status_code == 200
    kept = only(api)
    assert kept == answer.json()
    assert kept["discarded"].pop("at") >= record["received_at"]
    assert kept["discarded"] == {"by": "salesforce client (Salesforce)", "reason": "Sent by mistake"}
    assert kept == record | {"state": "discarded", "waits_for": None, "discarded": kept["discarded"]}
    again = discard(api, record["id"], "Another reason")
    assert (again.status_code, again.json()["discarded"]["reason"]) == (200, "Sent by mistake")
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    assert not Contact.objects.exists()
    assert api.statuses("contacts", [CONTACT]) == ["created"]


def test_a_discarded_record_can_be_taken_up_again(api: Api) -> None:
    api.bulk("contacts", [CONTACT])
    record = only(api)
    discard(api, record["id"])
    answer = api.call("post", f"pending/{record['id']}/retry/")
    assert answer.json()["status"] == "pending"
    # The batch is the one that tried last.
    assert only(api) == record | {"batch": answer.json()["batch"]}
    discard(api, record["id"])
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    assert api.call("post", f"pending/{record['id']}/retry/").json()["status"] == "created"
    assert Contact.objects.get().name == "Bo"
    assert listed(api) == []


def test_a_discarded_record_gives_way_to_a_later_state_that_waits(api: Api) -> None:
    api.bulk("contacts", [CONTACT])
    record = only(api)
    discard(api, record["id"])
    api.bulk("contacts", [CONTACT | {"name": "Newer"}])
    answer = api.call("post", f"pending/{record['id']}/retry/")
    assert (answer.status_code, answer.json()["code"]) == (409, "overtaken")
    assert [item["state"] for item in listed(api)] == ["discarded", "waiting"]
    assert DiscardedRecord.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"reason": ""}, 422),
        ({"reason": "  "}, 422),
        ({"reason": None}, 422),
        ({"reason": "x" * 1001}, 422),
        ({"reason": "a\x00b"}, 422),
        ({"reason": "x", "more": 1}, 422),
        (b"{", 400),
        (b'{"reason": "\xff"}', 400),
    ],
)
def test_a_discard_needs_a_reason(api: Api, body: Any, status: int) -> None:
    api.bulk("contacts", [CONTACT])
    answer = api.call("post", f"pending/{only(api)['id']}/discard/", body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert PendingRecord.objects.count() == 1


def test_scopes_of_the_resource_apply(api: Api, api_for: Callable[..., Api]) -> None:
    api.bulk("contacts", [CONTACT])
    api.bulk("contracts", [CONTRACT])
    pk = only(api, "?resource=contacts")["id"]
    reader = api_for(scopes=("contacts:read", "contracts:write"))
    assert only(reader)["id"] == pk
    assert reader.call("get", "pending/?resource=contracts").status_code == 403
    assert reader.call("post", f"pending/{pk}/retry/").status_code == 403
    assert discard(reader, pk).status_code == 403
    writer = api_for(scopes=("contacts:write",))
    assert writer.call("get", f"pending/{pk}/").status_code == 403
    assert listed(writer) == []
    assert discard(writer, pk).status_code == 200


def test_a_token_decides_about_its_own_source_only(api: Api, api_for: Callable[..., Api]) -> None:
    api.bulk("contacts", [CONTACT])
    other = api_for(source="hubspot")
    pk = only(other)["id"]
    for answer in (other.call("post", f"pending/{pk}/retry/"), discard(other, pk)):
        assert (answer.status_code, answer.json()["code"]) == (403, "other_source")
    assert PendingRecord.objects.count() == 1


def test_the_access_policy_applies_to_what_waits(api: Api, api_for: Callable[..., Api]) -> None:
    api.bulk("contract-lines", [LINE])
    pk = only(api)["id"]
    legal = only(api_for(function="legal"))
    assert legal["redacted"] == ["amount"]
    assert "1234" not in str(legal)
    support = api_for(function="support")
    assert listed(support) == []
    assert support.call("get", f"pending/{pk}/").status_code == 403
    assert support.call("get", "pending/?resource=contract-lines").status_code == 403
    assert client_as("legal").get("/api/v1/pending/").json()["results"] == [legal]


def test_a_person_only_looks(api: Api) -> None:
    api.bulk("contacts", [CONTACT])
    pk = only(api)["id"]
    assert client_as("revops").post(f"/api/v1/pending/{pk}/retry/").status_code == 403
    assert Client().get("/api/v1/pending/").status_code == 401


def test_an_early_deletion_is_not_listed_and_cannot_be_decided_about(api: Api) -> None:
    api.call("delete", "accounts/salesforce/a/")
    pk = PendingRecord.objects.get().pk
    assert listed(api) == []
    for answer in (
        api.call("get", f"pending/{pk}/"),
        discard(api, str(pk)),
        api.call("post", f"pending/{pk}/retry/"),
    ):
        assert answer.status_code == 404
    assert PendingRecord.objects.count() == 1
