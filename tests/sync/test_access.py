"""Who may call, and what each function's token or user reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from people.services import create_user
from sync.models import ApiToken
from sync.services import issue_token, limit_token, revoke_token
from tests.sync.conftest import Api

LINE = {
    "external_id": "l",
    "contract": "k",
    "product": "Seats",
    "start_on": "2026-01-01",
    "amount": "1234.56",
    "billing_period": "month",
}


@pytest.fixture
def line(api: Api) -> None:
    """A contract line with an amount."""
    api.bulk("accounts", [{"external_id": "a", "name": "Acme"}])
    api.bulk("contracts", [{"external_id": "k", "account": "a", "start_on": "2026-01-01", "currency": "EUR"}])
    api.bulk("contract-lines", [LINE])


@pytest.mark.parametrize("function", ["support", "marketing", "product", "engineering", "people"])
def test_a_function_without_contracts_reads_no_line_at_all(
    line: None, api_for: Callable[..., Api], function: str
) -> None:
    reader = api_for(function=function)
    for path in ("contract-lines/", "contract-lines/1/", "contract-lines/salesforce/l/"):
        response = reader.call("get", path)
        assert response.status_code == 403
        assert "1234" not in response.content.decode()
        assert "does not read contracts" in response.json()["detail"]


@pytest.mark.parametrize("function", ["sales", "customer_success", "legal"])
def test_an_amount_is_left_out_and_named_for_who_reads_contracts_only(
    line: None, api_for: Callable[..., Api], function: str
) -> None:
    reader = api_for(function=function)
    record = reader.get("contract-lines/salesforce/l/")
    assert record["redacted"] == ["amount", "discount_percent"]
    assert "amount" not in record
    assert record["product"] == "Seats"
    refused = reader.call("get", "contract-lines/?amount=1234.56")
    assert (refused.status_code, refused.json()["code"]) == (403, "redacted")


@pytest.mark.parametrize("function", ["finance", "revops", "leadership"])
def test_who_reads_revenue_reads_the_amount(line: None, api_for: Callable[..., Api], function: str) -> None:
    record = api_for(function=function).get("contract-lines/salesforce/l/")
    assert (record["amount"], record["redacted"]) == ("1234.5600", [])


def test_a_signed_in_person_reads_by_function_and_writes_nothing(line: None) -> None:
    browser = Client()
    browser.force_login(create_user(email="s@example.com", name="S", function="sales"))
    assert browser.get("/api/v1/contract-lines/salesforce/l/").json()["redacted"] == [
        "amount",
        "discount_percent",
    ]
    assert (
        browser.put("/api/v1/accounts/salesforce/a/", {}, content_type="application/json").status_code == 403
    )


@pytest.mark.parametrize("path", ["accounts/", "accounts/1/", "accounts/salesforce/a/", "contract-lines/"])
def test_without_a_token_nothing_is_told(db: None, path: str) -> None:
    response = Client().get(f"/api/v1/{path}")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_a_bad_expired_or_revoked_token_is_401(db: None) -> None:
    issued = issue_token(source="salesforce", scopes=["*:read"], days=1)
    reader = Api(issued.secret)
    assert reader.call("get", "accounts/").status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "expired" in reader.call("get", "accounts/").json()["detail"]
    ApiToken.objects.update(expires_at=None)
    revoke_token(token=issued.token)
    assert "revoked" in reader.call("get", "accounts/").json()["detail"]
    for secret in ("abe_nonsense", "two words", "", "ä"):
        assert Api(secret).call("get", "accounts/").status_code == 401


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (["accounts:read"], "get", "accounts/", 200),
        (["accounts:read"], "get", "contacts/", 403),
        (["accounts:read"], "post", "accounts/bulk/", 403),
        (["accounts:write"], "post", "accounts/bulk/", 200),
        (["accounts:write"], "get", "accounts/", 403),
        (["usage:write"], "post", "usage-events/bulk/", 200),
        (["*:write"], "post", "usage-events/bulk/", 200),
        (["*:read"], "post", "usage-events/bulk/", 403),
    ],
)
def test_a_scope_opens_what_it_names(
    db: None, scopes: list[str], method: str, path: str, status: int
) -> None:
    client = Api(issue_token(source="salesforce", scopes=scopes).secret)
    response = client.call(method, path, [] if method == "post" else None)
    assert response.status_code == status
    if status == 403:
        assert "scope" in response.json()["detail"]


def test_the_last_use_is_noted_at_most_once_a_minute(db: None) -> None:
    issued = issue_token(source="salesforce", scopes=["*:read"])
    reader = Api(issued.secret)
    reader.call("get", "accounts/")
    first = ApiToken.objects.get().last_used_at
    reader.call("get", "accounts/")
    assert first is not None
    assert ApiToken.objects.get().last_used_at == first


def test_only_a_digest_of_the_secret_is_stored(db: None) -> None:
    issued = issue_token(source="salesforce", scopes=["*:read"])
    row = ApiToken.objects.values().get()
    assert len(row["digest"]) == 32
    assert issued.secret not in str(row)
    assert issued.secret.startswith(row["prefix"])


def test_the_command_prints_a_token_that_works(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command(
        "issue_token",
        "--source",
        "hubspot",
        "--scope",
        "accounts:read",
        "--scope",
        "contacts:read",
        "--days",
        "7",
    )
    secret = capsys.readouterr().out.strip()
    assert Api(secret).call("get", "contacts/").status_code == 200
    assert ApiToken.objects.get().client.source.slug == "hubspot"


def test_a_token_that_calls_too_often_is_told_to_wait(
    api: Api, api_for: Callable[..., Api], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_RATE = 3
    monkeypatch.setattr("common.rates.time.time", lambda: 1_000_000_060.0)  # 20 seconds before a new minute
    answers = [api.call("get", "accounts/") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert answers[0]["RateLimit-Limit"] == "3"
    assert (answers[0]["RateLimit-Policy"], answers[0]["RateLimit"]) == (
        '"minute";q=3;w=60',
        '"minute";r=2;t=20',
    )
    assert answers[3]["Content-Type"] == "application/problem+json"
    assert answers[3]["Retry-After"] == answers[3]["RateLimit-Reset"] == "20"
    assert api_for(source="hubspot").call("get", "accounts/").status_code == 200


def test_a_token_can_have_a_limit_of_its_own(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.rates.time.time", lambda: 1_000_000_060.0)
    limit_token(token=ApiToken.objects.get(), rate=1)
    answers = [api.call("get", "accounts/") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1]["RateLimit-Limit"] == "1"
    limit_token(token=ApiToken.objects.get(), rate=None)
    assert api.call("get", "accounts/").status_code == 200
    with pytest.raises(ValidationError):
        limit_token(token=ApiToken.objects.get(), rate=0)


@pytest.mark.parametrize(
    "path",
    [
        "accounts/",
        "accounts/1/",
        "metrics/?key=finance.nrr",
        "accounts/1/360/",
        "contacts/",
        "accounts/?nonsense=1",
    ],
)
def test_every_answer_says_how_many_calls_are_left(api_for: Callable[..., Api], path: str) -> None:
    answer = api_for(scopes=("accounts:read", "metrics:read")).call("get", path)
    assert answer["RateLimit-Remaining"] == "599"


def test_a_store_that_does_not_answer_stops_no_call(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(key: str) -> int:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr("common.rates._count", fail)
    response = api.call("get", "accounts/")
    assert response.status_code == 200
    assert "RateLimit-Limit" not in response
