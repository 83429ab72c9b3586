"""Tokens on pages: listed, issued once, revoked after a look."""

from __future__ import annotations

import html as markup
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from sync.models import ApiToken, ClientCredential, Source
from sync.services import issue_credential, issue_token, revoke_token
from tests.users import client_as

pytestmark = pytest.mark.django_db

LIST = "/sync/tokens/"
NEW = "/sync/tokens/new/"
FORM = {
    "kind": "token",
    "source": "salesforce",
    "name": "Nightly export",
    "scopes": ["accounts:write"],
    "function": "sales",
    "days": "90",
}


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


def secret_in(page: str) -> str:
    found = re.search(r'sync-secret">([^<]+)<', page)
    assert found
    return markup.unescape(found[1])


def test_a_new_token_is_shown_once_and_works(revops: Client) -> None:
    response = revops.post(NEW, FORM)
    page = response.content.decode()
    secret = secret_in(page)
    assert "no-store" in response["Cache-Control"]
    token = ApiToken.objects.get()
    assert (token.scopes, token.function, token.client.name) == (
        ["accounts:write"],
        "sales",
        "Nightly export",
    )
    assert token.expires_at is not None
    assert timedelta(days=89) < token.expires_at - timezone.now() <= timedelta(days=90)
    assert f"Bearer {secret}" in markup.unescape(page)
    listed = revops.get(LIST).content.decode()
    assert token.prefix in listed
    assert secret not in listed
    call = Client().put(
        "/api/v1/accounts/salesforce/001A/",
        {"name": "Acme"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert call.status_code == 201


def test_the_example_on_the_page_is_a_call_that_the_api_accepts(revops: Client) -> None:
    page = markup.unescape(revops.post(NEW, FORM).content.decode())
    call = re.search(r"curl -X PUT http://testserver(\S+).*?Bearer (\S+)\".*?-d '(\{.*?\})'", page, re.DOTALL)
    assert call
    response = Client().put(
        call[1], call[3], content_type="application/json", headers={"Authorization": f"Bearer {call[2]}"}
    )
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("scopes", "call"),
    [
        (["contacts:read"], r'curl "http://testserver(?P<get>/api/v1/contacts/\S*)"'),
        (
            ["contacts:write"],
            r'curl -X POST "http://testserver(?P<post>/api/v1/contacts/bulk/\S*)".*?-d \'(?P<body>\[.*?\])\'',
        ),
    ],
)
def test_the_example_fits_what_the_token_may_do(revops: Client, scopes: list[str], call: str) -> None:
    page = markup.unescape(revops.post(NEW, {**FORM, "scopes": scopes}).content.decode())
    found = re.search(call, page, re.DOTALL)
    assert found
    given = found.groupdict()
    bearer = re.search(r"Bearer (\S+)\"", page)
    assert bearer
    headers = {"Authorization": f"Bearer {bearer[1]}"}
    if "get" in given:
        answer = Client().get(given["get"], headers=headers)
    else:
        answer = Client().post(given["post"], given["body"], content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content


def test_a_token_without_a_simple_call_shows_none(revops: Client) -> None:
    page = revops.post(NEW, {**FORM, "scopes": ["metrics:read"]}).content.decode()
    assert "Try it" not in page
    assert "It is shown only now" in page


def test_whose_eyes_a_token_reads_with_is_asked_not_assumed(revops: Client) -> None:
    page = revops.get(NEW).content.decode()
    assert re.search(r'<option value="" selected>\s*Choose a function', page)
    assert "The account page: figures, panels and timeline of every category" in page


def test_a_token_may_never_expire_if_asked(revops: Client) -> None:
    revops.post(NEW, FORM | {"days": "never"})
    assert ApiToken.objects.get().expires_at is None


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"source": "Not A Slug"}, "A source is a slug"),
        ({"source": ""}, "Fill in “Source”."),
        ({"scopes": []}, "Choose at least one scope."),
        ({"scopes": ["secrets:read"]}, "secrets:read is not one of the available choices"),
        ({"function": "wizard"}, "“wizard” isn’t on offer"),
        ({"function": ""}, "Choose the function whose eyes it reads with."),
        ({"scopes": ["metrics:write"]}, "metrics:write is not one of the available choices"),
        ({"days": "-5"}, "“-5” isn’t on offer"),
        ({"name": "x" * 200}, "has 200 characters: shorten it to 150"),
        ({"name": "a\x00b"}, "Null characters"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_the_rest_kept(
    revops: Client, changed: dict[str, object], problem: str
) -> None:
    response = revops.post(NEW, FORM | changed)
    page = response.content.decode()
    assert response.status_code == 422
    assert problem in markup.unescape(page)
    if "scopes" not in changed:
        assert re.search(r'value="accounts:write" checked', page)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("slug", "name"), [("hubspot", "HubSpot"), ("csv", "CSV"), ("data-warehouse", "Data warehouse")]
)
def test_a_new_source_is_called_as_people_call_it(revops: Client, slug: str, name: str) -> None:
    revops.post(NEW, {**FORM, "source": slug})
    assert Source.objects.get(slug=slug).name == name


