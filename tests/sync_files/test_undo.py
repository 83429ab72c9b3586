"""Taking back restores what a batch changed, leaves what is newer, and is told in the feed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.models import Account, Contact
from finance.models import Contract, ContractLine
from sync.files.services import drop_old_cells
from sync.files.tasks import work_off
from sync.models import Batch, Change, ClaimBefore, FieldClaim, Import, Link, PendingRecord, Undoing
from sync.pipeline.settle import UnsettledError, settle_objects
from sync.provenance.services import set_precedence
from sync.registry import resources
from sync.tasks import purge_expired
from sync.undoing import before, shared
from sync.undoing.before import KEEP
from sync.undoing.imports import begin_undo
from sync.undoing.services import CannotUndoError, preview_undo, undo_batch
from tests.sync.conftest import Api, make_api, settle
from tests.sync_files.conftest import Upload, bring_in
from tests.users import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def crm(db: None) -> Api:
    return make_api("crm")


def send(api: Api, resource: str, *records: dict[str, Any]) -> Batch:
    return Batch.objects.get(pk=api.bulk(resource, list(records))["batch"])


def state(*models: Any) -> list[dict[str, Any]]:
    models = models or (Account,)
    return [row for model in models for row in model.objects.order_by("pk").values()]


def test_every_kind_of_value_gets_back_what_it_was(crm: Api) -> None:
    send(
        crm,
        "accounts",
        {
            "external_id": "1",
            "name": "Acme",
            "domain": "acme.test",
            "employees": 7,
            "tier": "growth",
            "workspace_ids": ["a", "b"],
            "custom": {"plan": "gold", "score": 1.5, "old": "001"},
        },
        {"external_id": "2", "name": "Brill"},
        {"external_id": "3", "name": "Corus", "parent": "1"},
    )
    send(crm, "contracts", {"external_id": "c", "account": "1", "start_on": "2026-01-01", "currency": "EUR"})
    line = {
        "external_id": "l",
        "contract": "c",
        "product": "Seats",
        "start_on": "2026-01-01",
        "amount": "1234.5600",
        "billing_period": "month",
    }
    send(crm, "contract-lines", line)
    before = state(Account, Contract, ContractLine)
    wrong = [
        send(
            crm,
            "accounts",
            {
                "external_id": "1",
                "name": "Oops",
                "domain": None,
                "employees": None,
                "tier": "standard",
                "workspace_ids": [],
                "custom": {"plan": None, "score": 2, "new": True},
            },
            {"external_id": "3", "parent": "2", "industry": "Steel"},
        ),
        send(crm, "contracts", {"external_id": "c", "account": "2", "end_on": "2026-06-30"}),
        send(crm, "contract-lines", {**line, "amount": "1", "discount_percent": "5"}),
    ]
    assert state(Account, Contract, ContractLine) != before
    for batch in reversed(wrong):
        undoing = undo_batch(batch=batch)
        assert undoing.conflict_count == 0, undoing.conflicts
    assert state(Account, Contract, ContractLine) == before
    assert ContractLine.objects.get().amount == Decimal("1234.56")


@pytest.mark.django_db(transaction=True)
def test_what_a_batch_created_is_gone_with_a_tombstone_in_the_feed(crm: Api) -> None:
    batch = send(crm, "accounts", {"external_id": "1", "name": "Acme"}, {"external_id": "2", "name": "Brill"})
    settle()
    cursor = crm.get("accounts/?page_size=10")["next_cursor"]
    undoing = undo_batch(batch=batch)
    assert (undoing.removed, undoing.restored) == (2, 0)
    assert not Account.objects.filter(deleted_at=None).exists()
    settle()
    told = crm.get(f"accounts/?cursor={cursor}")["results"]
    assert [record["deleted"] for record in told] == [True, True]
    # Sent once more they are back: nothing of the undone batch holds them off.
    assert crm.statuses("accounts", [{"external_id": "1", "name": "Acme"}]) == ["updated"]
    assert Account.objects.get(deleted_at=None).name == "Acme"


def test_what_changed_since_is_left_and_named(crm: Api) -> None:
    send(crm, "accounts", {"external_id": "1", "name": "Acme", "industry": "Steel"})
    wrong = send(
        crm,
        "accounts",
        {"external_id": "1", "name": "Oops", "industry": "Wood"},
        {"external_id": "2", "name": "New"},
        {"external_id": "3", "name": "Other"},
    )
    later = send(
        crm, "accounts", {"external_id": "1", "industry": "Iron"}, {"external_id": "2", "industry": "Tin"}
    )
    previewed = preview_undo(batch=wrong)
    assert not Undoing.objects.exists()
    undoing = undo_batch(batch=wrong)
    assert (previewed.restored, previewed.removed, previewed.conflict_count) == (1, 1, 2)
    assert (undoing.restored, undoing.removed, undoing.conflict_count) == (1, 1, 2)
    assert sorted((each["field"], f"atch {later.pk}" in each["detail"]) for each in undoing.conflicts) == [
        ("", True),
        ("industry", True),
    ]
    found = Account.objects.filter(deleted_at=None).order_by("pk").values_list("name", "industry")
    assert list(found) == [("Acme", "Iron"), ("New", "Tin")]


def test_batches_taken_back_do_not_stand_in_the_way_of_earlier_ones(crm: Api) -> None:
    send(crm, "accounts", {"external_id": "1", "name": "Acme"})
    first = send(crm, "accounts", {"external_id": "1", "name": "B"})
    second = send(crm, "accounts", {"external_id": "1", "name": "C"})
    undo_batch(batch=second)
    assert Account.objects.get().name == "B"
    undo_batch(batch=first)
    assert Account.objects.get().name == "Acme"


def test_batches_taken_back_the_first_one_first_leave_nothing_of_either(crm: Api) -> None:
    send(crm, "accounts", {"external_id": "1", "name": "Acme", "industry": "Steel", "custom": {"a": 1}})
    held = state()
    batches = [
        send(crm, "accounts", {"external_id": "1", "industry": word, "custom": {"a": word, word: 1}})
        for word in ("Iron", "Wood", "Zinc")
    ]
    for batch in (batches[1], batches[0], batches[2]):
        undo_batch(batch=batch)
    assert state() == held
    again = [send(crm, "accounts", {"external_id": "1", "industry": word}) for word in ("Iron", "Wood")]
    undo_batch(batch=again[1])
    undo_batch(batch=again[0])
    assert state() == held


def test_a_wrong_source_time_goes_back_too(crm: Api) -> None:
    right = {"external_id": "1", "name": "Acme", "source_updated_at": "2026-01-01T00:00:00Z"}
    send(crm, "accounts", right)
    wrong = send(crm, "accounts", {**right, "name": "Oops", "source_updated_at": "2099-01-01T00:00:00Z"})
    undo_batch(batch=wrong)
    newer = {**right, "name": "Acme 2", "source_updated_at": "2026-02-01T00:00:00Z"}
    assert crm.statuses("accounts", [newer]) == ["updated"]


def test_a_batch_is_taken_back_once_and_its_undoing_never(crm: Api) -> None:
    batch = send(crm, "accounts", {"external_id": "1", "name": "Acme"})
    undoing = undo_batch(batch=batch)
    with pytest.raises(CannotUndoError, match="already"):
        undo_batch(batch=batch)
    with pytest.raises(CannotUndoError, match="took another batch back"):
        undo_batch(batch=Batch.objects.get(pk=undoing.batches[0]))


def test_a_deletion_can_be_taken_back(crm: Api) -> None:
    send(crm, "accounts", {"external_id": "1", "name": "Acme"})
    assert crm.call("delete", "accounts/crm/1/").status_code < 300
    undo_batch(batch=Batch.objects.get(mode=Batch.Mode.DELETE))
    account = Account.objects.get()
    assert (account.name, account.deleted_at) == ("Acme", None)


def test_records_that_still_wait_are_forgotten(crm: Api) -> None:
    batch = send(crm, "contacts", {"external_id": "1", "name": "Jane", "account": "none"})
    assert PendingRecord.objects.exists()
    assert undo_batch(batch=batch).forgotten == 1
    assert not PendingRecord.objects.exists()


@pytest.mark.parametrize("is_old", [False, True])
def test_a_whole_import_goes_back_with_what_was_applied_later(
    upload: Upload, monkeypatch: pytest.MonkeyPatch, is_old: bool
) -> None:
    bring_in(upload("id,name,parent\n1,Acme,\n2,Brill,1\n"))
    before = state()
    monkeypatch.setattr("sync.files.reading.MAX_RECORDS", 2)
    text = "id,name,parent\n1,Oops,\n7,New,9\n2,Worse,\n8,Newer,1\n1,Again,\n9,Last,\n"
    imported = bring_in(upload(text))
    assert Account.objects.get(name="New").parent is not None
    if is_old:
        Import.objects.update(step_at="2026-01-01T00:00:00Z")
        assert drop_old_cells() == 2
    person = make_user("revops")
    begin_undo(imported=imported, by=person)
    assert work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    assert imported.state == Import.State.UNDONE
    assert [row for row in state() if row["deleted_at"] is None] == before
    assert Undoing.objects.filter(undone_by=person).count() == 3
    assert not Link.objects.filter(external_id__in=["7", "8", "9"], deleted_at=None).exists()
    kinds = set(Change.objects.filter(batch__mode=Batch.Mode.UNDO).values_list("kind", flat=True))
    assert kinds == {"updated", "deleted"}


def test_children_of_what_is_removed_are_untouched(crm: Api) -> None:
    batch = send(crm, "accounts", {"external_id": "1", "name": "Acme"})
    send(crm, "contacts", {"external_id": "p", "name": "Jane", "account": "1"})
    undo_batch(batch=batch)
    assert Contact.objects.get().deleted_at is None


def test_where_others_have_a_say_they_decide_again(crm: Api) -> None:
    other = make_api("csv")
    send(
        crm,
        "accounts",
        {
            "external_id": "1",
            "name": "Acme",
            "domain": "acme.test",
            "industry": "Steel",
            "source_updated_at": "2026-01-01T00:00:00Z",
        },
    )
    before = state()
    wrong = send(
        other,
        "accounts",
        {
            "external_id": "x",
            "name": "Oops",
            "domain": "acme.test",
            "industry": "Wood",
            "employees": 7,
            "source_updated_at": "2026-02-01T00:00:00Z",
        },
    )
    assert Account.objects.get().name == "Oops"
    undoing = undo_batch(batch=wrong)
    assert (undoing.restored, undoing.removed, undoing.conflict_count) == (1, 0, 0)
    assert state() == before
    # Nothing of it is left: neither its word nor that its record ever stood for the account.
    assert not Link.objects.filter(source__slug="csv").exists()
    assert not Link.objects.get(source__slug="crm").is_shared
    send(
        crm,
        "accounts",
        {
            "external_id": "1",
            "name": "Acme Ltd",
            "industry": "Iron",
            "source_updated_at": "2026-01-02T00:00:00Z",
        },
    )
    assert Account.objects.values_list("name", "industry").get() == ("Acme Ltd", "Iron")
    assert not FieldClaim.objects.filter(batch_id=wrong.pk).exists()


def test_an_earlier_word_of_the_same_source_counts_again(crm: Api) -> None:
    other = make_api("csv")
    send(crm, "accounts", {"external_id": "1", "name": "Acme", "domain": "acme.test", "industry": "Steel"})
    send(other, "accounts", {"external_id": "x", "name": "Acme", "domain": "acme.test", "employees": 7})
    wrong = send(other, "accounts", {"external_id": "x", "employees": 70, "custom": {"a": 1}})
    first = send(other, "accounts", {"external_id": "x", "industry": "Wood"})
    undo_batch(batch=first)
    undo_batch(batch=wrong)
    account = Account.objects.get()
    assert (account.employees, account.industry, account.custom) == (7, "Steel", {})
    assert Link.objects.filter(source__slug="csv", object_id=account.pk).exists()
    record = {"external_id": "x", "industry": "Wood", "source_updated_at": "2027-03-01T00:00:00Z"}
    assert other.statuses("accounts", [record]) == ["updated"]
    assert other.statuses("accounts", [record]) == ["unchanged"]
    undo_batch(batch=Batch.objects.filter(source__slug="csv", mode="upsert", updated=1).latest("pk"))
    assert other.statuses("accounts", [record]) == ["updated"]


def test_a_created_record_that_another_source_stands_for_too_stays(crm: Api) -> None:
    created = send(crm, "accounts", {"external_id": "1", "name": "Acme", "domain": "acme.test"})
    send(make_api("csv"), "accounts", {"external_id": "x", "name": "Acme", "domain": "acme.test"})
    undoing = undo_batch(batch=created)
    assert (undoing.removed, undoing.conflict_count) == (0, 1)
    assert "csv" in undoing.conflicts[0]["detail"]
    assert Account.objects.get().deleted_at is None


def test_a_reference_to_what_was_merged_since_is_given_back_as_one_to_the_other(crm: Api) -> None:
    send(crm, "accounts", *({"external_id": key, "name": key} for key in ("w", "l", "x")))
    send(crm, "accounts", {"external_id": "d", "name": "d", "parent": "l"})
    moved = send(crm, "accounts", {"external_id": "d", "parent": "x"})
    winner, loser = Account.objects.get(name="w"), Account.objects.get(name="l")
    merge_accounts(winner=winner.pk, loser=loser.pk)
    undoing = undo_batch(batch=moved)
    assert (undoing.restored, undoing.conflict_count) == (1, 0)
    assert Account.objects.get(name="d").parent == winner


def test_a_reference_that_no_source_knows_any_more_stays_and_is_named(crm: Api) -> None:
    send(crm, "accounts", *({"external_id": key, "name": key} for key in ("l", "x")))
    send(crm, "accounts", {"external_id": "d", "name": "d", "parent": "l"})
    moved = send(crm, "accounts", {"external_id": "d", "parent": "x", "industry": "Wood"})
    Link.objects.get(external_id="l").delete()
    undoing = undo_batch(batch=moved)
    account = Account.objects.get(name="d")
    assert (account.parent, account.industry) == (Account.objects.get(name="x"), "")
    assert [conflict["field"] for conflict in undoing.conflicts] == ["parent"]


def test_the_deletion_of_one_of_two_records_can_be_taken_back(crm: Api) -> None:
    other = make_api("csv")
    send(crm, "accounts", {"external_id": "1", "name": "Acme", "domain": "acme.test"})
    other.bulk("accounts", [{"external_id": key, "name": key} for key in ("first", "x")])
    merged = [Account.objects.get(name=name).pk for name in ("Acme", "first", "x")]
    for loser in merged[1:]:
        merge_accounts(winner=merged[0], loser=loser)
    send(other, "accounts", {"external_id": "x", "industry": "Wood"})
    other.call("delete", "accounts/csv/x/")
    assert Account.objects.get(pk=merged[0]).industry == ""
    undoing = undo_batch(batch=Batch.objects.latest("pk"))
    assert (undoing.restored, undoing.conflict_count) == (1, 0)
    assert not Link.objects.exclude(deleted_at=None).exists()
    assert Account.objects.get(pk=merged[0]).industry == "Wood"


def send_losing_words(crm: Api) -> Batch:
    """Let another source say two things of an industry of which the CRM has the last word; return the second batch."""
    other = make_api("csv")
    set_precedence(resource=resources["accounts"], field="", sources=["crm", "csv"])
    send(crm, "accounts", {"external_id": "1", "name": "Acme", "domain": "acme.test", "industry": "Steel"})
    send(other, "accounts", {"external_id": "x", "name": "Acme", "domain": "acme.test", "industry": "Iron"})
    return send(other, "accounts", {"external_id": "x", "industry": "Wood"})


def test_a_word_that_did_not_count_gives_way_to_the_one_before(crm: Api) -> None:
    wrong = send_losing_words(crm)
    undoing = undo_batch(batch=wrong)
    assert (undoing.restored, undoing.conflicts) == (1, [])
    assert not ClaimBefore.objects.filter(batch_id=wrong.pk).exists()
    send(crm, "accounts", {"external_id": "1", "industry": None})
    assert Account.objects.get().industry == "Iron"


def test_a_word_that_did_not_count_is_named_where_the_one_before_is_forgotten(crm: Api) -> None:
    wrong = send_losing_words(crm)
    Batch.objects.update(received_at=timezone.now() - KEEP - timedelta(hours=1))
    recent = send(make_api("csv"), "accounts", {"external_id": "x", "country": "DE"})
    purge_expired()
    assert set(ClaimBefore.objects.values_list("batch_id", flat=True)) == {recent.pk}
    undoing = undo_batch(batch=wrong)
    assert [conflict["field"] for conflict in undoing.conflicts] == ["industry"]
    send(make_api("csv"), "accounts", {"external_id": "x", "industry": "Iron"})
    send(crm, "accounts", {"external_id": "1", "industry": None})
    assert Account.objects.get().industry == "Iron"


def test_one_object_that_can_not_be_settled_does_not_hold_up_the_others(
    crm: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_api("csv")
    names = ("a", "b", "c")
    held = [{"name": name, "domain": f"{name}.test"} for name in names]
    early, late = ({"source_updated_at": f"2026-0{month}-01T00:00:00Z"} for month in (1, 2))
    send(crm, "accounts", *(early | each | {"external_id": each["name"]} for each in held))
    renamed = [late | each | {"external_id": each["name"], "name": each["name"] * 2} for each in held]
    wrong = send(other, "accounts", *renamed)
    stuck = Account.objects.get(name="bb").pk

    def settle(*, resource: Any, object_ids: list[int], restored: Any = ()) -> list[int]:
        if stuck in object_ids:
            raise UnsettledError("name", "It doesn't fit.")
        return settle_objects(resource=resource, object_ids=object_ids, restored=restored)

    for module in (before, shared):
        monkeypatch.setattr(module, "settle_objects", settle)
    undoing = undo_batch(batch=wrong)
    assert (undoing.restored, undoing.conflict_count) == (3, 0)
    assert set(Account.objects.values_list("name", flat=True)) == {*names}
    assert Link.objects.filter(source__slug="csv").get().object_id == stuck
