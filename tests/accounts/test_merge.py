"""Two accounts made one, and two again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.checks import Error
from django.db import connection, models
from django.test.utils import CaptureQueriesContext, isolate_apps
from django.utils import timezone

from accounts.identity.errors import MergeRefused
from accounts.identity.merge import merge_accounts, preview_merge
from accounts.identity.models import AccountMerge
from accounts.identity.relations import check_merging, moving, relations
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account, Contact
from finance.models import Contract, RevenueToRecompute
from product.models import UsageDayToRecompute, UsageEvent
from sync.models import Change, Pin
from sync.provenance.as_of import values_as_of
from sync.provenance.services import set_pin, set_precedence
from sync.registry import resources
from tests.accounts.merging import (
    account_of,
    difference,
    fill_every_relation,
    make_api,
    make_company,
    rows_of,
    snapshot,
)
from tests.sync.conftest import Api
from tests.users import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    """The CRM's client."""
    return make_api()


@pytest.fixture
def pair(api: Api) -> tuple[Account, Account]:
    """A winner and a loser, with children in every app on both sides."""
    winner = make_company(api, "W", domain="acme.com", industry="Energy", custom={"region": "EMEA"})
    loser = make_company(
        api, "L", domain="acme.de", country="DE", employees=40, custom={"region": "DACH", "segment": "mid"}
    )
    make_api("hubspot").bulk("accounts", [{"external_id": "H", "name": "Acme GmbH"}])
    api.bulk("accounts", [{"external_id": f"D{n}", "name": f"Division {n}", "parent": "L"} for n in range(3)])
    for account, field in ((winner, "country"), (loser, "industry")):
        set_pin(
            resource=resources["accounts"],
            object_id=account.pk,
            field=field,
            value="FR",
            reason="Held",
            by=None,
        )
    fill_every_relation(winner)
    fill_every_relation(loser)
    return winner, loser


def test_merge_then_unmerge_restores_every_row_of_every_table(pair: tuple[Account, Account]) -> None:
    winner, loser = pair
    for relation in relations():  # children in every app, also of models that come later
        if relation.label not in {"accounts.AccountMerge", "accounts.DuplicatePair"}:
            assert relation.rows_of(loser.pk).exists(), relation.label
            assert relation.rows_of(winner.pk).exists(), relation.label
    before = snapshot()
    log = rows_of(Change)
    choices = {"name": "loser", "domain": "loser", "custom.region": "loser"}
    merge = merge_accounts(winner=winner.pk, loser=loser.pk, choices=choices)
    moved = difference(before, snapshot())
    assert {"accounts_account", "accounts_contact", "finance_contract", "sync_link", "support_ticket"} <= set(
        moved
    )
    for relation in moving():
        assert not relation.rows_of(loser.pk).exists(), relation.label
    plan = unmerge_accounts(merge=merge.pk)
    assert difference(before, snapshot()) == {}
    assert plan.conflicts == []
    assert {key: row for key, row in rows_of(Change).items() if key in log} == log


def test_what_is_made_of_moved_records_is_marked_to_be_made_anew(pair: tuple[Account, Account]) -> None:
    winner, loser = pair
    RevenueToRecompute.objects.all().delete()
    UsageDayToRecompute.objects.all().delete()
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    both = {winner.pk, loser.pk}
    assert set(RevenueToRecompute.objects.values_list("account_id", flat=True)) == both
    assert set(UsageDayToRecompute.objects.values_list("account_id", flat=True)) == both
    RevenueToRecompute.objects.all().delete()
    unmerge_accounts(merge=merge.pk)
    assert set(RevenueToRecompute.objects.values_list("account_id", flat=True)) == both


def test_the_winner_gets_the_chosen_values_and_what_it_lacked(api: Api) -> None:
    winner = make_company(api, "W", domain="acme.com", workspace_ids=["a", "b"], custom={"x": 1})
    loser = make_company(
        api, "L", domain="acme.de", country="DE", workspace_ids=["b", "c"], custom={"x": 2, "y": 3}
    )
    choices = {"name": "winner", "domain": "loser", "custom.x": "winner"}
    merge = merge_accounts(winner=winner.pk, loser=loser.pk, choices=choices)
    winner.refresh_from_db()
    loser.refresh_from_db()
    assert (winner.name, winner.domain, winner.country) == ("Company W", "acme.de", "DE")
    assert winner.workspace_ids == ["a", "b", "c"]
    assert winner.custom == {"x": 1, "y": 3}
    assert loser.deleted_at is not None
    assert loser.domain == "acme.de"
    assert merge.choices["domain"] == "loser"
    assert merge.counts["support.Ticket"] == 2
    assert merge.counts["product.UsageEvent"] == 3


