"""What RevOps sees of sync: batches, waiting records, sources."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from people.functions import Function
from sync.models import ApiToken, Batch, Change, Link, PendingRecord, Source
from sync.models import Client as ApiClient
from sync.services import issue_token
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db

PAGES = ("/sync/", "/sync/pending/", "/sync/sources/", "/sync/tokens/", "/sync/tokens/new/")


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


@pytest.fixture
def crm() -> Source:
    return Source.objects.create(slug="salesforce", name="Salesforce")


def make_batch(source: Source, minutes_ago: float = 0, **fields: Any) -> Batch:
    batch = Batch.objects.create(source=source, **{"resource": "accounts", **fields})
    Batch.objects.filter(pk=batch.pk).update(received_at=timezone.now() - timedelta(minutes=minutes_ago))
    return batch


def make_pending(batch: Batch, external_id: str, waits_for: str = "001A", **fields: Any) -> PendingRecord:
    return PendingRecord.objects.create(
        **{
            "source": batch.source,
            "resource": "contracts",
            "external_id": external_id,
            "payload": {},
            "field": "account",
            "waits_for_resource": "accounts",
            "waits_for_source": batch.source,
            "waits_for_external_id": waits_for,
            "batch": batch,
            **fields,
        }
    )


def batch_ids(html: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'<a href="/sync/batches/(\d+)/">', html)]


@pytest.mark.parametrize("function", [f for f in Function.values if f != "revops"])
def test_others_are_told_whom_to_ask(function: str, crm: Source) -> None:
    make_user("revops", name="Rosa Delgado", email="rosa@example.com")
    client = client_as(function)
    for page in (*PAGES, f"/sync/batches/{make_batch(crm).pk}/"):
        response = client.get(page)
        assert response.status_code == 403
        assert "Rosa Delgado (rosa@example.com)" in response.content.decode()


@pytest.mark.parametrize("page", ["/sync/", "/sync/sources/"])
def test_an_empty_page_says_how_to_send_a_first_record(revops: Client, page: str) -> None:
    html = revops.get(page).content.decode()
    assert "curl -X PUT http://testserver/api/v1/accounts/salesforce/001A0001/" in html
    assert "/sync/tokens/new/" in html


def test_batches_come_newest_first_with_their_counts(revops: Client, crm: Source) -> None:
    old = make_batch(crm, 10, created=1234)
    new = make_batch(crm, 1, rejected=7, mode=Batch.Mode.DELETE)
    html = revops.get("/sync/").content.decode()
    assert batch_ids(html) == [new.pk, old.pk]
    assert "1,234" in html
    assert re.search(r'is-red">.*?<span>7</span>', html)


def test_batches_are_filtered_by_source_resource_and_outcome(revops: Client, crm: Source) -> None:
    desk = Source.objects.create(slug="zendesk", name="Zendesk")
    accounts = make_batch(crm, 3, created=1)
    tickets = make_batch(desk, 2, resource="tickets", rejected=1)
    quiet = make_batch(desk, 1, resource="tickets", unchanged=9, stale=1)

    def found(query: str) -> list[int]:
        return batch_ids(revops.get(f"/sync/?{query}").content.decode())

    assert found("source=salesforce") == [accounts.pk]
    assert found("resource=tickets") == [quiet.pk, tickets.pk]
    assert found("kind=rejected") == [tickets.pk]
    assert found("kind=changed") == [accounts.pk]
    assert found("kind=unchanged") == [quiet.pk, tickets.pk]
    assert found("kind=stale&source=zendesk") == [quiet.pk]
    assert found("kind=nonsense&batch=x") == [quiet.pk, tickets.pk, accounts.pk]
    html = revops.get("/sync/?source=zendesk&kind=pending").content.decode()
    assert "No batch fits these filters" in html
    assert 'href="?kind=pending"' in html


def test_pages_of_batches_meet_without_gap_or_repeat(revops: Client, crm: Source) -> None:
    made = [make_batch(crm, index // 3).pk for index in range(120)]
    page, seen = "?source=salesforce", []
    while page:
        html = revops.get("/sync/" + page).content.decode()
        seen += batch_ids(html)
        following = re.search(r'rel="next" href="(\?[^"]+)"', html)
        page = following[1].replace("&amp;", "&") if following else ""
        assert not page or "source=salesforce" in page
    assert sorted(seen) == made
    assert len(seen) == 120


def test_the_list_costs_the_same_queries_for_any_length(
    revops: Client, crm: Source, django_assert_max_num_queries: Any
) -> None:
    for index in range(60):
        make_batch(crm, index, created=index)
    with django_assert_max_num_queries(7):
        revops.get("/sync/")


def test_a_batch_shows_its_refused_records_and_what_it_changed(revops: Client, crm: Source) -> None:
    refused = {
        "index": 4,
        "external_id": "001<b>",
        "id": None,
        "status": "rejected",
        "errors": [{"field": "employees", "code": "negative", "detail": "Must be 0 or more."}],
    }
    program = ApiClient.objects.create(source=crm, name="Nightly export")
    batch = make_batch(crm, client=program, rejected=120, updated=1, seconds=0.5, errors=[refused])
    Change.objects.create(
        batch=batch,
        resource="accounts",
        object_id=7,
        kind="updated",
        before={"name": "Acme"},
        after={"name": "Acme Corp", "custom": {"a": "x" * 200}},
        xid=1,
    )
    Link.objects.create(source=crm, resource=batch.resource, external_id="001<A>", object_id=7)
    html = revops.get(f"/sync/batches/{batch.pk}/").content.decode()
    assert "Nightly export" in html
    assert '<a href="/accounts/7/">001&lt;A&gt;</a>' in html
    assert "the first 1 of 120" in html
    assert "Must be 0 or more." in html
    assert "001&lt;b&gt;" in html
    assert "from Acme to Acme Corp" in html
    assert "x" * 100 not in html


def test_a_batch_without_anything_to_show_says_why(revops: Client, crm: Source) -> None:
    html = revops.get(f"/sync/batches/{make_batch(crm, unchanged=3).pk}/").content.decode()
    assert "Every record was held already" in html


@pytest.mark.parametrize(
    "errors", [["text"], [{}], [{"errors": ["x", None]}], [{"errors": None, "index": "?"}]]
)
def test_errors_of_another_shape_do_not_break_the_page(
    revops: Client, crm: Source, errors: list[Any]
) -> None:
    batch = make_batch(crm, rejected=1, errors=errors)
    assert revops.get(f"/sync/batches/{batch.pk}/").status_code == 200


@pytest.mark.parametrize("pk", ["0", "9" * 40])
def test_an_unknown_batch_is_not_found(revops: Client, pk: str) -> None:
    assert revops.get(f"/sync/batches/{pk}/").status_code == 404


def test_pending_shows_what_waits_for_what_and_the_missing_ones_first(revops: Client, crm: Source) -> None:
    batch = make_batch(crm, pending=4)
    for number in range(3):
        make_pending(batch, f"800-{number}", "001-MISSED-MOST", detail="No account 001-MISSED-MOST yet.")
    make_pending(batch, "800-9", "001-OTHER")
    make_pending(batch, "800-10", "", code="overlap", detail="Ends before it starts.")
    html = revops.get("/sync/pending/").content.decode()
    assert html.index("001-MISSED-MOST") < html.index("001-OTHER") < html.index("800-0")
    assert re.search(
        r"001-MISSED-MOST.*?<td class=\"is-num\" data-label=\"Waiting for it\">.*?3<", html, re.DOTALL
    )
    assert "No account 001-MISSED-MOST yet." in html
    assert "A correction at the source" in html
    corrections = revops.get("/sync/pending/?kind=decision").content.decode()
    assert "Ends before it starts." in corrections
    assert "800-9" not in corrections


def test_pending_of_one_batch(revops: Client, crm: Source) -> None:
    one, other = make_batch(crm, pending=1), make_batch(crm, pending=1)
    make_pending(one, "800-ONE")
    make_pending(other, "800-OTHER")
    assert f"/sync/pending/?batch={one.pk}" in revops.get(f"/sync/batches/{one.pk}/").content.decode()
    html = revops.get(f"/sync/pending/?batch={one.pk}").content.decode()
    assert "800-ONE" in html
    assert "800-OTHER" not in html


def test_nothing_pending_says_so(revops: Client) -> None:
    assert "Nothing waits" in revops.get("/sync/pending/").content.decode()


def test_sources_tell_how_fresh_each_is(revops: Client, crm: Source) -> None:
    for slug in ("zendesk", "stripe"):
        issue_token(source=slug, scopes=["*:write"])
    issue_token(source="salesforce", scopes=["*:write"])
    make_batch(crm, 5, created=40, rejected=2)
    make_batch(crm, 4, mode=Batch.Mode.PENDING, created=1000)
    make_batch(Source.objects.get(slug="zendesk"), 60 * 40, created=1)
    issue_token(source="abandoned", scopes=["*:write"])
    ApiToken.objects.filter(client__source__slug="abandoned").update(revoked_at=timezone.now())
    Source.objects.create(slug="by-file", name="By file")
    sections = revops.get("/sync/sources/").content.decode().split("<section")
    state = {
        slug: next(part for part in sections if f"?source={slug}" in part)
        for slug in ("abandoned", "by-file", "salesforce", "stripe", "zendesk")
    }
    assert "No token that works" in state["abandoned"]
    assert "No token that works" not in state["salesforce"]
    assert "No token that works" not in state["by-file"]
    assert ">42<" in state["salesforce"]
    assert "Nothing has come from it yet" in state["stripe"]
    assert "2 days old" not in state["zendesk"]
    assert "40 hours old" in state["zendesk"]


@pytest.mark.parametrize(
    "query",
    ["source=%00", "source=" + "a" * 300, "batch=" + "9" * 18, "resource='", "after=zz", "kind=reference"],
)
def test_a_garbled_address_is_no_error(revops: Client, crm: Source, query: str) -> None:
    make_batch(crm)
    for page in ("/sync/", "/sync/pending/"):
        assert revops.get(f"{page}?{query}").status_code == 200
