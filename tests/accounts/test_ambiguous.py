"""Records that may be any of several accounts: a person decides, and the record is applied."""

from __future__ import annotations

import pytest

from accounts.identity.ambiguous import resolve_ambiguous
from accounts.identity.duplicates import find_duplicates
from accounts.identity.errors import MergeRefused
from accounts.identity.merge import merge_accounts
from accounts.identity.models import DuplicatePair
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account, Contact
from sync.models import Link, PendingRecord
from tests.accounts.merging import account_of
from tests.sync.conftest import Api, make_api
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db: None) -> Api:
    """A help desk whose one account may be either of the CRM's two, and a contact that waits for it."""
    make_api().bulk(
        "accounts", [{"external_id": key, "name": f"Acme {key}", "domain": "acme.com"} for key in "AB"]
    )
    desk = make_api("zendesk")
    assert desk.statuses("accounts", [{"external_id": "Z", "name": "Acme", "domain": "acme.com"}]) == [
        "pending"
    ]
    desk.bulk("contacts", [{"external_id": "c", "account": "Z", "name": "Waits"}])
    return desk


def waiting() -> PendingRecord:
    return PendingRecord.objects.get(code=PendingRecord.AMBIGUOUS)


def test_attaching_links_the_record_and_applies_what_waited(desk: Api) -> None:
    chosen = account_of(make_api(), "B")
    assert resolve_ambiguous(pending=waiting(), account=chosen.pk, by=make_user("revops")) == chosen
    assert account_of(desk, "Z", "zendesk") == chosen
    assert Contact.objects.get().account == chosen
    assert not PendingRecord.objects.exists()


def test_a_new_account_is_made_and_never_offered_as_their_duplicate(desk: Api) -> None:
    made = resolve_ambiguous(pending=waiting(), account=None, by=make_user("revops"))
    assert made is not None
    assert Account.objects.count() == 3
    assert Contact.objects.get().account == made
    find_duplicates(everything=True)
    pairs = DuplicatePair.objects.waiting()
    assert pairs.count() == 1
    assert made.pk not in {pairs[0].low_id, pairs[0].high_id}


def test_a_decision_is_made_once_and_only_for_candidates(desk: Api) -> None:
    record, person = waiting(), make_user("revops")
    other = Account.objects.create(name="Other")
    with pytest.raises(MergeRefused) as refused:
        resolve_ambiguous(pending=record, account=other.pk, by=person)
    assert refused.value.code == "no_candidate"
    resolve_ambiguous(pending=record, account=account_of(make_api(), "A").pk, by=person)
    with pytest.raises(MergeRefused) as refused:
        resolve_ambiguous(pending=record, account=account_of(make_api(), "B").pk, by=person)
    assert refused.value.code == "not_waiting"


def test_a_candidate_that_was_merged_gives_way_to_the_other(desk: Api) -> None:
    one, two = account_of(make_api(), "A"), account_of(make_api(), "B")
    merge = merge_accounts(winner=one.pk, loser=two.pk)
    assert waiting().candidates == [one.pk]
    unmerge_accounts(merge=merge.pk)
    assert waiting().candidates == [one.pk, two.pk]


def test_a_record_is_attached_to_no_account_that_was_deleted_meanwhile(desk: Api) -> None:
    chosen = account_of(make_api(), "B")
    make_api().call("delete", "accounts/salesforce/B/")
    with pytest.raises(MergeRefused, match="was deleted meanwhile"):
        resolve_ambiguous(pending=waiting(), account=chosen.pk, by=make_user("revops"))
    page = client_as("revops").post(
        f"/accounts/duplicates/waiting/{waiting().pk}/", {"account": chosen.pk}, follow=True
    )
    assert f"Account {chosen.pk} was deleted meanwhile" in page.content.decode()
    assert not Link.objects.filter(source__slug="zendesk").exists()
