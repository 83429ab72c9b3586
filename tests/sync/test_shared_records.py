"""Objects of several sources: recognised by their domain, and decided field by field."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Account
from people.models import User
from sync.models import Change, FieldClaim, FieldPrecedence, Link, PendingRecord, Pin, Source
from sync.pipeline.claims import share_objects
from sync.pipeline.identity import decide_match
from sync.pipeline.pending import apply_ready
from sync.pipeline.settle import UnsettledError, settle_objects
from sync.provenance.services import end_pin, set_pin
from sync.registry import resources
from tests.sync.conftest import Api
from tests.users import make_user

pytestmark = pytest.mark.django_db


def day(number: int) -> str:
    """Return a source time in May."""
    return f"2026-05-{number:02}T00:00:00Z"


def crm_account(**fields: Any) -> dict[str, Any]:
    """Return the CRM's account."""
    return {
        "external_id": "a",
        "name": "Acme",
        "domain": "acme.example",
        "source_updated_at": day(1),
    } | fields


def customer(**fields: Any) -> dict[str, Any]:
    """Return the billing system's customer of the same domain."""
    return {
        "external_id": "c",
        "name": "ACME Inc.",
        "domain": "https://www.Acme.example/",
        "source_updated_at": day(2),
    } | fields


@pytest.fixture
def billing(api_for: Any) -> Api:
    return api_for(source="stripe")


@pytest.fixture
def revops(db: None) -> User:
    return make_user("revops")


def rank(*sources: str, field: str = "") -> None:
    for number, slug in enumerate(sources, start=1):
        FieldPrecedence.objects.create(
            resource="accounts", field=field, source=Source.objects.get(slug=slug), rank=number
        )


def test_a_record_of_another_source_is_attached_by_its_domain(api, billing):
    first = api.bulk("accounts", [crm_account(industry="Software")])["results"][0]
    result = billing.bulk("accounts", [customer()])["results"][0]
    assert (result["status"], result["id"]) == ("updated", first["id"])
    account = Account.objects.get()
    assert (account.name, account.industry) == ("ACME Inc.", "Software")  # the newest word, without an order
    found = billing.get("accounts/stripe/c/")
    assert [(item["source"], item["external_id"]) for item in found["external_ids"]] == [
        ("salesforce", "a"),
        ("stripe", "c"),
    ]


def test_a_record_is_attached_without_what_a_new_one_needs(api, billing):
    api.bulk("accounts", [crm_account()])
    answer = billing.bulk("accounts", [{"external_id": "c", "domain": "acme.example"}], "?mode=update_only")
    assert answer["updated"] == 1
    assert Account.objects.get().name == "Acme"


def test_where_nothing_may_be_created_what_fits_several_is_refused(api, billing):
    api.bulk("accounts", [crm_account(), crm_account(external_id="a2")])
    held = sorted(str(account.pk) for account in Account.objects.all())
    refused = billing.bulk("accounts", [customer()], "?mode=update_only")["results"][0]
    assert refused["status"] == "rejected"
    assert [(error["code"], sorted(error["candidates"])) for error in refused["errors"]] == [
        ("ambiguous_match", held)
    ]
    assert billing.call("put", "accounts/stripe/c/?mode=update_only", customer()).status_code == 422
    assert not PendingRecord.objects.exists()


def test_where_nothing_may_be_created_what_fits_but_misses_a_reference_is_refused(api, billing):
    api.bulk("accounts", [crm_account()])
    refused = billing.bulk("accounts", [customer(parent="later")], "?mode=update_only")["results"][0]
    assert (refused["status"], refused["errors"][0]["code"]) == ("rejected", "reference_missing")
    assert not PendingRecord.objects.exists()
    assert not Link.objects.filter(external_id="c").exists()


def test_a_source_never_matches_its_own_records(api):
    assert api.statuses("accounts", [crm_account(), crm_account(external_id="b")]) == ["created", "created"]
    assert api.statuses("accounts", [crm_account(external_id="d")]) == ["created"]


@pytest.mark.parametrize("domain", ["gmail.com", None, ""])
def test_what_many_share_matches_nobody(api, billing, domain):
    api.bulk("accounts", [crm_account(domain=domain)])
    assert billing.statuses("accounts", [customer(domain=domain)]) == ["created"]


def test_several_that_fit_wait_for_a_person_with_the_candidates(api, billing):
    ids = [
        item["id"] for item in api.bulk("accounts", [crm_account(), crm_account(external_id="b")])["results"]
    ]
    answer = billing.bulk("accounts", [customer()])
    assert answer["pending"] == 1
    error = answer["results"][0]["errors"][0]
    assert (error["field"], error["code"], error["candidates"]) == ("domain", "ambiguous_match", ids)
    assert all(each in error["detail"] for each in ids)
    assert PendingRecord.objects.get().candidates == [int(each) for each in ids]
    assert Account.objects.count() == 2
    # It waits on, and a newer state is laid over it.
    assert billing.statuses("accounts", [customer(source_updated_at=day(3), industry="Retail")]) == [
        "pending"
    ]
    assert PendingRecord.objects.get().payload["industry"] == "Retail"


