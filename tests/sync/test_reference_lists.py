"""Lists of references: a deal names everybody who takes part in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Contact
from engagement.models import Opportunity
from sync.models import Batch, Link, PendingRecord
from sync.undoing.services import undo_batch
from tests.sync.conftest import Api
from tests.sync_files.conftest import bring_in, upload_file
from tests.users import make_user

pytestmark = pytest.mark.django_db
PAGE = "opportunities/salesforce/o/"


def people(api: Api, *ids: str) -> None:
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    api.bulk("contacts", [{"external_id": one, "account": "a", "name": one.upper()} for one in ids])


def deal(*contacts: Any, at: str = "2026-01-02T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {
        "external_id": "o",
        "account": "a",
        "name": "Deal",
        "contacts": list(contacts),
        "source_updated_at": at,
        **more,
    }


def held() -> list[str]:
    names = {contact.pk: contact.name for contact in Contact.objects.all()}
    return [names[pk] for pk in Opportunity.objects.get().contacts]


def test_a_list_is_kept_in_its_order_and_read_as_it_was_sent(api: Api) -> None:
    people(api, "x", "y", "z")
    assert api.statuses("opportunities", [deal("z", "x", "z")]) == ["created"]
    assert held() == ["Z", "X"]
    told = api.get(PAGE)["contacts"]
    assert [one["external_id"] for one in told] == ["z", "x"]
    assert api.statuses("opportunities", [deal("z", "x", "z")]) == ["unchanged"]
    assert api.statuses("opportunities", [deal("x", "z", at="2026-01-03T00:00:00Z")]) == ["updated"]
    assert held() == ["X", "Z"]
    without = {"external_id": "o", "contacts": None, "source_updated_at": "2026-01-04T00:00:00Z"}
    assert api.statuses("opportunities", [without]) == ["updated"]
    assert (held(), api.get(PAGE)["contacts"]) == ([], [])


def test_a_record_waits_until_the_last_of_its_list_has_arrived(api: Api) -> None:
    people(api, "x")
    answer = api.bulk("opportunities", [deal("x", "y", "z")])
    error = answer["results"][0]["errors"][0]
    assert (answer["pending"], error["field"], error["code"]) == (1, "contacts", "reference_missing")
    assert "'y'" in error["detail"]
    people(api, "y")
    assert PendingRecord.objects.get().field == "contacts"
    people(api, "z")
    assert held() == ["X", "Y", "Z"]
    assert not PendingRecord.objects.exists()


def test_a_list_may_name_records_of_other_sources_and_no_unknown_one(
    api: Api, api_for: Callable[..., Api]
) -> None:
    people(api, "x")
    other = api_for("hubspot")
    other.bulk("accounts", [{"external_id": "h", "name": "Theirs"}])
    other.bulk("contacts", [{"external_id": "hx", "account": "h", "name": "HX"}])
    assert api.statuses("opportunities", [deal("x", {"source": "hubspot", "external_id": "hx"})]) == [
        "created"
    ]
    assert held() == ["X", "HX"]
    assert [one["source"] for one in api.get(PAGE)["contacts"]] == ["salesforce", "hubspot"]
    bad = deal("x", {"source": "nowhere", "external_id": "n"}, at="2026-02-01T00:00:00Z")
    answer = api.bulk("opportunities", [bad])
    error = answer["results"][0]["errors"][0]
    assert (error["field"], error["code"]) == ("contacts[1].source", "unknown_source")
    assert held() == ["X", "HX"]


@pytest.mark.parametrize("value", ["x", [1], [None], [{"source": "salesforce"}], [[]], ["x"] * 1001, {}])
def test_what_is_no_list_of_references_is_refused_at_the_field(api: Api, value: Any) -> None:
    people(api, "x")
    answer = api.bulk("opportunities", [deal() | {"contacts": value}])
    assert answer["rejected"] == 1
    assert answer["results"][0]["errors"][0]["field"].startswith("contacts")


def test_a_batch_taken_back_gives_the_list_back(api: Api) -> None:
    people(api, "x", "y")
    api.bulk("opportunities", [deal("x")])
    answer = api.bulk("opportunities", [deal("y", "x", at="2026-01-03T00:00:00Z")])
    user = make_user("revops")
    undo_batch(batch=Batch.objects.get(pk=answer["batch"]), by=user)
    assert held() == ["X"]


def test_a_file_names_a_list_by_external_ids(api: Api) -> None:
    people(api, "x", "y")
    text = "External id,Account,Name,Contacts\no,a,Deal,x; y\n"
    bring_in(upload_file(text, "opportunities", "salesforce"))
    assert held() == ["X", "Y"]
    assert Link.objects.filter(resource="opportunities").count() == 1
