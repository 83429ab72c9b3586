"""Old ids keep working after a merge: in the API, its feeds and filters, and on pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account
from sync.models import Redirect
from tests.accounts.merging import account_of, make_company
from tests.sync.conftest import Api, make_api, settle
from tests.users import client_as


@pytest.fixture
def api() -> Api:
    """The CRM's client."""
    return make_api()


@pytest.fixture
def chain(api: Api) -> tuple[Account, Account, Account]:
    """An account merged into a second one that was merged into a third."""
    accounts = make_company(api, "A"), make_company(api, "B"), make_company(api, "C")
    merge_accounts(winner=accounts[1].pk, loser=accounts[0].pk)
    merge_accounts(winner=accounts[2].pk, loser=accounts[1].pk)
    return accounts


@pytest.mark.django_db
def test_the_old_id_gives_the_account_it_is_part_of(api: Api, chain: tuple[Account, ...]) -> None:
    first, second, third = (account.pk for account in chain)
    for pk in (first, second):
        record = api.get(f"accounts/{pk}/")
        assert (record["id"], record["merged_into"], record["deleted"]) == (str(third), str(third), False)
        assert api.get(f"accounts/{pk}/360/")["id"] == str(third)
    assert api.get(f"accounts/{third}/")["merged_into"] is None
    assert api.call("get", f"accounts/{10**15}/").status_code == 404


@pytest.mark.django_db
def test_the_old_id_as_of_a_day_names_what_it_was_part_of_then(api: Api, chain: tuple[Account, ...]) -> None:
    first, second, third = (account.pk for account in chain)
    Redirect.objects.filter(old_id=second).update(started_at=timezone.now() + timedelta(days=1))
    between, after = (
        (timezone.now() + timedelta(days=days)).isoformat().replace("+00:00", "Z") for days in (0, 2)
    )
    for moment, target in ((between, second), (after, third)):
        record = api.get(f"accounts/{first}/?as_of={moment}")
        assert (record["id"], record["deleted"], record["merged_into"]) == (str(first), True, str(target))
    assert api.get(f"accounts/{third}/?as_of={after}")["merged_into"] is None


@pytest.mark.django_db
def test_the_source_and_external_id_of_a_merged_account_give_the_other(
    api: Api, chain: tuple[Account, ...]
) -> None:
    for key in ("A", "B", "C"):
        assert api.get(f"accounts/salesforce/{key}/")["id"] == str(chain[2].pk)
    named = {item["external_id"] for item in api.get("accounts/salesforce/A/")["external_ids"]}
    assert named == {"A", "B", "C"}


@pytest.mark.django_db(transaction=True)
def test_the_feed_names_what_an_account_was_merged_into(api: Api, chain: tuple[Account, ...]) -> None:
    first, second, third = (str(account.pk) for account in chain)
    settle()
    listed = {record["id"]: record for record in api.get("accounts/")["results"]}
    assert {pk: record["merged_into"] for pk, record in listed.items()} == {
        first: third,
        second: third,
        third: None,
    }
    assert listed[first]["deleted"] is True
    assert listed[third]["deleted"] is False


@pytest.mark.django_db(transaction=True)
def test_a_filter_by_an_old_id_finds_the_children(api: Api, chain: tuple[Account, ...]) -> None:
    settle()
    assert len(api.get(f"tickets/?account={chain[0].pk}")["results"]) == 6


@pytest.mark.django_db
def test_an_old_page_leads_to_the_new_one_with_lens_and_a_notice(chain: tuple[Account, ...]) -> None:
    client = client_as("sales")
    first, third = chain[0].pk, chain[2].pk
    response = client.get(f"/accounts/{first}/?lens=finance")
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/{third}/?lens=finance"
    shown = client.get(response["Location"]).content.decode()
    assert f"Company A ({first}) was merged into" in shown
    for path in ("timeline/", "panels/accounts.profile/"):
        assert client.get(f"/accounts/{first}/{path}")["Location"] == f"/accounts/{third}/{path}"


@pytest.mark.django_db
def test_a_deleted_account_that_was_not_merged_stays_unknown(api: Api) -> None:
    account = make_company(api, "gone")
    api.call("delete", "accounts/salesforce/gone/")
    assert client_as("sales").get(f"/accounts/{account.pk}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_redirects_end_with_the_merge(api: Api) -> None:
    winner, loser = make_company(api, "W"), make_company(api, "L")
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    unmerge_accounts(merge=merge.pk)
    assert api.get(f"accounts/{loser.pk}/")["id"] == str(loser.pk)
    assert account_of(api, "L") == loser
    assert client_as("sales").get(f"/accounts/{loser.pk}/").status_code == 200
    settle()
    listed = {record["id"]: record["merged_into"] for record in api.get("accounts/")["results"]}
    assert set(listed.values()) == {None}
