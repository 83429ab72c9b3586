"""Taking merges back: in which order, and what becomes of what has changed since."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.identity.errors import MergeRefused
from accounts.identity.merge import merge_accounts
from accounts.identity.unmerge import plan_unmerge, unmerge_accounts
from accounts.models import Account, Contact, TimelineEvent
from product.models import UsageEvent
from support.models import Ticket
from sync.models import Link, Redirect
from sync.redirects import target_of
from tests.accounts.merging import (
    account_of,
    difference,
    make_api,
    make_company,
    snapshot,
)
from tests.sync.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    """The CRM's client."""
    return make_api()


def test_divisions_that_came_since_return_where_their_source_knew_only_the_loser(api: Api) -> None:
    desk = make_api("zendesk")
    winner = make_company(api, "W")
    desk.bulk("accounts", [{"external_id": "Z", "name": "Zed"}])
    loser = account_of(desk, "Z", "zendesk")
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    desk.bulk("accounts", [{"external_id": "ZD", "name": "Division of Zed", "parent": "Z"}])
    assert account_of(desk, "ZD", "zendesk").parent_id == winner.pk
    plan = unmerge_accounts(merge=merge.pk)
    assert account_of(desk, "ZD", "zendesk").parent_id == loser.pk
    assert ("divisions", "loser") in {(conflict.what, conflict.where) for conflict in plan.conflicts}


def test_merges_of_merges_resolve_and_are_undone_in_order(api: Api) -> None:
    first, second, third = (make_company(api, key, domain=f"{key}.com".lower()) for key in "ABC")
    before = snapshot()
    inner = merge_accounts(winner=second.pk, loser=first.pk, choices={"name": "loser"})
    between = snapshot()
    outer = merge_accounts(winner=third.pk, loser=second.pk)
    assert Ticket.objects.filter(account=third).count() == 6
    assert target_of("accounts", first.pk) == third.pk
    with pytest.raises(MergeRefused, match="Take that merge back first") as refused:
        unmerge_accounts(merge=inner.pk)
    assert refused.value.code == "merged_further"
    unmerge_accounts(merge=outer.pk)
    assert difference(between, snapshot()) == {}
    assert target_of("accounts", first.pk) == second.pk
    unmerge_accounts(merge=inner.pk)
    assert difference(before, snapshot()) == {}
    assert not Redirect.objects.filter(ended_at=None).exists()


def test_an_earlier_merge_into_the_same_account_can_be_undone_first(api: Api) -> None:
    winner, one, two = (make_company(api, key) for key in ("W", "one", "two"))
    before = snapshot()
    earlier = merge_accounts(winner=winner.pk, loser=one.pk, choices={"name": "loser"})
    later = merge_accounts(winner=winner.pk, loser=two.pk, choices={"name": "loser"})
    plan = unmerge_accounts(merge=earlier.pk)
    winner.refresh_from_db()
    assert winner.name == "Company two"
    assert [conflict.field for conflict in plan.conflicts] == ["name"]
    assert "later merge" in plan.conflicts[0].why
    unmerge_accounts(merge=later.pk)
    assert difference(before, snapshot()) == {}


def test_a_merge_is_undone_once(api: Api) -> None:
    merge = merge_accounts(winner=make_company(api, "W").pk, loser=make_company(api, "L").pk)
    unmerge_accounts(merge=merge.pk)
    for pk, code in ((merge.pk, "already_unmerged"), (10**9, "unknown_merge")):
        with pytest.raises(MergeRefused) as refused:
            unmerge_accounts(merge=pk)
        assert refused.value.code == code
    again = merge_accounts(winner=merge.winner_id, loser=merge.loser_id)
    assert again.pk != merge.pk


def test_what_changed_since_stays_and_is_reported(api: Api) -> None:
    winner, loser, third = (make_company(api, key) for key in ("W", "L", "T"))
    merge = merge_accounts(winner=winner.pk, loser=loser.pk, choices={"name": "loser"})
    api.bulk(
        "accounts",
        [{"external_id": "W", "name": "Renamed since", "source_updated_at": "2026-11-20T00:00:00Z"}],
    )
    api.bulk("contacts", [{"external_id": "L-c0", "account": "T"}])
    Ticket.objects.filter(account=winner).order_by("pk").last().delete()  # type: ignore[union-attr]
    api.bulk("tickets", [ticket("since")])
    planned = plan_unmerge(merge=merge.pk)
    plan = unmerge_accounts(merge=merge.pk)
    assert plan.conflicts == planned.conflicts
    told = {(conflict.what, conflict.where): conflict for conflict in plan.conflicts}
    assert told["contacts", "elsewhere"].count == 1
    assert told["tickets", "gone"].count == 1
    assert told["tickets", "winner"].count == 1
    assert (
        told["Name", "winner"].why
        == "It was changed since to Renamed since; before the merge it held Company W."
    )
    winner.refresh_from_db()
    assert winner.name == "Renamed since"
    assert Contact.objects.filter(account=loser).count() == 2
    assert Contact.objects.filter(account=third).count() == 4
    merge.refresh_from_db()
    assert len(merge.report) == len(plan.conflicts)


