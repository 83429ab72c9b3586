"""OAuth 2 client credentials: the same tokens by another door."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from oauthlib.oauth2 import BackendApplicationClient

from sync.models import ApiToken, ClientCredential
from sync.services import (
    IssuedCredential,
    issue_credential,
    issue_token,
    limit_credential,
    revoke_credential,
    rotate_secret,
)
from sync.tasks import purge_expired
from tests.sync.conftest import Api

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def issued() -> IssuedCredential:
    return issue_credential(source="salesforce", scopes=["*:read", "accounts:write"], function="sales")


def ask(
    issued: IssuedCredential | None = None,
    basic: tuple[str, str] | None = None,
    body: Mapping[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """Ask for a token as a program does: with the secret in the body, or by HTTP Basic."""
    form = {"grant_type": "client_credentials", **(body or {})}
    headers = {}
    if issued is not None:
        form = {"client_id": issued.credential.key, "client_secret": issued.secret, **form}
    if basic is not None:
        headers["Authorization"] = "Basic " + b64encode(":".join(basic).encode()).decode()
    return Client().post(  # type: ignore[return-value]
        "/oauth/token/", **{"data": urlencode(form), "content_type": FORM, "headers": headers, **more}
    )


@pytest.mark.parametrize("by_header", [True, False])
def test_a_secret_is_exchanged_for_a_token_that_works(issued: IssuedCredential, by_header: bool) -> None:
    answer = ask(basic=(issued.credential.key, issued.secret)) if by_header else ask(issued)
    assert answer.status_code == 200
    given = answer.json()
    assert given["token_type"] == "Bearer"
    assert given["expires_in"] == 3600
    assert set(given["scope"].split()) == {"*:read", "accounts:write"}
    assert (answer["Cache-Control"], answer["Pragma"]) == ("no-store", "no-cache")
    api = Api(given["access_token"])
    assert api.call("put", "accounts/salesforce/a/", {"name": "Acme"}).status_code == 201
    assert api.call("put", "contacts/salesforce/c/", {"name": "Bo"}).status_code == 403
    # Read with the function of the credential, as any token does.
    assert "redacted" in api.get("accounts/salesforce/a/")


def test_what_is_issued_is_an_ordinary_token_of_which_only_a_digest_is_kept(issued: IssuedCredential) -> None:
    secret = ask(issued).json()["access_token"]
    token = ApiToken.objects.get()
    assert (token.credential, token.client, token.function) == (
        issued.credential,
        issued.credential.client,
        "sales",
    )
    assert token.expires_at is not None
    assert timedelta(minutes=59) < token.expires_at - timezone.now() <= timedelta(hours=1)
    assert secret not in str(ApiToken.objects.values().get())
    assert issued.secret not in str(ClientCredential.objects.values().get())
    issued.credential.refresh_from_db()
    assert issued.credential.last_used_at is not None


def test_a_public_client_library_understands_the_answer(issued: IssuedCredential) -> None:
    library = BackendApplicationClient(client_id=issued.credential.key)
    body = library.prepare_request_body(
        client_secret=issued.secret, scope=["accounts:read"], include_client_id=True
    )
    answer = Client().post("/oauth/token/", data=body, content_type=FORM)
    given = library.parse_request_body_response(answer.content.decode(), scope=["accounts:read"])
    _, headers, _ = library.add_token("https://testserver/api/v1/accounts/")
    assert given["access_token"]
    assert Client().get("/api/v1/accounts/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("accounts:write", 200),
        ("contacts:read usage:read", 200),
        ("*:read", 200),
        ("contacts:write", 400),
        ("*:write", 400),
        ("accounts:write secrets:read", 400),
        ("nonsense", 400),
    ],
)
def test_a_token_gets_what_it_asks_for_and_no_more_than_the_client_has(
    issued: IssuedCredential, scope: str, status: int
) -> None:
    answer = ask(issued, body={"scope": scope})
    assert answer.status_code == status
    if status == 200:
        assert set(answer.json()["scope"].split()) == set(scope.split())
        assert ApiToken.objects.get().scopes == sorted(scope.split())
    else:
        assert answer.json()["error"] == "invalid_scope"
        assert not ApiToken.objects.exists()


def test_a_wrong_secret_an_unknown_client_and_none_at_all_are_refused(issued: IssuedCredential) -> None:
    key = issued.credential.key
    for answer in (
        ask(basic=(key, "wrong")),
        ask(basic=("abec_000000000000000000000000", issued.secret)),
        ask(basic=(key, "")),
        ask(body={"client_id": key}),
        ask(body={"client_id": "ä" * 90, "client_secret": "x"}),
        ask(basic=(key, issued.secret), body={"client_id": "another"}),
        ask(headers={"Authorization": "Basic %%%"}),
        ask(headers={"Authorization": f"Bearer {issued.secret}"}),
        ask(),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer["WWW-Authenticate"].startswith("Basic ")
        assert answer["Cache-Control"] == "no-store"
    assert not ApiToken.objects.exists()


def test_two_ways_to_sign_in_at_once_are_refused(issued: IssuedCredential) -> None:
    answer = ask(issued, basic=(issued.credential.key, issued.secret))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"body": {"grant_type": "password"}}, 400, "unsupported_grant_type"),
        ({"body": {"grant_type": ""}}, 400, "invalid_request"),
        ({"data": "grant_type=client_credentials&grant_type=client_credentials"}, 400, "invalid_request"),
        ({"data": b"\xff\xfe"}, 400, "invalid_request"),
        ({"data": "grant_type=%00"}, 400, "invalid_request"),
        ({"data": "a" * 20_000}, 400, "invalid_request"),
        ({"data": "a=1&" * 4_000}, 400, "invalid_request"),
        ({"data": "{}", "content_type": "application/json"}, 400, "invalid_request"),
        ({"QUERY_STRING": "client_secret=x"}, 400, "invalid_request"),
    ],
)
def test_what_is_no_token_request_is_told_by_the_words_of_the_standard(
    issued: IssuedCredential, changed: dict[str, Any], status: int, error: str
) -> None:
    answer = ask(issued, **changed)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer["Content-Type"] == "application/json"


def test_other_methods_are_refused(issued: IssuedCredential) -> None:
    answer = Client().get("/oauth/token/")
    assert (answer.status_code, answer["Allow"], answer.json()["error"]) == (405, "POST", "invalid_request")


def test_a_new_secret_ends_the_old_one_but_not_the_tokens(issued: IssuedCredential) -> None:
    early = ask(issued).json()["access_token"]
    renewed = rotate_secret(credential=issued.credential)
    assert ask(issued).status_code == 401
    assert ask(renewed).status_code == 200
    assert Api(early).call("get", "accounts/").status_code == 200


def test_a_revoked_client_gets_nothing_and_its_tokens_end(issued: IssuedCredential) -> None:
    early = ask(issued).json()["access_token"]
    revoke_credential(credential=issued.credential)
    assert ask(issued).json()["error"] == "invalid_client"
    assert "revoked" in Api(early).call("get", "accounts/").json()["detail"]


def test_tokens_of_one_client_share_its_limit(
    issued: IssuedCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.rates.time.time", lambda: 1_000_000_060.0)
    limit_credential(credential=issued.credential, rate=3)
    one, two = (Api(ask(issued).json()["access_token"]) for _ in range(2))
    answers = [api.call("get", "accounts/") for api in (one, two, one, two)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0]["RateLimit-Limit"] == "3"


def test_asking_for_tokens_is_limited_for_each_client(
    issued: IssuedCredential, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.rates.time.time", lambda: 1_000_000_060.0)
    settings.OAUTH_RATE = 2
    answers = [ask(issued) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2]["Retry-After"], answers[2]["RateLimit-Remaining"]) == ("20", "0")
    other = issue_credential(source="hubspot", scopes=["*:read"])
    assert ask(other).status_code == 200


def test_spent_tokens_of_clients_are_forgotten_and_others_kept(issued: IssuedCredential) -> None:
    ask(issued)
    ask(issued)
    long_ago = timezone.now() - timedelta(days=2)
    ApiToken.objects.filter(pk=ApiToken.objects.earliest("pk").pk).update(expires_at=long_ago)
    kept = issue_token(source="salesforce", scopes=["*:read"], days=1).token
    ApiToken.objects.filter(pk=kept.pk).update(expires_at=long_ago)
    assert purge_expired() == 1
    assert ApiToken.objects.count() == 2


def test_the_commands_print_what_works(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issue_client", "--source", "hubspot", "--scope", "accounts:read")
    key, secret = capsys.readouterr().out.split()
    assert ask(basic=(key, secret)).status_code == 200
    call_command("rotate_secret", key)
    renewed = capsys.readouterr().out.strip()
    assert ask(basic=(key, secret)).status_code == 401
    assert ask(basic=(key, renewed)).status_code == 200
    with pytest.raises(CommandError, match="no client"):
        call_command("rotate_secret", "abec_none")
    with pytest.raises(CommandError, match="nonsense"):
        call_command("issue_client", "--source", "hubspot", "--scope", "nonsense")
