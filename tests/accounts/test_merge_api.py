"""Merges through the API: done, tried, refused with a reason, and taken back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.http import HttpResponse

from accounts.identity.models import AccountMerge
from accounts.models import Account
from people.models import AccessGrant
from tests.accounts.merging import difference, make_company, snapshot
from tests.sync.conftest import Api, make_api
from tests.users import client_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    """The CRM's client."""
    return make_api()


@pytest.fixture
def pair(api: Api) -> tuple[int, int]:
    """The ids of two accounts."""
    return make_company(api, "W", industry="Energy").pk, make_company(api, "L", industry="Rail").pk


def post(api: Api, pk: int, what: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    response: HttpResponse = api.call("post", f"accounts/{pk}/{what}/", body, **headers)
    return response.status_code, msgspec.json.decode(response.content)


def test_a_dry_run_says_what_the_merge_then_does(api: Api, pair: tuple[int, int]) -> None:
    winner, loser = pair
    before = snapshot()
    asked = {"loser": str(loser), "choices": {"industry": "winner"}}
    status, tried = post(api, winner, "merge", asked | {"dry_run": True})
    assert (status, tried["merge"], tried["dry_run"]) == (200, None, True)
    assert set(difference(before, snapshot())) <= {"sync_apitoken"}
    status, done = post(api, winner, "merge", asked)
    assert status == 200
    assert done == tried | {"merge": done["merge"], "dry_run": False}
    assert done["moved"]["support.Ticket"] == 2
    chosen = {item["field"]: item["choice"] for item in done["fields"]}
    assert chosen["industry"] == "winner"
    merge = AccountMerge.objects.get(pk=done["merge"])
    assert merge.client is not None
    assert Account.objects.get(pk=winner).industry == "Energy"


def test_unmerging_through_the_api_restores_and_reports(api: Api, pair: tuple[int, int]) -> None:
    winner, loser = pair
    post(api, winner, "merge", {"loser": loser, "choices": {"name": "winner"}})
    api.bulk("contacts", [{"external_id": "since", "account": "L", "name": "Since"}])
    status, tried = post(api, winner, "unmerge", {"loser": loser, "dry_run": True})
    assert (status, tried["dry_run"]) == (200, True)
    assert Account.objects.get(pk=loser).deleted_at is not None
    status, done = post(api, winner, "unmerge", {"loser": str(loser)})
    assert status == 200
    assert done == tried | {"dry_run": False}
    assert done["returned"]["accounts.Contact"] == 3
    assert [(item["what"], item["where"], item["count"]) for item in done["conflicts"]] == [
        ("contacts", "winner", 1)
    ]
    assert Account.objects.get(pk=loser).deleted_at is None
    assert post(api, winner, "unmerge", {"loser": loser})[1]["code"] == "not_merged"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"loser": "WINNER"}, 409, "same_account"),
        ({"loser": "999999999"}, 404, "unknown_account"),
        ({"loser": "x"}, 422, "invalid"),
        ({"loser": -1}, 422, "invalid"),
        ({"loser": "9" * 40}, 422, "invalid"),
        ({"loser": "LOSER", "choices": {"nope": "winner"}}, 422, "unknown_field"),
        ({"loser": "LOSER", "choices": {"name": "both"}}, 422, "bad_choice"),
        ({"loser": "LOSER", "choices": []}, 422, "invalid"),
        ({"loser": "LOSER", "surprise": 1}, 422, "invalid"),
        ({}, 422, "invalid"),
        ([], 422, "invalid"),
        (b"{", 400, "malformed"),
        (b"\xff", 400, "malformed"),
    ],
)
def test_what_can_not_be_done_is_a_problem(
    api: Api, pair: tuple[int, int], body: Any, status: int, code: str
) -> None:
    if isinstance(body, dict) and body.get("loser") in {"WINNER", "LOSER"}:
        body = body | {"loser": str(pair[0] if body["loser"] == "WINNER" else pair[1])}
    answered, problem = post(api, pair[0], "merge", body)
    assert (answered, problem["code"], problem["status"]) == (status, code, status)
    assert problem["detail"]
    if code in {"unknown_field", "bad_choice"}:
        assert problem["errors"][0]["field"].startswith("choices.")
    assert not AccountMerge.objects.exists()


def test_merging_twice_is_a_conflict_that_names_the_other(api: Api, pair: tuple[int, int]) -> None:
    winner, loser = pair
    post(api, winner, "merge", {"loser": loser})
    status, problem = post(api, winner, "merge", {"loser": loser})
    assert (status, problem["code"]) == (409, "already_merged")
    assert f"merged into account {winner}" in problem["detail"]


def test_a_key_repeats_the_answer_instead_of_the_merge(api: Api, pair: tuple[int, int]) -> None:
    winner, loser = pair
    first = post(api, winner, "merge", {"loser": loser}, Idempotency_Key="k")
    assert post(api, winner, "merge", {"loser": loser}, Idempotency_Key="k") == first
    assert AccountMerge.objects.count() == 1


def test_it_needs_the_scope_to_write_accounts(pair: tuple[int, int]) -> None:
    reader = make_api(scopes=("accounts:read", "tickets:write"))
    assert post(reader, pair[0], "merge", {"loser": pair[1]})[0] == 403
    assert post(reader, pair[0], "unmerge", {"loser": pair[1]})[0] == 403


def test_conflicts_tell_no_value_that_the_reader_may_not_read(api: Api) -> None:
    winner = make_company(api, "W", owner_email="first@x.example")
    loser = make_company(api, "L", owner_email="other@x.example")
    post(api, winner.pk, "merge", {"loser": str(loser.pk)})
    later = "2027-01-01T00:00:00Z"
    api.bulk(
        "accounts", [{"external_id": "W", "owner_email": "secret@x.example", "source_updated_at": later}]
    )
    AccessGrant.objects.filter(function="sales", category="account_team").update(level="none")
    sales = make_api("hubspot", function="sales")
    page = f"/accounts/duplicates/merges/{AccountMerge.objects.get().pk}/"
    for dry_run in (True, False):
        shown = client_as("sales").get(page).content.decode()
        assert "Owner email" in shown
        assert "secret@" not in shown
        assert "secret@" in client_as("revops").get(page).content.decode()
        status, told = post(sales, winner.pk, "unmerge", {"loser": str(loser.pk), "dry_run": dry_run})
        assert status == 200
        assert "owner_email" in {item["field"] for item in told["conflicts"]}
        assert "secret@" not in str(told)
    assert "secret@" not in client_as("sales").get(page).content.decode()