def test_two_new_records_for_one_object_wait_both(api, billing):
    api.bulk("accounts", [crm_account()])
    assert billing.statuses("accounts", [customer(), customer(external_id="d")]) == ["pending", "pending"]


def test_a_person_decides_which_one_is_meant(api, billing):
    ids = [
        item["id"] for item in api.bulk("accounts", [crm_account(), crm_account(external_id="b")])["results"]
    ]
    billing.bulk("accounts", [customer(industry="Retail")])
    waiting = PendingRecord.objects.get()
    with pytest.raises(ValueError, match="candidates"):
        decide_match(pending=waiting, object_id=int(ids[1]) + 1000)
    decide_match(pending=waiting, object_id=int(ids[1]))
    assert apply_ready() == 1
    assert Account.objects.get(pk=ids[1]).industry == "Retail"
    assert not PendingRecord.objects.exists()
    with pytest.raises(ValueError, match="any more"):
        decide_match(pending=waiting, object_id=int(ids[0]))


def test_a_person_says_that_it_is_a_new_one(api, billing):
    api.bulk("accounts", [crm_account(), crm_account(external_id="b")])
    billing.bulk("accounts", [customer()])
    decide_match(pending=PendingRecord.objects.get(), object_id=None)
    assert apply_ready() == 1
    assert Account.objects.count() == 3
    assert billing.statuses("accounts", [customer(name="Other", source_updated_at=day(4))]) == ["updated"]
    assert Account.objects.count() == 3


def test_what_waited_for_an_attached_record_is_applied(api, billing):
    api.bulk("accounts", [crm_account()])
    assert billing.statuses("contacts", [{"external_id": "p", "account": "c", "name": "Ann"}]) == ["pending"]
    billing.bulk("accounts", [customer()])
    assert Account.objects.get().contacts.get().name == "Ann"


def test_records_of_one_call_may_point_to_an_attached_one(api, billing):
    api.bulk("accounts", [crm_account()])
    child = {"external_id": "child", "name": "Division", "parent": "c"}
    assert billing.statuses("accounts", [child, customer()]) == ["created", "updated"]
    assert Account.objects.get(name="Division").parent == Account.objects.get(domain="acme.example")


def test_a_dry_run_attaches_nothing(api, billing):
    api.bulk("accounts", [crm_account()])
    assert billing.statuses("accounts", [customer()], "?mode=dry_run") == ["updated"]
    assert Link.objects.count() == 1
    assert not FieldClaim.objects.exists()
    assert not Link.objects.get().is_shared


def test_the_order_of_the_sources_decides_and_the_losing_value_is_kept(api, billing):
    api.bulk("accounts", [crm_account(employees=50)])
    rank("salesforce", "stripe")
    billing.bulk("accounts", [customer(employees=70)])
    account = Account.objects.get()
    assert (account.name, account.employees) == ("Acme", 50)
    claims = FieldClaim.objects.filter(field="employees").order_by("source__slug")
    assert [(claim.source.slug, claim.value) for claim in claims] == [("salesforce", 50), ("stripe", 70)]
    # The loser's word counts once the winner has none any more.
    api.bulk("accounts", [crm_account(employees=None, source_updated_at=day(5))])
    assert Account.objects.get().employees == 70


def test_a_field_may_have_an_order_of_its_own(api, billing):
    api.bulk("accounts", [crm_account(employees=50, industry="Software")])
    billing.bulk("accounts", [customer(employees=70, industry="Retail")])
    rank("salesforce", "stripe")
    rank("stripe", "salesforce", field="employees")
    settle_objects(resource=resources["accounts"], object_ids=[Account.objects.get().pk])
    account = Account.objects.get()
    assert (account.name, account.employees, account.industry) == ("Acme", 70, "Software")


def test_a_losing_record_is_unchanged_and_an_older_one_still_stale(api, billing):
    api.bulk("accounts", [crm_account(employees=50)])
    billing.bulk("accounts", [customer()])
    rank("salesforce", "stripe")
    settle_objects(resource=resources["accounts"], object_ids=[Account.objects.get().pk])
    changes = Change.objects.count()
    assert billing.statuses("accounts", [customer(employees=71, source_updated_at=day(6))]) == ["unchanged"]
    assert Change.objects.count() == changes
    assert FieldClaim.objects.get(source__slug="stripe", field="employees").value == 71
    assert billing.statuses("accounts", [customer(employees=72, source_updated_at=day(5))]) == ["stale"]
    assert FieldClaim.objects.get(source__slug="stripe", field="employees").value == 71


