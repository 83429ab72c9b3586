"""Lists of two accounts made one: what the records of one source say of a list is joined."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.identity.merge import merge_accounts
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account
from sync.models import Change, Pin
from sync.provenance.reading import conflicting_fields
from sync.provenance.services import set_precedence
from sync.provenance.settling import settle_shared
from sync.registry import resources
from tests.accounts.merging import make_api, make_company
from tests.sync.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    """The CRM's client."""
    return make_api()


def lists_of(*accounts: Account) -> list[list[str]]:
    """Return the workspaces of accounts as they are held now."""
    held = Account.objects.in_bulk([account.pk for account in accounts])
    return [held[account.pk].workspace_ids for account in accounts]


def test_a_joined_list_outlives_every_update_of_either_record(api: Api) -> None:
    winner = make_company(api, "W", workspace_ids=["w1"])
    loser = make_company(api, "L", workspace_ids=["l1"])
    merge = merge_accounts(winner=winner.pk, loser=loser.pk, choices={"workspace_ids": "both"})
    assert not Pin.objects.exists()

    def send(external_id: str, month: int, **fields: Any) -> list[str]:
        sent = {"external_id": external_id, "source_updated_at": f"2027-{month:02}-01T00:00:00Z"} | fields
        api.bulk("accounts", [sent])
        return lists_of(winner)[0]

    assert lists_of(winner) == [["w1", "l1"]]
    assert send("W", 1, employees=7) == ["w1", "l1"]
    assert send("W", 2, workspace_ids=["w1", "w2"]) == ["w1", "w2", "l1"]
    assert send("L", 3, workspace_ids=["l2", "w1"]) == ["w1", "w2", "l2"]
    assert send("W", 4, workspace_ids=["w2"]) == ["w2", "l2", "w1"]  # the other record still has w1
    assert send("L", 5, workspace_ids=["l2"]) == ["w2", "l2"]
    assert send("W", 6, workspace_ids=[]) == ["l2"]
    assert send("W", 7, workspace_ids=["w3"]) == ["w3", "l2"]
    assert conflicting_fields(resources["accounts"], winner.pk).isdisjoint({"workspace_ids"})
    unmerge_accounts(merge=merge.pk)
    assert lists_of(winner, loser) == [["w3"], ["l2"]]
    merge_accounts(winner=winner.pk, loser=loser.pk, choices={"workspace_ids": "loser"})
    assert Pin.objects.get().value == ["l2"]
    assert send("W", 8, workspace_ids=["w4"]) == ["l2"]


def test_of_two_records_in_one_call_the_list_is_joined_once(api: Api) -> None:
    winner = make_company(api, "W", workspace_ids=["w1"])
    loser = make_company(api, "L", workspace_ids=["l1"])
    merge_accounts(winner=loser.pk, loser=winner.pk)
    assert lists_of(loser) == [["w1", "l1"]]  # in the order of the records, whichever account stays
    sent = [{"external_id": name, "workspace_ids": ["x", name], "name": "One"} for name in ("L", "W")]
    assert api.statuses("accounts", sent) == ["updated", "updated"]
    assert lists_of(loser) == [["x", "W", "L"]]
    change = Change.objects.filter(object_id=loser.pk, batch__isnull=False).latest("pk")
    assert change.source is not None
    assert change.source.slug == "salesforce"
    assert api.statuses("accounts", sent) == ["unchanged", "unchanged"]


def test_the_records_of_the_source_that_counts_are_joined(api: Api) -> None:
    billing = make_api(source="stripe")
    winner = make_company(api, "W", domain="w.example", workspace_ids=["w1"])
    loser = make_company(api, "L", domain="l.example", workspace_ids=["l1"])
    attached = [
        {"external_id": f"b{name}", "name": name, "domain": f"{name}.example", "workspace_ids": [f"b{name}"]}
        for name in ("w", "l")
    ]
    set_precedence(resource=resources["accounts"], field="", sources=["salesforce", "stripe"])
    billing.bulk("accounts", attached)
    merge_accounts(winner=winner.pk, loser=loser.pk)
    assert lists_of(winner) == [["w1", "l1"]]
    set_precedence(resource=resources["accounts"], field="workspace_ids", sources=["stripe"])
    settle_shared(resource=resources["accounts"])
    assert lists_of(winner) == [["bl", "bw"]]
    billing.bulk("accounts", [{"external_id": "bw", "workspace_ids": []}])
    assert lists_of(winner) == [["bl"]]
    billing.bulk("accounts", [{"external_id": "bl", "workspace_ids": []}])
    assert lists_of(winner) == [["w1", "l1"]]
    assert api.call("delete", "accounts/salesforce/L/").status_code == 200
    assert lists_of(winner) == [["w1"]]


def test_a_list_of_another_source_is_joined_only_where_somebody_says_so(api: Api) -> None:
    winner = make_company(api, "W", workspace_ids=["w1"])
    make_api(source="stripe").bulk("accounts", [{"external_id": "L", "name": "L", "workspace_ids": ["l1"]}])
    loser = Account.objects.get(name="L")
    set_precedence(resource=resources["accounts"], field="", sources=["salesforce", "stripe"])
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    assert lists_of(winner) == [["w1"]]
    unmerge_accounts(merge=merge.pk)
    merge = merge_accounts(winner=winner.pk, loser=loser.pk, choices={"workspace_ids": "both"})
    assert Pin.objects.get().value == ["w1", "l1"]
    unmerge_accounts(merge=merge.pk)
    assert lists_of(winner, loser) == [["w1"], ["l1"]]
