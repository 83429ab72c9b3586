"""One's own settings."""

from __future__ import annotations

import re

import pytest

from people.functions import Function
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

PAGE = "/people/me/"


@pytest.mark.parametrize("function", Function.values)
def test_everybody_has_settings(function: str) -> None:
    make_user("revops", name="Rosa Delgado")
    html = client_as(function).get(PAGE).content.decode()
    assert "Your settings" in html
    assert ("ask Rosa Delgado" in html) == (function != "revops")


def test_name_title_and_zone_are_ones_own() -> None:
    sam = make_user("sales")
    response = client_of(sam).post(
        PAGE, {"name": "Sam Okafor", "title": "Account executive", "time_zone": "Asia/Tokyo"}, follow=True
    )
    assert "Your settings are saved." in response.content.decode()
    sam.refresh_from_db()
    assert (sam.name, sam.title, sam.time_zone) == ("Sam Okafor", "Account executive", "Asia/Tokyo")


def test_function_address_and_access_are_not() -> None:
    sam = make_user("sales", email="sam@example.com")
    form = {"name": "Sam", "title": "", "time_zone": "UTC"}
    stolen = {"function": "revops", "email": "x@example.com", "is_staff": "on", "is_superuser": "on"}
    client_of(sam).post(PAGE, form | stolen)
    sam.refresh_from_db()
    assert (sam.name, sam.function, sam.email, sam.is_staff, sam.is_superuser) == (
        "Sam",
        "sales",
        "sam@example.com",
        False,
        False,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Olympus"), ("name", ""), ("name", "x" * 151), ("title", "a\x00b")],
)
def test_an_unusable_value_is_refused_and_kept_in_the_form(field: str, value: str) -> None:
    sam = make_user("sales")
    form = {"name": "Sam", "title": "Kept title", "time_zone": "UTC", field: value}
    response = client_of(sam).post(PAGE, form)
    assert response.status_code == 422
    assert "has-error" in response.content.decode()
    if field != "title":
        assert "Kept title" in response.content.decode()


def test_times_on_pages_are_in_ones_zone() -> None:
    client = client_as("revops", time_zone="Asia/Kolkata")
    made = re.search(
        r'<time datetime="[^"]*T(\d\d):(\d\d)[^"]*" title="[^"]*">[^<]*, (\d\d):(\d\d)</time>',
        client.get(f"/people/users/{client.session['_auth_user_id']}/").content.decode(),
    )
    assert made
    utc, shown = (int(made[1]) * 60 + int(made[2])), (int(made[3]) * 60 + int(made[4]))
    assert (shown - utc) % 1440 == 330


def test_the_menu_leads_to_the_settings() -> None:
    assert f'href="{PAGE}"' in client_as("sales").get("/people/access/").content.decode()


def test_nobody_takes_another_address_by_the_way() -> None:
    sam = make_user("sales", email="sam@example.com")
    client = client_of(sam)
    assert client.get("/login/email/")["Location"] == PAGE
    client.post("/login/email/", {"action_add": "", "email": "ceo@example.com"})
    client.post("/login/email/", {"action_primary": "", "email": "ceo@example.com"})
    sam.refresh_from_db()
    assert sam.email == "sam@example.com"
