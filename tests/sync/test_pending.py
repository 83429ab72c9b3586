"""Records that come before what they point to."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Account, Contact
from finance.models import Contract, ContractLine
from sync.models import Batch, PendingRecord, Source
from sync.pipeline.decode import decode_body
from sync.pipeline.run import run_batch
from sync.pipeline.waiting import store_waiting
from sync.registry import resources
from sync.tasks import apply_pending_records
from tests.sync.conftest import Api

ACCOUNT = {"external_id": "a", "name": "Acme"}
CONTACT = {"external_id": "c", "account": "a", "name": "Bo", "source_updated_at": "2026-01-02T00:00:00Z"}
CONTRACT = {
    "external_id": "k",
    "account": "a",
    "start_on": "2026-01-01",
    "end_on": "2026-06-01",
    "currency": "EUR",
}
LINE = {
    "external_id": "l",
    "contract": "k",
    "product": "Seats",
    "start_on": "2026-01-01",
    "amount": 1,
    "billing_period": "month",
}


def test_a_record_waits_for_its_reference_and_is_applied_with_it(api: Api) -> None:
    answer = api.bulk("contacts", [CONTACT])
    error = answer["results"][0]["errors"][0]
    assert (answer["pending"], error["field"], error["code"]) == (1, "account", "reference_missing")
    assert api.statuses("contacts", [CONTACT]) == ["pending"]
    assert PendingRecord.objects.count() == 1
    api.bulk("accounts", [ACCOUNT])
    assert Contact.objects.get().name == "Bo"
    assert not PendingRecord.objects.exists()
    assert Batch.objects.filter(mode="pending", created=1).exists()


def test_a_chain_of_waiting_records_is_applied_whole(api: Api) -> None:
    assert api.statuses("contract-lines", [LINE]) == ["pending"]
    assert api.statuses("contracts", [CONTRACT]) == ["pending"]
    api.bulk("accounts", [ACCOUNT])
    assert ContractLine.objects.get().contract.account.name == "Acme"


def test_the_beat_applies_what_no_batch_did(api: Api) -> None:
    api.bulk("contacts", [CONTACT])
    source = Batch.objects.get().source
    # As when the process dies between the commit of a batch and the look at who waits for it.
    run_batch(
        resource=resources["accounts"],
        source=source,
        decoded=decode_body(b'[{"external_id": "a", "name": "Acme"}]', resources["accounts"], lines=False),
    )
    assert not Contact.objects.exists()
    assert apply_pending_records() == 1
    assert Contact.objects.get().account.name == "Acme"
    assert apply_pending_records() == 0


def test_a_batch_looks_only_at_who_waits_for_what_it_brought(api: Api) -> None:
    api.bulk("contacts", [CONTACT])
    source = Batch.objects.get().source
    run_batch(
        resource=resources["accounts"],
        source=source,
        decoded=decode_body(b'[{"external_id": "a", "name": "Acme"}]', resources["accounts"], lines=False),
    )
    api.bulk("contacts", [CONTACT | {"external_id": "d", "account": "b"}])
    api.bulk("accounts", [ACCOUNT | {"external_id": "b"}])
    assert [contact.account.name for contact in Contact.objects.all()] == ["Acme"]
    assert PendingRecord.objects.get().external_id == "c"
    assert apply_pending_records() == 1


def test_a_record_whose_reference_came_while_its_batch_ran_is_applied_after_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source.objects.get()

    def store(run: Any, rows: Any) -> None:
        store_waiting(run, rows)
        if run.resource.key == "contacts":
            accounts = decode_body(b'[{"external_id": "a", "name": "A"}]', resources["accounts"], lines=False)
            run_batch(resource=resources["accounts"], source=source, decoded=accounts)

    monkeypatch.setattr("sync.pipeline.run.store_waiting", store)
    assert api.statuses("contacts", [CONTACT]) == ["pending"]
    assert Contact.objects.get().account.name == "A"


def test_what_an_applied_record_brings_is_followed_on(api: Api, api_for: Any) -> None:
    billing = api_for(source="stripe")
    crm_account = {"source": "salesforce", "external_id": "a"}
    assert billing.statuses("contracts", [CONTRACT | {"account": crm_account}]) == ["pending"]
    line = LINE | {"contract": {"source": "stripe", "external_id": "k"}}
    assert api.statuses("contract-lines", [line]) == ["pending"]
    api.bulk("accounts", [ACCOUNT])
    assert ContractLine.objects.get().contract.account.name == "Acme"


def test_a_newer_state_is_laid_over_the_waiting_one_and_an_older_is_stale(api: Api) -> None:
    api.bulk("contacts", [CONTACT])
    newer = {"external_id": "c", "title": "CFO", "source_updated_at": "2026-01-03T00:00:00Z"}
    older = CONTACT | {"name": "Old", "source_updated_at": "2026-01-01T00:00:00Z"}
    assert api.statuses("contacts", [newer]) == ["pending"]
    assert api.statuses("contacts", [older]) == ["stale"]
    api.bulk("accounts", [ACCOUNT])
    contact = Contact.objects.get()
    assert (contact.name, contact.title) == ("Bo", "CFO")


def test_a_waiting_record_that_gets_another_reference_waits_no_more(api: Api) -> None:
    api.bulk("accounts", [ACCOUNT | {"external_id": "b"}])
    api.bulk("contacts", [CONTACT])
    assert api.statuses("contacts", [{"external_id": "c", "account": "b"}]) == ["created"]
    assert not PendingRecord.objects.exists()


def test_a_waiting_record_that_proves_wrong_stays_listed_with_its_error(api: Api) -> None:
    api.bulk("contracts", [CONTRACT | {"end_on": "2025-01-01"}])
    api.bulk("accounts", [ACCOUNT])
    waiting = PendingRecord.objects.get()
    assert (waiting.code, waiting.field) == ("not_after_start", "end_on")
    assert apply_pending_records() == 0
    assert api.statuses("contracts", [CONTRACT]) == ["created"]
    assert not PendingRecord.objects.exists()
    assert Contract.objects.count() == 1


def test_parents_of_the_same_batch_are_found_in_any_order(api: Api) -> None:
    chain = [
        {"external_id": f"a{depth}", "name": f"Level {depth}", "parent": f"a{depth - 1}" if depth else None}
        for depth in reversed(range(5))
    ]
    assert api.statuses("accounts", chain) == ["created"] * 5
    assert Account.objects.get(external("a4")).parent.parent.parent.parent.name == "Level 0"  # type: ignore[union-attr]


def test_a_division_of_a_refused_parent_waits(api: Api) -> None:
    answer = api.bulk(
        "accounts",
        [
            {"external_id": "child", "name": "C", "parent": "mother"},
            {"external_id": "grandchild", "name": "G", "parent": "child"},
            {"external_id": "mother", "name": "M", "parent": "mother"},
        ],
    )
    assert [result["status"] for result in answer["results"]] == ["pending", "pending", "rejected"]
    assert answer["results"][2]["errors"][0] == {
        "field": "parent",
        "code": "circular_reference",
        "detail": "This would make the record its own ancestor.",
    }
    assert api.statuses("accounts", [{"external_id": "mother", "name": "M"}]) == ["created"]
    assert Account.objects.count() == 3


def test_circles_through_held_parents_are_refused_but_places_can_be_swapped(api: Api) -> None:
    api.bulk(
        "accounts",
        [
            {"external_id": "top", "name": "Top"},
            {"external_id": "middle", "name": "Middle", "parent": "top"},
            {"external_id": "low", "name": "Low", "parent": "middle"},
        ],
    )
    assert api.statuses("accounts", [{"external_id": "top", "parent": "low"}]) == ["rejected"]
    swap: list[dict[str, Any]] = [
        {"external_id": "top", "parent": "middle"},
        {"external_id": "middle", "parent": None},
    ]
    assert api.statuses("accounts", swap) == ["updated", "updated"]
    assert api.statuses("accounts", [{"external_id": "top", "billing_parent": "top"}]) == ["rejected"]


def external(external_id: str) -> Any:
    """Return the condition that finds an account by its external id."""
    from django.db.models import Q

    from sync.models import Link

    return Q(pk__in=Link.objects.filter(external_id=external_id).values("object_id"))