def test_the_preview_counts_what_the_merge_moves(pair: tuple[Account, Account]) -> None:
    winner, loser = pair
    before = snapshot()
    preview = preview_merge(winner=winner.pk, loser=loser.pk)
    assert difference(before, snapshot()) == {}
    promised = {count.label: count.moved for count in preview.counts if count.moved}
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    assert promised == merge.counts
    assert promised["accounts.Account.parent"] == 3
    assert (
        "entries of the revenue ledger",
        "The ledger keeps what was known; the lines that move are entered anew for both.",
    ) in preview.stays


def test_a_merge_takes_as_many_queries_with_many_children_as_with_few(api: Api) -> None:
    def count(key: str, children: int) -> int:
        winner, loser = make_company(api, f"{key}w"), make_company(api, f"{key}l")
        api.bulk(
            "contacts",
            [{"external_id": f"{key}{n}", "account": f"{key}l", "name": "P"} for n in range(children)],
        )
        with CaptureQueriesContext(connection) as queries:
            merge_accounts(winner=winner.pk, loser=loser.pk)
        return len(queries)

    assert count("A", 1) == count("B", 300)


def test_what_sources_send_to_the_loser_afterwards_reaches_the_winner(api: Api) -> None:
    winner, loser = make_company(api, "W"), make_company(api, "L")
    merge_accounts(winner=winner.pk, loser=loser.pk)
    answer = api.bulk("accounts", [{"external_id": "L", "industry": "Rail"}])
    assert answer["results"][0]["id"] == str(winner.pk)
    api.bulk("contacts", [{"external_id": "new", "account": "L", "name": "New"}])
    winner.refresh_from_db()
    assert winner.industry == "Rail"
    assert Contact.objects.get(name="New").account_id == winner.pk


@pytest.mark.parametrize(
    ("winner", "loser", "code"),
    [("W", "W", "same_account"), ("W", "nobody", "unknown_account"), ("W", "gone", "deleted_account")],
)
def test_what_can_not_be_merged_is_refused(api: Api, winner: str, loser: str, code: str) -> None:
    ids = {key: make_company(api, key).pk for key in ("W", "gone")} | {"nobody": 2**62}
    api.call("delete", "accounts/salesforce/gone/")
    with pytest.raises(MergeRefused) as refused:
        merge_accounts(winner=ids[winner], loser=ids[loser])
    assert refused.value.code == code


def test_merging_twice_is_refused_and_says_into_what_it_was_merged(api: Api) -> None:
    winner, loser, third = (make_company(api, key) for key in "WLT")
    merge_accounts(winner=winner.pk, loser=loser.pk)
    for one, other in ((winner, loser), (third, loser), (loser, third)):
        with pytest.raises(MergeRefused, match=f"Company L .* merged into account {winner.pk}") as refused:
            merge_accounts(winner=one.pk, loser=other.pk)
        assert refused.value.code == "already_merged"


def test_choices_are_checked(api: Api) -> None:
    winner, loser = make_company(api, "W"), make_company(api, "L")
    for choices, code in (({"nope": "winner"}, "unknown_field"), ({"name": "both"}, "bad_choice")):
        with pytest.raises(MergeRefused) as refused:
            merge_accounts(winner=winner.pk, loser=loser.pk, choices=choices)
        assert refused.value.code == code
    assert not AccountMerge.objects.exists()


def test_feeds_tell_of_both_accounts_and_of_every_moved_record(api: Api) -> None:
    winner, loser = make_company(api, "W"), make_company(api, "L")
    last = Change.objects.order_by("-pk").values_list("pk", flat=True)[0]
    merge = merge_accounts(winner=winner.pk, loser=loser.pk, choices={"name": "loser"})
    told = Change.objects.filter(pk__gt=last)
    merged = told.get(kind="merged")
    assert (merged.object_id, merged.after) == (loser.pk, {"merged_into": str(winner.pk), "merge": merge.pk})
    updated = told.get(resource="accounts", kind="updated")
    assert (updated.object_id, updated.after) == (winner.pk, {"name": "Company L"})
    ticket = told.filter(resource="tickets")
    assert ticket.count() == 2
    assert ticket[0].after == {"account": winner.pk}
    xids = UsageEvent.objects.filter(external_id__startswith="L-").values_list("xid", flat=True)
    assert set(xids) == {merged.xid}
    unmerge_accounts(merge=merge.pk)
    assert Change.objects.filter(kind="unmerged", object_id=loser.pk).count() == 1


