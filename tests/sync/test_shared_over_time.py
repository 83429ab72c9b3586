"""Shared objects over time: what merges, pins, tombstones and decisions leave behind is never a wrong value."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.identity.ambiguous import resolve_ambiguous
from accounts.identity.merge import merge_accounts
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account, Contact
from people.models import User
from sync.models import Link, PendingRecord, Pin
from sync.pipeline.settle import settle_objects
from sync.provenance.services import end_expired_pins, end_pin, set_pin, set_precedence
from sync.registry import resources
from tests.sync.conftest import Api
from tests.users import make_user

pytestmark = pytest.mark.django_db


def day(n: int) -> str:
    """Return a source time in May."""
    return f"2026-05-{n:02}T00:00:00Z"


@pytest.fixture
def billing(api_for: Any) -> Api:
    return api_for(source="stripe")


@pytest.fixture
def revops(db: None) -> User:
    return make_user("revops")


def acc(ext: str) -> Account:
    """Return the account that an external id stands for."""
    return Account.objects.get(pk=Link.objects.get(resource="accounts", external_id=ext).object_id)


def rec(ext: str, n: int, **fields: Any) -> dict[str, Any]:
    """Return a record of the n-th of May."""
    return {"external_id": ext, "source_updated_at": day(n)} | fields


def pin(pk: int, field: str, value: Any, by: User, **given: Any) -> Pin:
    """Pin a value."""
    key = given.pop("resource", "accounts")
    return set_pin(
        resource=resources[key], object_id=pk, field=field, value=value, reason="r", by=by, **given
    )


def rank(*sources: str) -> None:
    """Set the general order of the sources of accounts."""
    set_precedence(resource=resources["accounts"], field="", sources=sources)


def test_a_self_parent_left_by_a_merge_breaks_no_batch(api, billing):
    rank("stripe", "salesforce")
    api.bulk(
        "accounts",
        [
            rec("l", 1, name="L"),
            rec("w", 1, name="W", domain="w.example", parent="l"),
            rec("o", 1, name="O", domain="o.example"),
        ],
    )
    billing.bulk("accounts", [rec("p", 1, name="P"), rec("bo", 1, name="O", domain="o.example")])
    billing.bulk("accounts", [rec("bw", 2, name="W", domain="w.example", parent="p")])
    merge_accounts(winner=acc("w").pk, loser=acc("l").pk)
    assert acc("w").parent_id == acc("p").pk
    billing.http.raise_request_exception = False
    r = billing.call("post", "accounts/bulk/", [rec("bw", 3, parent=None), rec("bo", 3, name="Other")])
    assert r.status_code == 200


def test_a_self_parent_left_by_a_merge_breaks_no_deletion(api, billing):
    rank("stripe", "salesforce")
    api.bulk("accounts", [rec("l", 1, name="L"), rec("w", 1, name="W", domain="w.example", parent="l")])
    billing.bulk("accounts", [rec("p", 1, name="P")])
    billing.bulk("accounts", [rec("bw", 2, name="W", domain="w.example", parent="p")])
    merge_accounts(winner=acc("w").pk, loser=acc("l").pk)
    billing.http.raise_request_exception = False
    r = billing.call("delete", "accounts/stripe/bw/")
    assert r.status_code == 200


def test_precedence_change_makes_no_circle_or_error(api, billing, revops, client):
    rank("stripe", "salesforce")
    api.bulk("accounts", [rec("l", 1, name="L"), rec("w", 1, name="W", domain="w.example", parent="l")])
    billing.bulk("accounts", [rec("p", 1, name="P")])
    billing.bulk("accounts", [rec("bw", 2, name="W", domain="w.example", parent="p")])
    merge_accounts(winner=acc("w").pk, loser=acc("l").pk)
    client.force_login(revops)
    client.raise_request_exception = False
    r = client.post(
        "/sync/precedence/edit/",
        {"resource": "accounts", "field": "", "source": ["salesforce", "stripe"], "step": "save"},
    )
    assert r.status_code == 302


def test_a_losing_parent_that_counts_later_closes_no_circle(api, billing):
    rank("salesforce", "stripe")
    api.bulk(
        "accounts",
        [
            rec("x", 1, name="X", domain="x.example"),
            rec("q", 1, name="Q"),
        ],
    )
    api.bulk("accounts", [rec("y", 1, name="Y", domain="y.example", parent="q")])
    billing.bulk("accounts", [rec("bx", 1, name="X", domain="x.example")])
    billing.bulk("accounts", [rec("by", 1, name="Y", domain="y.example", parent="bx")])
    x, y, q = acc("x").pk, acc("y").pk, acc("q").pk
    assert Account.objects.get(pk=y).parent_id == q
    assert api.statuses("accounts", [rec("x", 2, parent="y")]) == ["updated"]
    api.bulk("accounts", [rec("y", 3, parent=None)])
    px, py = Account.objects.get(pk=x).parent_id, Account.objects.get(pk=y).parent_id
    assert not (px == y and py == x), "a circle"


def test_a_moved_contact_stays_with_the_winner_when_it_is_pinned(api, revops):
    api.bulk("accounts", [rec("w", 1, name="W"), rec("l", 1, name="L"), rec("d", 1, name="D", parent="l")])
    api.bulk("contacts", [rec("c", 1, name="C", account="l")])
    winner, loser = acc("w").pk, acc("l").pk
    merge_accounts(winner=winner, loser=loser)
    contact = Contact.objects.get()
    assert contact.account_id == winner
    pin(contact.pk, "title", "Boss", revops, resource="contacts")
    contact.refresh_from_db()
    assert contact.account_id == winner


def test_a_moved_division_stays_with_the_winner_when_it_becomes_shared(api, billing):
    api.bulk(
        "accounts",
        [rec("w", 1, name="W"), rec("l", 1, name="L"), rec("d", 1, name="D", domain="d.example", parent="l")],
    )
    winner, loser, division = acc("w").pk, acc("l").pk, acc("d").pk
    merge_accounts(winner=winner, loser=loser)
    assert Account.objects.get(pk=division).parent_id == winner
    billing.bulk("accounts", [rec("cus", 2, name="D!", domain="d.example")])
    assert Account.objects.get(pk=division).parent_id == winner


def test_words_said_under_a_pin_survive_a_later_pin_of_another_field(api, revops):
    api.bulk("accounts", [rec("a", 1, name="Acme", industry="X")])
    pk = acc("a").pk
    p = pin(pk, "industry", "Pinned", revops)
    api.bulk("accounts", [rec("a", 2, name="Acme", industry="Z")])
    end_pin(pin=p, by=revops)
    assert acc("a").industry == "Z"
    pin(pk, "country", "DE", revops)
    assert acc("a").industry == "Z"


def test_resharing_after_an_unmerge_knows_whose_words_were_whose(api, revops):
    api.bulk("accounts", [rec("w", 1, name="W", industry="OfW"), rec("l", 1, name="L", industry="OfL")])
    winner, loser = acc("w").pk, acc("l").pk
    merge = merge_accounts(winner=winner, loser=loser)
    api.bulk("accounts", [rec("l", 5, name="L", industry="OfL2")])
    unmerge_accounts(merge=merge.pk)
    assert (Account.objects.get(pk=winner).industry, Account.objects.get(pk=loser).industry) == (
        "OfW",
        "OfL2",
    )
    pin(winner, "country", "DE", revops)
    pin(loser, "country", "DE", revops)
    assert (Account.objects.get(pk=winner).industry, Account.objects.get(pk=loser).industry) == (
        "OfW",
        "OfL2",
    )


def test_a_decided_match_does_not_let_an_older_state_win(api, billing, revops):
    api.bulk(
        "accounts",
        [rec("a", 10, name="New", domain="a.example"), rec("a2", 10, name="Other", domain="a.example")],
    )
    billing.bulk("accounts", [rec("b", 1, name="Old", domain="a.example")])
    waiting = PendingRecord.objects.get()
    resolve_ambiguous(pending=waiting, account=acc("a").pk, by=revops)
    first = Account.objects.get(pk=acc("a").pk).name
    settle_objects(resource=resources["accounts"], object_ids=[acc("a").pk])
    second = Account.objects.get(pk=acc("a").pk).name
    assert (first, second) == ("New", "New")


def test_order_of_arrival_of_shared_words_with_a_time_less_record(api, billing):
    api.bulk("accounts", [rec("a", 10, name="A10", domain="a.example")])
    billing.bulk("accounts", [{"external_id": "b", "domain": "a.example"}])
    billing.bulk("accounts", [rec("b", 1, name="B1")])
    first = acc("a").name
    billing.bulk("accounts", [rec("b", 2, country="DE")])
    assert first == acc("a").name


def test_one_pin_that_cannot_end_does_not_hold_up_the_others(api, revops):
    api.bulk("accounts", [rec("a", 1, name="A")])
    api.bulk(
        "contracts", [rec("k", 1, account="a", start_on="2026-01-01", end_on="2026-06-01", currency="EUR")]
    )
    k = Link.objects.get(resource="contracts").object_id
    soon = timezone.now() + timedelta(hours=1)
    pin(k, "end_on", "2028-01-01", revops, resource="contracts", expires_at=soon)
    assert api.statuses("contracts", [rec("k", 2, start_on="2027-01-01")]) == ["updated"]
    pin(acc("a").pk, "industry", "P", revops, expires_at=soon)
    Pin.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert end_expired_pins() == 1
    assert Pin.objects.get(field="industry").ended_at is not None


def test_what_only_a_deleted_record_said_goes_with_it(api, billing):
    api.bulk("accounts", [rec("a", 1, name="Acme", domain="acme.example", industry="OfA", custom={"k": "a"})])
    billing.bulk("accounts", [rec("b", 2, name="ACME", domain="acme.example")])
    api.call("delete", "accounts/salesforce/a/")
    a = acc("b")
    assert (a.industry, a.custom) == ("", {})


def test_history_names_who_said_it(api, billing):
    from sync.provenance.reading import read_history

    api.bulk("accounts", [rec("a", 1, name="A", domain="a.example", industry="OfA")])
    billing.bulk("accounts", [rec("b", 2, name="A", domain="a.example", industry="OfB")])
    billing.bulk("accounts", [rec("b", 3, industry=None)])
    top = read_history(resources["accounts"], acc("a").pk, "industry")[0]
    assert not (top.after == "OfA" and top.source == "stripe")


def test_a_pinned_own_number_stays_a_number(client, api, revops):
    api.bulk("accounts", [rec("a", 1, name="A", custom={"seats": 5, "vip": True})])
    client.force_login(revops)
    client.post(f"/sync/records/accounts/{acc('a').pk}/custom.seats/pin/", {"value": "7", "reason": "r"})
    assert acc("a").custom["seats"] == 7


# --- defects 2, 5, 4: no repeat heals; lines together; later finds


def test_a_repeat_heals_what_sharing_anew_has_spoilt(api, revops):
    api.bulk("accounts", [rec("a", 1, name="Acme", industry="X")])
    p = pin(acc("a").pk, "industry", "Pinned", revops)
    newest = [rec("a", 2, name="Acme", industry="Z")]
    api.bulk("accounts", newest)
    end_pin(pin=p, by=revops)
    pin(acc("a").pk, "country", "DE", revops)
    assert api.statuses("accounts", newest) == ["unchanged"]
    assert acc("a").industry == "Z"


def test_a_repeat_brings_a_moved_contact_back_from_the_tombstone(api, revops):
    api.bulk("accounts", [rec("w", 1, name="W"), rec("l", 1, name="L")])
    made = [rec("c", 1, name="C", account="l")]
    api.bulk("contacts", made)
    w = acc("w").pk
    merge_accounts(winner=w, loser=acc("l").pk)
    pin(Contact.objects.get().pk, "title", "Boss", revops, resource="contacts")
    assert api.statuses("contacts", made) == ["unchanged"]
    assert Contact.objects.get().account_id == w