def test_own_fields_are_claimed_key_by_key(api, billing):
    api.bulk("accounts", [crm_account(custom={"region": "north", "score": 1})])
    billing.bulk("accounts", [customer(custom={"plan": "gold", "score": 2})])
    assert Account.objects.get().custom == {"region": "north", "plan": "gold", "score": 2}
    billing.bulk("accounts", [customer(custom={"score": None}, source_updated_at=day(4))])
    assert Account.objects.get().custom == {"region": "north", "plan": "gold", "score": 1}
    billing.bulk("accounts", [customer(custom=None, source_updated_at=day(5))])
    assert Account.objects.get().custom == {"region": "north", "score": 1}


def test_every_type_of_field_survives_being_decided(api, billing):
    sent = {
        "industry": "Software",
        "employees": 50,
        "country": "DE",
        "currency": "EUR",
        "lifecycle": "customer",
        "workspace_ids": ["ws_1", 'ws "2"'],
        "owner_email": "ann@example.com",
        "tier": "strategic",
        "custom": {"flag": True, "ratio": 0.25, "text": "naïve \\ \t"},
    }
    parent = {"external_id": "p", "name": "Holding"}
    api.bulk("accounts", [parent, crm_account(**sent, parent="p")])
    before = Account.objects.values().get(name="Acme")
    billing.bulk("accounts", [customer(name="Acme")])
    assert Account.objects.values().get(name="Acme") == before


def test_a_tombstone_of_one_source_takes_its_claims_away(api, billing):
    api.bulk("accounts", [crm_account(industry="Software")])
    billing.bulk("accounts", [customer(industry="Retail")])
    assert Account.objects.get().industry == "Retail"
    billing.call("delete", "accounts/stripe/c/")
    account = Account.objects.get()
    assert (account.industry, account.name, account.deleted_at) == ("Software", "Acme", None)
    again = customer(industry="Retail", source_updated_at="2090-01-01T00:00:00Z")
    assert billing.statuses("accounts", [again]) == ["updated"]
    assert Account.objects.get().industry == "Retail"


def test_a_pinned_value_stands_against_every_source(api, revops):
    api.bulk("accounts", [crm_account(industry="Software")])
    account = Account.objects.get()
    pin = set_pin(
        resource=resources["accounts"],
        object_id=account.pk,
        field="industry",
        value="Energy",
        reason="Confirmed by phone",
        by=revops,
    )
    assert Account.objects.get().industry == "Energy"
    api.bulk("accounts", [crm_account(industry="Retail", source_updated_at=day(3))])
    assert Account.objects.get().industry == "Energy"
    end_pin(pin=pin, by=revops)
    assert Account.objects.get().industry == "Retail"
    assert Pin.objects.get().ended_by == revops


def test_what_would_break_a_rule_is_refused_and_claims_nothing(api, billing):
    api.bulk("accounts", [crm_account()])
    contract = {
        "account": "a",
        "external_id": "k",
        "start_on": "2026-01-01",
        "end_on": "2026-12-31",
        "currency": "EUR",
    }
    api.bulk("contracts", [contract])
    resource = resources["contracts"]
    held = Link.objects.get(resource="contracts")
    share_objects(resource=resource, object_ids=[held.object_id])
    assert api.statuses("contracts", [{"external_id": "k", "end_on": "2025-01-01"}]) == ["rejected"]
    assert FieldClaim.objects.get(resource="contracts", field="end_on").value == "2026-12-31"
    Pin.objects.create(
        resource="contracts", object_id=held.object_id, field="end_on", value="2025-01-01", reason="Test"
    )
    with pytest.raises(UnsettledError):
        settle_objects(resource=resource, object_ids=[held.object_id])


def test_two_records_of_one_object_in_a_call_are_one_change(api, billing):
    api.bulk("accounts", [crm_account(), crm_account(external_id="b", domain="other.example")])
    first, second = Account.objects.order_by("pk")
    share_objects(resource=resources["accounts"], object_ids=[first.pk, second.pk])
    Link.objects.filter(object_id=second.pk).update(object_id=first.pk)
    FieldClaim.objects.filter(object_id=second.pk).update(object_id=first.pk)
    changes = Change.objects.filter(object_id=first.pk).count()
    batch = [
        crm_account(source_updated_at=day(7), industry="Retail"),
        crm_account(external_id="b", domain="other.example", source_updated_at=day(8), employees=5),
    ]
    assert api.statuses("accounts", batch) == ["updated", "updated"]
    assert Change.objects.filter(object_id=first.pk).count() == changes + 1
    first.refresh_from_db()
    assert (first.industry, first.employees) == ("Retail", 5)