def test_a_past_day_shows_each_account_as_it_was(api: Api) -> None:
    winner = make_company(api, "W", custom={"region": "EMEA"})
    loser = make_company(api, "L", custom={"segment": "mid"})
    merge_accounts(winner=winner.pk, loser=loser.pk)
    winner.refresh_from_db()
    now = timezone.now() + timedelta(minutes=1)
    held = values_as_of(resources["accounts"], winner.pk, now)
    assert held is not None
    assert (held["name"], held["custom"]) == (winner.name, {"region": "EMEA", "segment": "mid"})
    gone = values_as_of(resources["accounts"], loser.pk, now)
    assert gone is not None
    assert (gone["name"], gone["deleted_at"] is None) == ("Company L", False)


def test_parents_follow_without_circles(api: Api) -> None:
    api.bulk("accounts", [{"external_id": key, "name": key} for key in ("top", "L", "between", "W", "below")])
    api.bulk(
        "accounts",
        [
            {"external_id": key, "parent": parent, "billing_parent": parent}
            for key, parent in (("L", "top"), ("between", "L"), ("W", "between"), ("below", "W"))
        ],
    )
    ids = {key: account_of(api, key).pk for key in ("top", "L", "between", "W", "below")}
    before = snapshot()
    merge = merge_accounts(winner=ids["W"], loser=ids["L"])
    parents = dict(Account.objects.values_list("pk", "parent_id"))
    assert parents[ids["W"]] == ids["top"]
    assert parents[ids["between"]] == ids["W"]
    assert parents[ids["below"]] == ids["W"]
    assert dict(Account.objects.values_list("pk", "billing_parent_id")) == parents
    unmerge_accounts(merge=merge.pk)
    assert difference(before, snapshot()) == {}


@pytest.mark.parametrize(("winner", "loser"), [("child", "parent"), ("parent", "child")])
def test_a_parent_and_its_division_can_be_made_one(api: Api, winner: str, loser: str) -> None:
    api.bulk("accounts", [{"external_id": "parent", "name": "P"}])
    api.bulk("accounts", [{"external_id": "child", "name": "C", "parent": "parent"}])
    before = snapshot()
    merge = merge_accounts(winner=account_of(api, winner).pk, loser=account_of(api, loser).pk)
    assert account_of(api, winner).parent_id is None
    unmerge_accounts(merge=merge.pk)
    assert difference(before, snapshot()) == {}


def test_a_choice_against_the_sources_is_held_until_the_merge_is_undone(api: Api) -> None:
    winner, loser = make_company(api, "W", industry="Energy"), make_company(api, "L", industry="Rail")
    before = snapshot()
    person = make_user("revops")
    before = snapshot()
    merge = merge_accounts(winner=winner.pk, loser=loser.pk, choices={"name": "winner"}, by=person)
    pin = Pin.objects.get()
    assert (pin.field, pin.value, pin.pinned_by) == ("name", "Company W", person)
    assert "Company L" in pin.reason
    api.bulk("accounts", [{"external_id": "L", "employees": 7}])
    winner.refresh_from_db()
    assert (winner.name, winner.industry, winner.employees) == ("Company W", "Rail", 7)
    api.bulk("accounts", [{"external_id": "L", "employees": None}])
    unmerge_accounts(merge=merge.pk)
    left = difference(before, snapshot())
    left.pop("sync_batch")
    assert {key for rows in left.values() for key in rows} == set(left.get("sync_link", {}))  # digests alone


def test_precedence_decides_what_stays_by_default(api: Api) -> None:
    desk = make_api("zendesk")
    winner = make_company(api, "W", industry="Energy")
    desk.bulk("accounts", [{"external_id": "Z", "name": "Zed", "industry": "Rail"}])
    loser = account_of(desk, "Z", "zendesk")
    set_precedence(resource=resources["accounts"], field="", sources=["salesforce", "zendesk"])
    set_precedence(resource=resources["accounts"], field="industry", sources=["zendesk"])
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    winner.refresh_from_db()
    assert (winner.name, winner.industry) == ("Company W", "Rail")
    assert merge.choices == {"name": "winner", "industry": "loser"}
    assert not Pin.objects.exists()


def test_a_value_by_default_that_no_source_has_sent_beats_none_that_one_has(api: Api) -> None:
    winner = make_company(api, "W", lifecycle="customer")
    loser = make_company(api, "L")  # says nothing of a lifecycle, so it is a target
    merge_accounts(winner=winner.pk, loser=loser.pk)
    winner.refresh_from_db()
    assert winner.lifecycle == "customer"
    assert not Pin.objects.exists()


