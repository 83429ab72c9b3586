"""A record that waits keeps its place in time and all that its source said of it."""

from __future__ import annotations

import pytest

from accounts.models import Account, Contact
from sync.models import Batch, PendingRecord
from tests.sync.conftest import Api

WAITING = {
    "external_id": "c",
    "account": "later",
    "name": "New",
    "source_updated_at": "2026-02-01T00:00:00Z",
    "custom": {"a": 1},
}


def test_an_older_state_never_overtakes_one_that_waits(api: Api) -> None:
    assert api.statuses("contacts", [WAITING]) == ["pending"]
    assert api.statuses("contacts", [{"external_id": "c", "title": "Buyer"}]) == ["pending"]
    older = {"external_id": "c", "name": "Old", "source_updated_at": "2026-01-01T00:00:00Z"}
    assert api.statuses("contacts", [older]) == ["stale"]
    api.bulk("accounts", [{"external_id": "later", "name": "Acme"}])
    contact = Contact.objects.get()
    assert (contact.name, contact.title) == ("New", "Buyer")


def test_own_fields_of_a_waiting_record_add_up(api: Api) -> None:
    api.bulk("contacts", [WAITING])
    api.bulk("contacts", [{"external_id": "c", "custom": {"b": 2}}])
    api.bulk("accounts", [{"external_id": "later", "name": "Acme"}])
    assert Contact.objects.get().custom == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "size", ["0", "1001", "000001999999999999999999999999999999", "000001000000000", "x"]
)
def test_a_page_size_beyond_the_limit_is_refused(api: Api, size: str) -> None:
    assert api.call("get", f"accounts/?page_size={size}").status_code == 400


@pytest.mark.parametrize("amount", ["sNaN", "NaN", "Infinity", "1e999999", "-1e999999", "0E-200000000000"])
def test_a_number_that_no_column_holds_is_refused_or_rounded(api: Api, amount: str) -> None:
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    api.bulk("contracts", [{"external_id": "k", "account": "a", "start_on": "2026-01-01", "currency": "EUR"}])
    line = {
        "contract": "k",
        "product": "Seats",
        "start_on": "2026-01-01",
        "billing_period": "month",
        "amount": amount,
    }
    answer = api.bulk("contract-lines", [line | {"external_id": str(number)} for number in range(4)])
    zero = amount.startswith("0E")
    expected = "created" if zero else "rejected"
    for result in answer["results"]:
        assert (result["status"], [error["field"] for error in result["errors"]]) in (
            ("created", []),
            ("rejected", ["amount"]),
        )
        assert result["status"] == expected or zero
    assert api.call("get", f"contract-lines/?amount={amount}").status_code in (200, 400)


def test_a_deletion_leaves_a_newer_state_waiting(api: Api) -> None:
    api.bulk("contacts", [WAITING])
    early = api.call("delete", "contacts/salesforce/c/?source_updated_at=2026-01-15T00:00:00Z")
    assert early.json()["status"] == "stale"
    api.bulk("accounts", [{"external_id": "later", "name": "Acme"}])
    assert Contact.objects.live().get().name == "New"


def test_a_newer_deletion_ends_the_waiting(api: Api) -> None:
    api.bulk("contacts", [WAITING])
    late = api.call("delete", "contacts/salesforce/c/?source_updated_at=2026-02-15T00:00:00Z")
    assert late.json()["status"] == "deleted"
    api.bulk("accounts", [{"external_id": "later", "name": "Acme"}])
    assert not Contact.objects.exists()


def test_a_long_chain_waits_and_is_applied_in_one_batch_each(api: Api) -> None:
    length = 300
    chain = [
        {"external_id": f"n{number}", "name": f"Division {number}", "parent": f"n{number + 1}"}
        for number in range(length)
    ]
    assert api.bulk("accounts", chain)["pending"] == length
    before = Batch.objects.count()
    api.bulk("accounts", [{"external_id": f"n{length}", "name": "Head"}])
    assert Account.objects.filter(parent__isnull=False).count() == length
    assert not PendingRecord.objects.exists()
    assert Batch.objects.count() == before + 2