def ticket(key: str, account: str = "L") -> dict[str, Any]:
    return {
        "external_id": key,
        "account": account,
        "subject": "Since",
        "priority": "low",
        "status": "open",
        "opened_at": "2026-11-10T10:00:00Z",
    }


def test_what_came_since_from_a_source_that_knew_only_the_loser_returns_with_it(api: Api) -> None:
    desk = make_api("zendesk")
    winner = make_company(api, "W")
    desk.bulk("accounts", [{"external_id": "Z", "name": "Zed"}])
    loser = account_of(desk, "Z", "zendesk")
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    desk.bulk("tickets", [ticket("z1", "Z"), ticket("z2", "Z")])
    api.bulk("tickets", [ticket("s1", "W")])
    use = {"external_id": "u", "account": "Z", "event": "used", "occurred_at": "2026-11-10T10:00:00Z"}
    desk.bulk("usage-events", [use])
    plan = unmerge_accounts(merge=merge.pk)
    assert Ticket.objects.filter(account=loser).count() == 2
    assert UsageEvent.objects.filter(account=loser).count() == 1
    assert Ticket.objects.filter(account=winner).count() == 3
    assert TimelineEvent.objects.filter(account=loser, kind__startswith="support.").count() == 2
    told = {(conflict.what, conflict.where): conflict.count for conflict in plan.conflicts}
    assert told["tickets", "loser"] == 2
    assert told["tickets", "winner"] == 1
    # The same bytes must not be taken for a repeat: which account they mean has changed.
    links = Link.objects.filter(resource="tickets", external_id__in=["z1", "z2", "s1"])
    assert set(links.values_list("digest", flat=True)) == {None}


def test_an_account_whose_records_were_deleted_since_comes_back_deleted(api: Api) -> None:
    winner, loser = make_company(api, "W"), make_company(api, "L")
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    api.call("delete", "accounts/salesforce/L/")
    winner.refresh_from_db()
    assert winner.deleted_at is None
    plan = unmerge_accounts(merge=merge.pk)
    loser.refresh_from_db()
    assert loser.deleted_at is not None
    assert [conflict.what for conflict in plan.conflicts] == ["Company L"]


def test_a_parent_that_would_close_a_circle_by_now_is_left_out(api: Api) -> None:
    api.bulk("accounts", [{"external_id": key, "name": key} for key in ("top", "W")])
    api.bulk("accounts", [{"external_id": "L", "name": "L", "parent": "top"}])
    api.bulk("accounts", [{"external_id": "X", "name": "X", "parent": "L"}])
    merge = merge_accounts(
        winner=account_of(api, "W").pk, loser=account_of(api, "L").pk, choices={"parent": "winner"}
    )
    api.bulk("accounts", [{"external_id": "top", "parent": "X"}])
    loser = merge.loser_id
    plan = unmerge_accounts(merge=merge.pk)
    assert Account.objects.get(pk=loser).parent_id is None
    assert account_of(api, "X").parent_id == loser
    assert [(conflict.what, conflict.where) for conflict in plan.conflicts] == [("Parent", "loser")]


def test_what_a_source_says_since_goes_back_with_its_record(api: Api) -> None:
    desk = make_api("zendesk")
    winner = make_company(api, "W", industry="Energy")
    desk.bulk("accounts", [{"external_id": "Z", "name": "Zed"}])
    loser = account_of(desk, "Z", "zendesk")
    merge = merge_accounts(winner=winner.pk, loser=loser.pk, choices={"name": "winner"})
    desk.bulk(
        "accounts", [{"external_id": "Z", "industry": "Rail", "source_updated_at": "2027-01-01T00:00:00Z"}]
    )
    winner.refresh_from_db()
    assert winner.industry == "Rail"
    plan = unmerge_accounts(merge=merge.pk)
    winner.refresh_from_db()
    loser.refresh_from_db()
    assert (winner.name, winner.industry) == ("Company W", "Energy")
    assert (loser.name, loser.industry) == ("Zed", "Rail")
    assert {(conflict.field, conflict.where) for conflict in plan.conflicts} == {
        ("industry", "winner"),
        ("industry", "loser"),
    }


def test_what_a_source_said_while_merged_is_reported_and_counts_when_it_is_sent_again(api: Api) -> None:
    winner, loser = make_company(api, "W"), make_company(api, "L")
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    moved = {"external_id": "L-c0", "account": "W", "name": "Person 0", "email": "p0@l.example"}
    assert api.statuses("contacts", [moved]) == ["unchanged"]
    assert plan_unmerge(merge=merge.pk).conflicts == unmerge_accounts(merge=merge.pk).conflicts
    merge.refresh_from_db()
    assert [(item["what"], item["where"], item["count"]) for item in merge.report] == [
        ("contacts", "loser", 1)
    ]
    assert api.statuses("contacts", [moved]) == ["updated"]
    assert Contact.objects.get(name="Person 0", email="p0@l.example").account_id == winner.pk
    # The others said nothing new, and are known as repeats.
    links = Link.objects.filter(resource="contacts", external_id__in=["L-c1", "L-c2"])
    assert None not in links.values_list("digest", flat=True)
