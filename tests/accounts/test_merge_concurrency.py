"""Merges beside batches that write the same accounts: each waits for the other, and nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction

from accounts.identity import claims
from accounts.identity.errors import MergeRefused
from accounts.identity.merge import merge_accounts, preview_merge
from accounts.identity.models import AccountMerge
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account, Contact
from support.models import Ticket
from sync.connectors import write
from sync.connectors.mapping import MappedPage
from sync.declarations import Resource
from sync.models import Source
from sync.pipeline.batch import Outcome
from tests.accounts.merging import make_company
from tests.sync.conftest import Api, make_api

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all in threads of their own; return what each returned or raised."""
    results: list[Any] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(place: int) -> None:
        barrier.wait(20)
        try:
            results[place] = works[place]()
        except Exception as error:  # noqa: BLE001 - shown by the assertions
            results[place] = error
        connections.close_all()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def test_batches_of_either_account_beside_a_merge_lose_nothing() -> None:
    api = make_api()
    for turn in range(4):
        winner, loser = make_company(api, f"W{turn}"), make_company(api, f"L{turn}")
        contacts = [
            {"external_id": f"{turn}-{n}", "account": f"{'WL'[n % 2]}{turn}", "name": f"N {n}"}
            for n in range(40)
        ]
        updates = [{"external_id": f"{side}{turn}", "employees": 5} for side in "WL"]
        merge, brought, updated = at_once(
            lambda winner=winner, loser=loser: merge_accounts(winner=winner.pk, loser=loser.pk),
            lambda contacts=contacts: Api(api.secret).bulk("contacts", contacts),
            lambda updates=updates: Api(api.secret).bulk("accounts", updates),
        )
        assert isinstance(merge, AccountMerge), merge
        assert brought["created"] == 40
        assert updated["rejected"] == updated["pending"] == 0
        assert Contact.objects.filter(account=winner).count() == 46
        assert not Contact.objects.filter(account=loser).exists()
        winner.refresh_from_db()
        assert winner.employees == 5


def test_unmerging_beside_a_batch_leaves_no_row_behind() -> None:
    api = make_api()
    winner, loser = make_company(api, "W"), make_company(api, "L")
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    tickets = [
        {
            "external_id": f"n{n}",
            "account": "L",
            "subject": "Q",
            "priority": "low",
            "status": "open",
            "opened_at": "2026-11-10T10:00:00Z",
        }
        for n in range(50)
    ]
    plan, brought = at_once(
        lambda: unmerge_accounts(merge=merge.pk),
        lambda: Api(api.secret).bulk("tickets", tickets),
    )
    assert not isinstance(plan, Exception), plan
    assert brought["created"] == 50
    assert Ticket.objects.filter(account__in=[winner, loser]).count() == 54
    assert Ticket.objects.filter(account=loser).count() in {2, 52}


def test_of_two_merges_of_one_account_one_is_refused() -> None:
    api = make_api()
    one, two, three = (make_company(api, key) for key in "ABC")
    outcomes = at_once(
        lambda: merge_accounts(winner=one.pk, loser=two.pk),
        lambda: merge_accounts(winner=three.pk, loser=two.pk),
        lambda: merge_accounts(winner=two.pk, loser=one.pk),
    )
    merges = [item for item in outcomes if isinstance(item, AccountMerge)]
    assert len(merges) in {1, 2}
    refused = [item for item in outcomes if isinstance(item, MergeRefused)]
    assert len(merges) + len(refused) == 3
    assert {item.code for item in refused} <= {"already_merged"}
    live = Account.objects.filter(deleted_at=None)
    assert live.count() == 3 - len(merges)
    assert Contact.objects.filter(account__in=live).count() == 9


def test_a_page_of_a_connector_and_a_merge_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    api = make_api()
    winner, loser = make_company(api, "W"), make_company(api, "L")
    started = threading.Event()
    real = write.apply_records

    def slow(resource: Resource, source: Source, records: list[dict[str, Any]]) -> Outcome:
        outcome = real(resource, source, records)
        if resource.key == "contracts":
            started.set()
            time.sleep(1)  # the merge asks for its turn meanwhile
        return outcome

    def page() -> Any:
        day = {"start_on": "2026-01-01"}
        contract = day | {"external_id": "k", "account": "W", "currency": "EUR"}
        line = day | {
            "external_id": "l",
            "contract": "k",
            "product": "P",
            "amount": "1",
            "billing_period": "month",
        }
        mapped = MappedPage({"contracts": [contract], "contract-lines": [line]})
        with transaction.atomic():
            return write.apply_mapped(Source.objects.get(slug="salesforce"), mapped, []).counts["created"]

    def merge() -> Any:
        started.wait(20)
        return merge_accounts(winner=winner.pk, loser=loser.pk).loser_id

    monkeypatch.setattr(write, "apply_records", slow)
    assert at_once(page, merge) == [2, loser.pk]


def test_a_preview_and_a_batch_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    api, desk = make_api(), make_api("zendesk")
    winner, loser = make_company(api, "W"), make_company(api, "L", domain="l.example")
    desk.bulk("accounts", [{"external_id": "Z", "name": "L", "domain": "l.example"}])
    started = threading.Event()
    real = claims.share_objects

    def slow(**options: Any) -> None:
        real(**options)
        started.set()
        time.sleep(1)  # the batch comes as far as it can meanwhile

    def batch() -> list[str]:
        started.wait(20)
        return api.statuses("accounts", [{"external_id": key, "industry": "Rail"} for key in ("L", "W")])

    monkeypatch.setattr(claims, "share_objects", slow)
    preview, statuses = at_once(lambda: preview_merge(winner=winner.pk, loser=loser.pk).winner.pk, batch)
    assert (preview, statuses) == (winner.pk, ["updated", "updated"])
