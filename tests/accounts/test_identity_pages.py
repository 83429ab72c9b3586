"""The review queue and the pages of merges: who sees them, what they show, what their buttons do."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from accounts.identity.duplicates import find_duplicates
from accounts.identity.merge import merge_accounts
from accounts.identity.models import AccountMerge, DuplicatePair, SharedDomain
from accounts.models import Account
from sync.models import Link, PendingRecord
from tests.accounts.merging import make_company
from tests.sync.conftest import Api, make_api
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db
PAGES = ("", "apart/", "waiting/", "merges/")


@pytest.fixture
def api(db: None) -> Api:
    """The CRM's client."""
    return make_api()


@pytest.fixture
def revops(db: None) -> Client:
    """Somebody who decides."""
    return client_as("revops")


@pytest.fixture
def pair(api: Api) -> DuplicatePair:
    """Two accounts of one domain, found by the search."""
    make_company(api, "W", name="Acme Motors GmbH", domain="acme.com", country="DE", workspace_ids=["a"])
    make_company(api, "L", name="ACME Motors", domain="acme.com", industry="Rail", workspace_ids=["b"])
    find_duplicates(everything=True)
    return DuplicatePair.objects.select_related("low", "high").get()


def text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.content
    return response.content.decode()


@pytest.mark.parametrize("function", ["revops", "sales", "customer_success"])
def test_who_works_with_accounts_sees_the_queue(function: str, pair: DuplicatePair) -> None:
    client = client_as(function)
    for page in PAGES:
        text(client, f"/accounts/duplicates/{page}")
    shown = text(client, "/accounts/duplicates/")
    assert "Both use the web domain acme.com." in shown
    assert "salesforce W" in shown
    assert ("Not a duplicate</button>" in shown) is (function == "revops")
    assert 'href="/accounts/duplicates/"' in shown  # in the navigation too


@pytest.mark.parametrize("function", ["finance", "people", "product"])
def test_others_are_told_whom_to_ask(function: str) -> None:
    client = client_as(function)
    for page in PAGES:
        assert "Duplicates are for RevOps, sales and customer success." in text(
            client, f"/accounts/duplicates/{page}", 403
        )


def test_only_revops_decides(pair: DuplicatePair) -> None:
    client = client_as("sales")
    low, high = pair.low_id, pair.high_id
    assert client.get(f"/accounts/duplicates/merge/{low}/{high}/").status_code == 403
    for path in (
        f"/accounts/duplicates/merge/{low}/{high}/",
        f"/accounts/duplicates/{pair.pk}/dismiss/",
        "/accounts/duplicates/search/",
        "/accounts/duplicates/waiting/1/",
        "/accounts/duplicates/merges/1/undo/",
        "/accounts/duplicates/domains/",
        "/accounts/duplicates/domains/1/remove/",
    ):
        assert client.post(path).status_code == 403, path
    assert not AccountMerge.objects.exists()


def test_a_pair_is_dismissed_with_its_reason_and_offered_again(revops: Client, pair: DuplicatePair) -> None:
    path = f"/accounts/duplicates/{pair.pk}/dismiss/"
    answer = revops.post(path, {"reason": "Franchise", "next": "/accounts/duplicates/?after=x"})
    assert answer["Location"] == "/accounts/duplicates/?after=x"
    assert "No likely duplicates" in text(revops, "/accounts/duplicates/")
    assert "Franchise" in text(revops, "/accounts/duplicates/apart/")
    revops.post(f"/accounts/duplicates/{pair.pk}/offer/")
    assert "Both use the web domain" in text(revops, "/accounts/duplicates/")
    away = revops.post(path, {"next": "https://elsewhere.example/"})
    assert away["Location"] == "/accounts/duplicates/"


