"""Records that are made here go the way of all records, as a source that nobody else speaks for."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import Account
from finance.models import Contract
from people.access import access_of
from people.models import User
from sync.freshness.judging import judge_feeds
from sync.freshness.listing import source_rows
from sync.models import Batch, Change, Link, PendingRecord, Source
from sync.own import OwnRecordsError, delete_own_records, own_source, send_own_records
from sync.provenance.reading import read_history, read_origins
from sync.redirects import start_redirect
from sync.registry import resources
from sync.services import ensure_source, issue_credential, issue_token
from sync.undoing.services import CannotUndoError, undo_batch
from tests.users import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance(db: None) -> User:
    return make_user("finance")


@pytest.fixture
def account(api: Any) -> Account:
    api.bulk("accounts", [{"external_id": "001", "name": "Acme"}])
    return Account.objects.get()


def contract(account: Account, **fields: Any) -> dict[str, Any]:
    """Return a contract as it is made here."""
    return {
        "external_id": "c-1",
        "account": account.pk,
        "number": "C-1",
        "start_on": "2026-01-01",
        "currency": "EUR",
    } | fields


def test_a_record_made_here_is_a_record_like_any(api, account, finance):
    [result] = send_own_records("contracts", [contract(account)], by=finance)
    held = Contract.objects.get()
    assert (result.status, result.id, held.account, held.number) == ("created", str(held.pk), account, "C-1")
    assert Link.objects.get(resource="contracts").source == own_source()
    change = Change.objects.get(resource="contracts")
    assert (change.kind, change.batch.by, change.batch.client) == ("created", finance, None)
    read = api.get("contracts/abe/c-1/")
    [name] = read["external_ids"]
    assert (name["source"], name["external_id"]) == ("abe", "c-1")
    assert (read["account"]["source"], read["account"]["external_id"]) == ("salesforce", "001")


def test_a_repeat_is_unchanged_and_a_later_word_counts(account, finance):
    send_own_records("contracts", [contract(account)], by=finance)
    assert [one.status for one in send_own_records("contracts", [contract(account)], by=None)] == [
        "unchanged"
    ]
    assert [
        one.status
        for one in send_own_records("contracts", [{"external_id": "c-1", "number": "C-2"}], by=finance)
    ] == ["updated"]
    assert (Contract.objects.get().number, Contract.objects.get().currency) == ("C-2", "EUR")


def test_one_refused_record_undoes_all(account, finance):
    wrong = contract(account, external_id="c-2", end_on="2025-01-01")
    with pytest.raises(OwnRecordsError, match="c-2: end_on: end_on must be after start_on") as refused:
        send_own_records("contracts", [contract(account), wrong], by=finance)
    assert [one.external_id for one in refused.value.results] == ["c-2"]
    assert not Contract.objects.exists()
    assert not Batch.objects.filter(resource="contracts").exists()


def test_what_names_something_unknown_is_refused_and_never_waits(account, finance):
    with pytest.raises(OwnRecordsError, match="has arrived"):
        send_own_records("contracts", [contract(account) | {"account": "nobody"}], by=finance)
    assert not PendingRecord.objects.exists()


def test_what_is_sent_goes_with_the_callers_transaction(account, finance):
    with transaction.atomic():
        send_own_records("contracts", [contract(account)], by=finance)
        assert Contract.objects.exists()
        transaction.set_rollback(True)
    assert not Contract.objects.exists()


def test_a_merged_account_is_followed(account, finance, api):
    api.bulk("accounts", [{"external_id": "002", "name": "Acme Two"}])
    other = Account.objects.exclude(pk=account.pk).get()
    start_redirect(resource="accounts", old_id=account.pk, new_id=other.pk, merge_id=1)
    send_own_records("contracts", [contract(account)], by=finance)
    assert Contract.objects.get().account == other


def test_an_account_without_a_record_is_named_by_one_of_ours(finance):
    alone = Account.objects.create(name="Alone")
    send_own_records("contracts", [contract(alone)], by=finance)
    assert Contract.objects.get().account == alone
    assert Link.objects.get(resource="accounts").external_id == f"id-{alone.pk}"


def test_a_word_about_what_another_source_brought_counts_beside_it(api, account, finance):
    api.bulk(
        "contracts",
        [contract(account) | {"account": "001", "external_id": "sf", "notice_days": 30}],
    )
    held = Contract.objects.get()
    send_own_records(
        "contracts",
        [{"external_id": "amended", "end_on": "2027-01-01"}],
        by=finance,
        about={"amended": held.pk},
    )
    held.refresh_from_db()
    assert (str(held.end_on), held.notice_days, Contract.objects.count()) == ("2027-01-01", 30, 1)
    api.bulk("contracts", [{"external_id": "sf", "end_on": None, "notice_days": 60}])
    held.refresh_from_db()
    assert (str(held.end_on), held.notice_days) == ("2027-01-01", 60)
    origins = {one.field: one for one in read_origins(resources["contracts"], held.pk, access_of("revops"))}
    assert origins["end_on"].said is not None
    assert (origins["end_on"].said.source, origins["notice_days"].said.source) == ("abe", "salesforce")  # type: ignore[union-attr]


def test_the_origin_of_what_was_made_here_names_who_made_it(account, finance):
    send_own_records("contracts", [contract(account)], by=finance)
    held = Contract.objects.get()
    origins = {one.field: one for one in read_origins(resources["contracts"], held.pk, access_of("revops"))}
    assert origins["number"].said is not None
    assert (origins["number"].said.source, origins["number"].said.by) == ("abe", str(finance))
    [turn] = read_history(resources["contracts"], held.pk, "number")
    assert (turn.source, turn.by) == ("abe", str(finance))


def test_deleting_and_sending_again(account, finance):
    send_own_records("contracts", [contract(account)], by=finance)
    assert delete_own_records("contracts", ["c-1", "c-1"], by=finance) == 1
    assert Contract.objects.get().deleted_at is not None
    assert Batch.objects.get(mode="delete").by == finance
    assert delete_own_records("contracts", ["c-1"], by=finance) == 0
    assert send_own_records("contracts", [contract(account)], by=finance)[0].status == "updated"
    assert Contract.objects.get().deleted_at is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda: ensure_source(slug="abe"),
        lambda: issue_token(source="abe", scopes=["*:write"]),
        lambda: issue_credential(source="abe", scopes=["*:write"]),
    ],
)
def test_no_client_speaks_for_what_is_made_here(ask):
    own_source()
    with pytest.raises(ValidationError, match="choose another slug"):
        ask()


def test_the_command_issues_no_token_for_it():
    with pytest.raises(CommandError, match="choose another slug"):
        call_command("issue_token", "--source", "abe", "--scope", "*:write")


def test_a_client_can_neither_write_nor_delete_what_was_made_here(api, account, finance):
    send_own_records("contracts", [contract(account)], by=finance)
    assert api.call("put", "contracts/abe/c-1/", {"number": "X"}).status_code == 403
    assert api.call("delete", "contracts/abe/c-1/").status_code == 403
    assert Contract.objects.get().number == "C-1"


def test_what_was_made_here_is_never_late_and_not_taken_back_as_a_batch(account, finance):
    send_own_records("contracts", [contract(account)], by=finance)
    assert "abe" not in {feed.source.slug for feed in judge_feeds()}
    assert "abe" not in {row.source.slug for row in source_rows()}
    with pytest.raises(CannotUndoError, match="made here"):
        undo_batch(batch=Batch.objects.get(resource="contracts"), by=finance)


def test_more_than_a_call_of_the_api_takes(account, finance):
    many = [contract(account, external_id=f"c-{number}") for number in range(10_001)]
    results = send_own_records("contracts", many, by=finance)
    assert [results[0].index, results[-1].index] == [0, 10_000]
    assert Contract.objects.count() == 10_001


def test_the_batch_page_says_who_made_it(client, account, finance):
    send_own_records("contracts", [contract(account)], by=finance)
    client.force_login(make_user("revops"))
    page = client.get(f"/sync/batches/{Batch.objects.get(resource='contracts').pk}/").content.decode()
    assert f"made here by {finance}" in page


def test_one_slug_stays_one_source():
    own_source()
    with pytest.raises(IntegrityError), transaction.atomic():
        Source.objects.create(slug="abe", name="Another")
