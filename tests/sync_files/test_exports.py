"""Every list page gives its rows as a file in each format, exactly as narrowed."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from accounts.identity.models import AccountMerge, DuplicatePair
from sync.models import Connection, ConnectorRun, Source, WebhookDelivery, WebhookEndpoint
from tests.accounts.rows import make_listed
from tests.sync.conftest import make_api
from tests.users import client_as

pytestmark = pytest.mark.django_db

LISTS = [
    "accounts:list",
    "sync:batches",
    "sync:pending",
    "sync:imports",
    "sync:sources",
    "sync:tokens",
    "people:users",
    "metrics:library",
    "metrics:runs",
    "accounts:duplicates",
    "accounts:apart",
    "accounts:merges",
    "sync:webhook",
    "sync:webhooks",
    "sync:connections",
    "sync:connection",
    "sync:precedence",
    "accounts:ambiguous",
    "accounts:domains",
    "people:access",
    "product:intake",
]


def body(response: object) -> bytes:
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


@pytest.fixture
def some_rows(db: None) -> None:
    api = make_api("crm")
    api.bulk("accounts", [{"external_id": "1", "name": "Acme"}, {"external_id": "2", "name": "=Brill"}])
    accounts = [{"external_id": f"S{number}", "name": "Shared", "domain": "two.com"} for number in range(2)]
    api.bulk("accounts", accounts)
    make_api("desk").bulk("accounts", [{"external_id": "Z", "name": "=Z", "domain": "two.com"}])
    source = Source.objects.create(slug="stripe", name="Stripe")
    held = Connection.objects.create(pk=1, kind="stripe", name="=Ours", source=source)
    ConnectorRun.objects.create(connection=held)
    api.bulk("contacts", [{"external_id": "1", "name": "Jane", "account": "none"}])
    accounts = [make_listed(f"Company {number}") for number in range(6)]
    DuplicatePair.objects.create(
        low=accounts[0], high=accounts[1], score=90, evidence=[{"text": "=One name"}]
    )
    DuplicatePair.objects.create(low=accounts[2], high=accounts[3], score=70, dismissed_at=timezone.now())
    AccountMerge.objects.create(winner=accounts[4], loser=accounts[5])
    endpoint = WebhookEndpoint.objects.create(
        pk=1, name="Ours", url="https://x.example/", kinds=["*"], secret=b"x"
    )
    for number in range(3):
        WebhookDelivery.objects.create(
            endpoint=endpoint,
            event_id=f"e{number}",
            kind="account.created",
            body="{}",
            happened_at=timezone.now(),
        )


@pytest.mark.parametrize("name", LISTS)
def test_a_list_exports_in_every_format(name: str, some_rows: None) -> None:
    client = client_as("revops")
    address = reverse(name, args=[1] if name in ("sync:webhook", "sync:connection") else [])
    url = reverse("accounts:export") if name == "accounts:list" else address
    page = client.get(address).content.decode()
    files = {}
    for kind in ("csv", "xlsx", "ndjson"):
        response = client.get(f"{url}?export={kind}")
        assert response.status_code == 200
        assert response["Content-Disposition"].endswith(f'.{kind}"')
        files[kind] = body(response)
    rows = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"))))
    records = [json.loads(line) for line in files["ndjson"].decode().splitlines()]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(files["xlsx"])).get_sheet_by_index(0).to_python()
    assert sheet[0] == rows[0]
    assert len(sheet) == len(rows) == len(records) + 1
    assert records or name in ("sync:imports", "metrics:runs", "product:intake")
    if records:
        assert "export=xlsx" in page


def test_an_export_is_narrowed_as_its_list_is(some_rows: None) -> None:
    client = client_as("revops")
    lines = body(client.get(f"{reverse('sync:batches')}?resource=contacts&export=ndjson")).splitlines()
    assert [json.loads(line)["resource"] for line in lines] == ["contacts"]


def test_an_export_redacts_as_the_list_does(db: None) -> None:
    make_listed("Acme", standing={"arr": 987654})
    url = f"{reverse('accounts:export')}?columns=finance.arr"
    for kind in ("csv", "ndjson"):
        assert b"987654" not in body(client_as("support").get(f"{url}&export={kind}"))
    for function, shown in (("support", "redacted"), ("revops", 987654)):
        book = CalamineWorkbook.from_filelike(io.BytesIO(body(client_as(function).get(f"{url}&export=xlsx"))))
        assert book.get_sheet_by_index(0).to_python()[1] == ["Acme", shown]
    record = json.loads(body(client_as("support").get(f"{url}&export=ndjson")))
    assert record["redacted"] == ["finance.arr"]
    assert json.loads(body(client_as("revops").get(f"{url}&export=ndjson")))["finance.arr"] == "987654.00"


def test_lists_of_revops_export_for_nobody_else(some_rows: None) -> None:
    for name in ("sync:batches", "sync:imports", "people:users"):
        assert client_as("sales").get(f"{reverse(name)}?export=csv").status_code == 403


def test_a_page_of_several_lists_gives_the_one_asked_for(some_rows: None) -> None:
    client = client_as("revops")
    url = reverse("sync:connection", args=[1])
    first, second = (body(client.get(f"{url}?export=csv&table={name}")) for name in ("runs", "decisions"))
    assert b"Left out" in first
    assert b"Who,What" in second
    for asked in ("nothing", "=1", "%00"):
        assert client.get(f"{url}?export=csv&table={asked}").status_code == 404