def test_the_preview_shows_both_sides_and_merges_as_chosen(pair: DuplicatePair) -> None:
    person = make_user("revops")
    client = client_of(person)
    path = f"/accounts/duplicates/merge/{pair.low_id}/{pair.high_id}/"
    shown = text(client, path)
    for part in (
        "Whose value stays",
        "Acme Motors GmbH",
        "ACME Motors",
        "Both lists joined",
        "Tickets",
        "Germany",
    ):
        assert part in shown, part
    assert "The accounts whose contracts move are marked anew." in shown
    answer = client.post(path, {"choice.name": "loser", "choice.workspace_ids": "both"}, follow=True)
    merge = AccountMerge.objects.get()
    assert answer.redirect_chain[-1][0] == f"/accounts/duplicates/merges/{merge.pk}/"
    assert "Take the merge back" in answer.content.decode()
    assert merge.merged_by == person
    winner = Account.objects.get(pk=pair.low_id)
    assert (winner.name, winner.industry, winner.workspace_ids) == ("ACME Motors", "Rail", ["a", "b"])


def test_taking_back_shows_first_what_has_changed_since(
    revops: Client, api: Api, pair: DuplicatePair
) -> None:
    merge = merge_accounts(winner=pair.low_id, loser=pair.high_id)
    page = f"/accounts/duplicates/merges/{merge.pk}/"
    assert "Nothing has changed since" in text(revops, page)
    api.bulk("contacts", [{"external_id": "since", "account": "L", "name": "Since"}])
    assert "nothing says that they belong to" in text(revops, page)
    answer = revops.post(f"{page}undo/", follow=True)
    shown = answer.content.decode()
    assert "are two accounts again" in shown
    assert "nothing says that they belong to" in shown
    assert "Taken back" in text(revops, "/accounts/duplicates/merges/")
    again = revops.post(f"{page}undo/", follow=True)
    assert "This merge has been taken back already." in again.content.decode()


def test_a_merge_of_a_merge_says_which_has_to_go_first(revops: Client, api: Api) -> None:
    one, two, three = (make_company(api, key).pk for key in "ABC")
    inner = merge_accounts(winner=two, loser=one)
    merge_accounts(winner=three, loser=two)
    shown = text(revops, f"/accounts/duplicates/merges/{inner.pk}/")
    assert "Take that merge back first." in shown
    assert "Take the merge back</button>" not in shown


def test_two_accounts_are_found_by_number_or_address(revops: Client, pair: DuplicatePair) -> None:
    path = "/accounts/duplicates/merges/new/"
    wanted = {"winner": str(pair.low_id), "loser": f"https://abe.example/accounts/{pair.high_id}/?lens=sales"}
    assert revops.get(path, wanted)["Location"] == f"/accounts/duplicates/merge/{pair.low_id}/{pair.high_id}/"
    assert revops.get(path, {"winner": "acme motors gmbh", "loser": " ACME Motors"})["Location"] == (
        f"/accounts/duplicates/merge/{pair.low_id}/{pair.high_id}/"
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Give an account"),
        ({"winner": "ACME Motors", "loser": "Nobody 3"}, "No account has exactly this name"),
        ({"winner": "ACME Motors", "loser": "acme.com"}, "Several accounts fit"),
        ({"winner": "ACME Motors", "loser": "99999999"}, "There is no account 99999999"),
        ({"winner": "ACME Motors", "loser": "\x00"}, "Give an account"),
        ({"winner": "ACME Motors", "loser": "٣"}, "No account has exactly"),
        ({"winner": "ACME Motors", "loser": "acme motors"}, "the same account"),
    ],
)
def test_an_account_that_is_not_found_keeps_what_was_typed(
    revops: Client, pair: DuplicatePair, given: dict[str, str], told: str
) -> None:
    answer = revops.get("/accounts/duplicates/merges/new/", given)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    if given:
        assert 'value="ACME Motors"' in answer.content.decode()


@pytest.mark.parametrize(
    ("low", "high", "status"), [("same", "same", 302), ("low", "unknown", 404), ("huge", "low", 404)]
)
def test_what_can_not_be_merged_is_said(
    revops: Client, pair: DuplicatePair, low: str, high: str, status: int
) -> None:
    ids = {"same": pair.low_id, "low": pair.low_id, "unknown": 10**15, "huge": 10**30}
    for send in (revops.get, revops.post):
        assert send(f"/accounts/duplicates/merge/{ids[low]}/{ids[high]}/").status_code == status