def test_a_source_is_taken_in_lower_case(revops: Client) -> None:
    revops.post(NEW, FORM | {"source": "SalesForce"})
    assert Source.objects.get().slug == "salesforce"


def test_tokens_that_ended_stand_apart(revops: Client) -> None:
    live = issue_token(source="salesforce", scopes=["*:read"]).token
    revoked = issue_token(source="salesforce", scopes=["*:read"]).token
    revoke_token(token=revoked)
    expired = issue_token(source="salesforce", scopes=["*:read"], days=1).token
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    page = revops.get(LIST).content.decode()
    assert "2 revoked or expired" in page
    assert f"{LIST}{live.pk}/revoke/" in page
    assert f"{LIST}{revoked.pk}/revoke/" not in page
    assert f"{LIST}{expired.pk}/revoke/" not in page


def test_revoking_asks_first_and_then_ends_the_token(revops: Client) -> None:
    issued = issue_token(source="salesforce", scopes=["*:write"])
    page = f"{LIST}{issued.token.pk}/revoke/"
    assert "answered with 401" in revops.get(page).content.decode()
    issued.token.refresh_from_db()
    assert issued.token.revoked_at is None
    response = revops.post(page, follow=True)
    assert "is revoked" in response.content.decode()
    call = Client().get("/api/v1/accounts/", headers={"Authorization": f"Bearer {issued.secret}"})
    assert call.status_code == 401
    assert "revoked already" in revops.get(page, follow=True).content.decode()


def test_without_tokens_the_page_says_what_to_do(revops: Client) -> None:
    assert "manage.py issue_token --source salesforce" in revops.get(LIST).content.decode()


def test_an_oauth_client_is_issued_once_and_fetches_tokens(revops: Client) -> None:
    response = revops.post(NEW, FORM | {"kind": "client", "rate": "5"})
    assert "no-store" in response["Cache-Control"]
    key, secret = re.findall(r'sync-secret">([^<]+)<', markup.unescape(response.content.decode()))
    held = ClientCredential.objects.get()
    assert (held.key, held.scopes, held.function, held.rate) == (key, ["accounts:write"], "sales", 5)
    assert not ApiToken.objects.exists()
    form = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
    answer = Client().post(
        "/oauth/token/", data=urlencode(form), content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    listed = revops.get(LIST).content.decode()
    assert key in listed
    assert secret not in listed
    # Its tokens are not listed one by one.
    assert ApiToken.objects.get().prefix not in listed


def test_a_client_gets_a_new_secret_after_a_look(revops: Client) -> None:
    issued = issue_credential(source="salesforce", scopes=["*:write"])
    address = f"/sync/clients/{issued.credential.pk}/secret/"
    assert "ends at once" in revops.get(address).content.decode()
    before = bytes(ClientCredential.objects.get().digest)
    page = revops.post(address)
    assert issued.credential.key in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert bytes(ClientCredential.objects.get().digest) != before


def test_a_client_is_revoked_after_a_look(revops: Client) -> None:
    issued = issue_credential(source="salesforce", scopes=["*:write"])
    address = f"/sync/clients/{issued.credential.pk}/revoke/"
    assert "answered with 401" in revops.get(address).content.decode()
    assert ClientCredential.objects.get().revoked_at is None
    assert "are its tokens" in revops.post(address, follow=True).content.decode()
    assert ClientCredential.objects.get().revoked_at is not None
    assert issued.credential.key not in revops.get(LIST).content.decode()
    assert "revoked already" in revops.get(address, follow=True).content.decode()
    secret = revops.post(f"/sync/clients/{issued.credential.pk}/secret/", follow=True)
    assert "was revoked" in secret.content.decode()


def test_limits_of_tokens_and_clients_are_set(revops: Client) -> None:
    token = issue_token(source="salesforce", scopes=["*:write"]).token
    credential = issue_credential(source="salesforce", scopes=["*:write"]).credential
    for address, held in (
        (f"{LIST}{token.pk}/limit/", token),
        (f"/sync/clients/{credential.pk}/limit/", credential),
    ):
        assert revops.get(address).status_code == 200
        for rate, kept in (("7", 7), ("", None)):
            assert revops.post(address, {"rate": rate}).status_code == 302
            held.refresh_from_db()
            assert held.rate == kept
        for rate in ("0", "-1", "x", "9" * 30):
            assert revops.post(address, {"rate": rate}).status_code == 422
        held.refresh_from_db()
        assert held.rate is None
