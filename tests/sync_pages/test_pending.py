"""Records that wait, on pages: found, looked into, tried again, given up."""

from __future__ import annotations

import html as markup

import pytest
from django.test import Client

from accounts.models import Contact
from sync.models import DiscardedRecord, PendingRecord
from tests.sync.conftest import Api, make_api
from tests.users import client_as

pytestmark = pytest.mark.django_db

LIST = "/sync/pending/"


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


@pytest.fixture
def api() -> Api:
    """The CRM, three of whose contacts wait for an account."""
    api = make_api()
    api.bulk(
        "contacts",
        [
            {"external_id": f"c{n}", "account": "a", "name": f"N <b>{n}", "custom": {"x": [1][0]}}
            for n in range(3)
        ],
    )
    return api


def ids() -> list[int]:
    return list(PendingRecord.objects.order_by("pk").values_list("pk", flat=True))


def page(client: Client, address: str) -> str:
    return markup.unescape(client.get(address).content.decode())


def test_a_record_shows_all_that_its_source_said_and_why_it_waits(revops: Client, api: Api) -> None:
    assert f"{LIST}{ids()[0]}/" in page(revops, LIST)
    html = revops.get(f"{LIST}{ids()[0]}/").content.decode()
    assert "N &lt;b&gt;0" in html
    assert "No account with external id" in html
    assert "reference_missing" in html
    assert "waits for another record" in html


def test_a_try_without_what_is_missing_says_that_it_still_waits(revops: Client, api: Api) -> None:
    response = revops.post(f"{LIST}retry/", {"id": ids()}, follow=True)
    assert "Tried again: 3 still waiting." in response.content.decode()
    assert PendingRecord.objects.count() == 3


def test_chosen_records_are_tried_again(revops: Client, api: Api) -> None:
    PendingRecord.objects.update(code="overlap", detail="Ends before it starts.")
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    assert not Contact.objects.exists()
    response = revops.post(f"{LIST}retry/", {"id": ids()[:2], "back": f"{LIST}?kind=decision"})
    assert response["Location"] == f"{LIST}?kind=decision"
    assert "Tried again: 2 applied." in page(revops, LIST)
    assert Contact.objects.count() == 2


def test_everything_that_fits_the_filters_is_tried_again(revops: Client, api: Api) -> None:
    make_api(source="hubspot").bulk("contacts", [{"external_id": "h", "account": "a", "name": "H"}])
    PendingRecord.objects.update(code="overlap")
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    revops.post(f"{LIST}retry/", {"everything": "1", "source": "salesforce"})
    assert Contact.objects.count() == 3
    assert PendingRecord.objects.count() == 1


def test_discarding_asks_for_a_reason_and_keeps_the_record(revops: Client, api: Api) -> None:
    first, second, third = ids()
    asked = revops.post(f"{LIST}discard/", {"id": [first, second]})
    assert "Discard 2 records?" in asked.content.decode()
    assert "Contacts from salesforce" in asked.content.decode()
    assert PendingRecord.objects.count() == 3
    empty = revops.post(f"{LIST}discard/", {"id": f"{first},{second}", "reason": " "})
    assert empty.status_code == 422
    assert "Say why" in empty.content.decode()
    done = revops.post(f"{LIST}discard/", {"id": f"{first},{second}", "reason": "Test data <x>"}, follow=True)
    assert "2 records are discarded" in done.content.decode()
    assert ids() == [third]
    kept = DiscardedRecord.objects.get(pk=first)
    assert kept.discarded_by is not None
    assert kept.discarded_by.function == "revops"
    listed = revops.get(f"{LIST}?kind=discarded").content.decode()
    assert "Test data &lt;x&gt;" in listed
    assert f"{LIST}{first}/" in listed
    assert f"{LIST}{third}/" not in listed
    assert "Test data &lt;x&gt;" in revops.get(f"{LIST}{first}/").content.decode()


def test_a_discarded_record_is_taken_up_again(revops: Client, api: Api) -> None:
    revops.post(f"{LIST}discard/", {"id": ids(), "reason": "Mistake"})
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    assert not Contact.objects.exists()
    revops.post(f"{LIST}retry/", {"everything": "1", "kind": "discarded"})
    assert Contact.objects.count() == 3
    assert "Nothing was discarded" in page(revops, f"{LIST}?kind=discarded")


def test_an_early_deletion_is_no_waiting_record(revops: Client) -> None:
    make_api().call("delete", "accounts/salesforce/never/")
    pk = PendingRecord.objects.get().pk
    assert "Nothing waits" in page(revops, LIST)
    assert revops.get(f"{LIST}{pk}/").status_code == 404


@pytest.mark.parametrize(
    "form", [{}, {"id": "x"}, {"id": "9" * 30}, {"id": "1", "back": "https://evil.example/sync/pending/"}]
)
@pytest.mark.parametrize("action", ["retry", "discard"])
def test_a_garbled_form_does_nothing(revops: Client, api: Api, form: dict[str, str], action: str) -> None:
    before = ids()
    response = revops.post(f"{LIST}{action}/", form)
    assert (response.status_code, response["Location"]) == (302, LIST)
    assert ids() == before


@pytest.mark.parametrize("path", ["", "1/", "retry/", "discard/"])
def test_others_than_revops_see_none_of_it(path: str) -> None:
    client = client_as("support")
    answer = client.post(f"{LIST}{path}") if path in ("retry/", "discard/") else client.get(f"{LIST}{path}")
    assert answer.status_code == 403