def test_choices_that_were_made_up_are_refused(revops: Client, pair: DuplicatePair) -> None:
    path = f"/accounts/duplicates/merge/{pair.low_id}/{pair.high_id}/"
    for made_up in ({"choice.nope": "winner"}, {"choice.name": "both"}, {"choice.name": "\x00"}):
        assert revops.post(path, made_up).status_code == 302
    assert not AccountMerge.objects.exists()


def waiting(api: Api) -> PendingRecord:
    api.bulk("accounts", [{"external_id": key, "name": f"Acme {key}", "domain": "acme.com"} for key in "AB"])
    make_api("zendesk").bulk("accounts", [{"external_id": "Z", "name": "Acme Zed", "domain": "acme.com"}])
    return PendingRecord.objects.get()


def test_a_waiting_record_is_attached_to_the_chosen_account(revops: Client, api: Api) -> None:
    record = waiting(api)
    shown = text(revops, "/accounts/duplicates/waiting/")
    assert "Acme Zed" in shown
    assert "Acme A" in shown
    chosen = Account.objects.get(name="Acme B")
    revops.post(f"/accounts/duplicates/waiting/{record.pk}/", {"account": str(chosen.pk)})
    assert Link.objects.get(external_id="Z").object_id == chosen.pk
    assert "No record waits for a decision" in text(revops, "/accounts/duplicates/waiting/")


def test_a_waiting_record_becomes_a_new_account(revops: Client, api: Api) -> None:
    record = waiting(api)
    for made_up in ({}, {"account": "x"}, {"account": "9" * 18}, {"account": "9" * 30}):
        assert revops.post(f"/accounts/duplicates/waiting/{record.pk}/", made_up).status_code == 302
    assert Account.objects.count() == 2
    revops.post(f"/accounts/duplicates/waiting/{record.pk}/", {"account": "new"})
    assert Account.objects.filter(name="Acme Zed").exists()


def test_shared_domains_are_added_and_removed(revops: Client) -> None:
    path = "/accounts/duplicates/domains/"
    revops.post(path, {"domain": "https://www.Agency.example/"})
    added = SharedDomain.objects.get(domain="agency.example")
    assert added.added_by is not None
    assert "agency.example" in text(revops, f"{path}?q=agency")
    for wrong in ("", "no domain", "\x00", "é" * 300):
        answer = revops.post(path, {"domain": wrong})
        assert answer.status_code == 422
        assert "This is no domain." in answer.content.decode()
    revops.post(f"{path}{added.pk}/remove/")
    assert not SharedDomain.objects.filter(domain="agency.example").exists()
    history = apps.get_model("accounts", "SharedDomainEvent").objects.filter(domain="agency.example")
    assert list(history.order_by("pgh_id").values_list("pgh_label", flat=True)) == ["insert", "delete"]


def test_the_search_is_handed_to_the_workers(revops: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[dict[str, Any]] = []
    monkeypatch.setattr("accounts.tasks.search_duplicates.delay", lambda **given: called.append(given))
    assert (
        "Searching all accounts." in revops.post("/accounts/duplicates/search/", follow=True).content.decode()
    )
    assert called == [{"everything": True}]


def test_markup_in_names_is_shown_as_text(revops: Client, api: Api) -> None:
    for key in "AB":
        make_company(api, key, name="<script>alert(1)</script>", domain="evil.example")
    find_duplicates(everything=True)
    pair = DuplicatePair.objects.get()
    for path in ("/accounts/duplicates/", f"/accounts/duplicates/merge/{pair.low_id}/{pair.high_id}/"):
        assert "<script>alert" not in text(revops, path)


def test_revops_first_screen_names_what_waits(revops: Client, api: Api, pair: DuplicatePair) -> None:
    panel = "/panels/accounts.duplicates/"
    assert f'href="/accounts/duplicates/merge/{pair.low_id}/{pair.high_id}/"' in text(revops, panel)
    make_api("zendesk").bulk("accounts", [{"external_id": "Z", "name": "Zed", "domain": "acme.com"}])
    assert "1 record waits for a decision" in text(revops, panel)