def test_words_that_name_the_loser_name_the_winner_meanwhile(api: Api) -> None:
    desk = make_api("zendesk")
    winner, loser = make_company(api, "W"), make_company(api, "L")
    api.bulk("accounts", [{"external_id": "D", "name": "D", "domain": "d.com", "parent": "L"}])
    desk.bulk(
        "accounts", [{"external_id": "Z", "name": "D", "domain": "d.com"}]
    )  # two sources: claims are kept
    before = snapshot()
    merge = merge_accounts(winner=winner.pk, loser=loser.pk)
    desk.bulk("accounts", [{"external_id": "Z", "industry": "Rail"}])
    assert account_of(api, "D").parent_id == winner.pk
    desk.bulk("accounts", [{"external_id": "Z", "industry": None}])
    unmerge_accounts(merge=merge.pk)
    assert account_of(api, "D").parent_id == loser.pk
    assert "accounts_account" not in difference(before, snapshot())


def test_the_merge_says_who_did_it(api: Api) -> None:
    person = make_user("revops")
    merge = merge_accounts(winner=make_company(api, "W").pk, loser=make_company(api, "L").pk, by=person)
    unmerge_accounts(merge=merge.pk, by=person)
    merge.refresh_from_db()
    assert merge.merged_by == merge.unmerged_by == person


def test_every_model_that_points_to_accounts_is_declared() -> None:
    assert check_merging(None) == []


@isolate_apps("support")
def test_a_new_model_that_points_to_accounts_fails_until_it_says_what_a_merge_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Visit(models.Model):  # noqa: DJ008 - lives for one test
        account = models.ForeignKey(Account, models.CASCADE, related_name="+")

        class Meta:
            app_label = "support"

    held = apps.get_models(include_auto_created=True)
    monkeypatch.setattr(apps, "get_models", lambda **options: [*held, Visit])
    errors = check_merging(None)
    assert [error.id for error in errors] == ["merging.E003"]
    assert isinstance(errors[0], Error)
    assert "support/merging.py" in str(errors[0].hint)


def test_rows_of_which_the_winner_has_the_same_stay_and_are_counted(api: Api) -> None:
    winner, loser = make_company(api, "W"), make_company(api, "L")
    for account in (winner, loser):
        Pin.objects.create(resource="accounts", object_id=account.pk, field="name", value="X", reason="r")
    Pin.objects.create(resource="accounts", object_id=loser.pk, field="industry", value="Y", reason="r")
    count = next(c for c in preview_merge(winner=winner.pk, loser=loser.pk).counts if c.label == "sync.Pin")
    assert (count.moved, count.kept_back) == (1, 1)
    merge_accounts(winner=winner.pk, loser=loser.pk)
    assert set(Pin.objects.values_list("object_id", "field")) == {
        (winner.pk, "name"),
        (winner.pk, "industry"),
        (loser.pk, "name"),
    }


def test_contracts_move_with_their_lines(api: Api) -> None:
    winner, loser = make_company(api, "W"), make_company(api, "L")
    merge_accounts(winner=winner.pk, loser=loser.pk)
    assert Contract.objects.filter(account=winner, lines__product="Plan").count() == 2


def test_a_division_merged_with_its_parent_can_still_be_updated(api: Api) -> None:
    api.bulk("accounts", [{"external_id": "top", "name": "Top"}])
    api.bulk("accounts", [{"external_id": "L", "name": "L", "parent": "top"}])
    api.bulk("accounts", [{"external_id": "W", "name": "W", "parent": "L"}])
    winner = account_of(api, "W")
    merge = merge_accounts(winner=winner.pk, loser=account_of(api, "L").pk)
    own = {"external_id": "W", "parent": "L", "source_updated_at": "2027-01-01T00:00:00Z"}
    assert api.statuses("accounts", [own | {"name": "W2"}]) == ["updated"]
    winner.refresh_from_db()
    assert (winner.name, winner.parent_id) == ("W2", account_of(api, "top").pk)
    assert not Pin.objects.exists()  # nobody chose the parent
    itself = api.bulk("accounts", [own | {"parent": "W", "name": "W3"}])["results"][0]
    assert itself["errors"][0]["code"] == "circular_reference"
    unmerge_accounts(merge=merge.pk)
    assert api.statuses("accounts", [own | {"name": "W2"}]) == ["updated"]
    assert account_of(api, "W").parent_id == merge.loser_id
