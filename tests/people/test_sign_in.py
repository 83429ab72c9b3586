"""Signing in: password, second step, single sign-on, limits, and what happens while the cache is away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import time
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.test import Client, override_settings

from tests.users import PASSWORD, client_of, make_user

pytestmark = pytest.mark.django_db

LOGIN = "/login/login/"
OIDC = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": "Example ID",
                "client_id": "abe",
                "secret": "s",
                "settings": {"server_url": "https://id.example.com"},
            }
        ]
    }
}


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra: str) -> Any:
    return client.post(LOGIN, {"login": email, "password": password, **extra})


def test_a_page_leads_to_sign_in_and_back() -> None:
    sam = make_user("sales")
    client = Client()
    response = client.get("/people/me/")
    assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next=/people/me/")
    response = sign_in(client, sam.email.upper(), next="/people/me/")
    assert response["Location"] == "/people/me/"
    assert client.get("/people/me/").status_code == 200


def test_a_foreign_address_is_not_followed() -> None:
    response = sign_in(Client(), make_user("sales").email, next="https://evil.example/")
    assert response["Location"] == "/"


def test_wrong_password_and_unknown_address_read_the_same() -> None:
    wrong = sign_in(Client(), make_user("sales").email, "wrong").content.decode()
    unknown = sign_in(Client(), "nobody@example.com", "wrong").content.decode()
    message = "The email address and/or password you specified are not correct."
    assert message in wrong
    assert message in unknown


def test_nobody_signs_up() -> None:
    response = Client().get("/login/signup/")
    assert "Closed" in response.content.decode()
    Client().post("/login/signup/", {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD})
    assert not Client().login(email="x@example.com", password=PASSWORD)


def test_guessing_passwords_is_slowed_down() -> None:
    sam = make_user("sales")
    client = Client()
    answers = [sign_in(client, sam.email, f"guess {number}") for number in range(12)]
    assert any("Too many failed" in answer.content.decode() for answer in answers)
    assert "Too many failed" in sign_in(client, sam.email).content.decode()


def test_the_second_step_is_asked_for_and_a_code_passes() -> None:
    sam = make_user("sales")
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(sam, secret)
    client = Client()
    response = sign_in(client, sam.email)
    assert response["Location"] == "/login/2fa/authenticate/"
    assert client.get("/people/me/").status_code == 302
    assert client.post(response["Location"], {"code": "000000"}).status_code == 200
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time()) // 30))
    assert client.post(response["Location"], {"code": code}).status_code == 302
    assert client.get("/people/me/").status_code == 200


def test_the_second_step_can_be_set_up() -> None:
    sam = make_user("sales")
    client = Client()
    sign_in(client, sam.email)
    confirm = client.get("/login/2fa/totp/activate/")["Location"]
    assert client.post(confirm, {"password": PASSWORD}).status_code == 302
    assert client.get("/login/2fa/totp/activate/").status_code == 200
    secret = client.session["mfa.totp.secret"]
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time()) // 30))
    client.post("/login/2fa/totp/activate/", {"code": code})
    assert "On: a code from your phone" in client.get("/people/me/").content.decode()


def test_single_sign_on_is_offered_once_it_is_set_up() -> None:
    assert "Continue with" not in Client().get(LOGIN).content.decode()
    with override_settings(SOCIALACCOUNT_PROVIDERS=OIDC):
        html = Client().get(LOGIN).content.decode()
    assert "Continue with Example ID" in html
    assert 'action="/login/oidc/oidc/login/' in html


def test_the_environment_alone_sets_single_sign_on_up() -> None:
    script = (
        "from abe import settings as s; app = s.SOCIALACCOUNT_PROVIDERS['openid_connect']['APPS'][0];"
        "print(app['name'], app['client_id'], app['secret'], app['settings']['server_url'],"
        " *s.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
    )
    environ = {
        **os.environ,
        "ABE_OIDC_SERVER_URL": "https://id.example.com/realms/staff",
        "ABE_OIDC_CLIENT_ID": "abe",
        "ABE_OIDC_CLIENT_SECRET": "hidden",
        "ABE_OIDC_NAME": "Staff",
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environ,
        cwd=Path(settings.BASE_DIR),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        *("Staff", "abe", "hidden"),
        *("https://id.example.com/realms/staff", "'self'", "https://id.example.com"),
    ]


@pytest.fixture
def lost_cache() -> Any:
    """Point the cache at a socket where nobody listens."""
    cache = {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock?db=1"}
    with override_settings(CACHES={"default": cache}):
        yield


def test_signed_in_people_go_on_while_the_cache_is_away(lost_cache: None) -> None:
    client = client_of(make_user("sales"))
    assert client.get("/people/me/").status_code == 200
    assert client.get(LOGIN).status_code == 302


def test_signing_in_pauses_with_a_clear_page_while_the_cache_is_away(lost_cache: None) -> None:
    sam = make_user("sales")
    assert Client().get(LOGIN).status_code == 200
    response = sign_in(Client(), sam.email)
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert "Back in a moment" in response.content.decode()
