"""Users: services, the list, the pages of RevOps."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from people.functions import Function
from people.history import user_history
from people.models import User
from people.services import change_user, create_user, set_password
from tests.users import PASSWORD, client_as, client_of, make_user

pytestmark = pytest.mark.django_db

LIST = "/people/users/"
NEW = "/people/users/new/"


def fields_of(user: User, **changed: str) -> dict[str, str]:
    fields = {name: getattr(user, name) for name in ("name", "email", "function", "title", "time_zone")}
    return {**fields, "is_active": "on", **changed}


def change(user: User, by: User | None = None, **changed: object) -> User:
    fields = {
        name: getattr(user, name) for name in ("name", "email", "function", "title", "time_zone", "is_active")
    }
    return change_user(user=user, by=by, **{**fields, **changed})  # type: ignore[arg-type]


def test_an_address_is_kept_in_lower_case_and_taken_once() -> None:
    assert create_user(email=" Ada@Example.com ", name="Ada", function="sales").email == "ada@example.com"
    with pytest.raises(ValidationError) as error:
        create_user(email="ADA@example.com", name="Other Ada", function="sales")
    assert "email" in error.value.message_dict


@pytest.mark.parametrize(
    ("field", "value"),
    [("function", "wizard"), ("time_zone", "Mars/Olympus"), ("email", "nobody"), ("name", " ")],
)
def test_an_unusable_value_is_refused_by_field(field: str, value: str) -> None:
    fields = {"email": "a@example.com", "name": "A", "function": "sales", "time_zone": "UTC", field: value}
    with pytest.raises(ValidationError) as error:
        create_user(**fields)
    assert list(error.value.message_dict) == [field]


def test_without_a_password_nobody_signs_in_by_one() -> None:
    assert not create_user(email="a@example.com", name="A", function="sales").has_usable_password()


def test_the_last_active_revops_person_stays() -> None:
    User.objects.filter(function=Function.REVOPS).update(is_active=False)
    last = make_user("revops")
    with pytest.raises(ValidationError) as error:
        change(last, function="sales")
    assert list(error.value.message_dict) == ["function"]
    with pytest.raises(ValidationError) as error:
        change(last, is_active=False)
    assert list(error.value.message_dict) == ["is_active"]
    make_user("revops")
    assert change(last, function="sales").function == "sales"


def test_nobody_deactivates_themselves() -> None:
    rosa, _ = make_user("revops"), make_user("revops")
    with pytest.raises(ValidationError, match="can't deactivate yourself"):
        change(rosa, by=rosa, is_active=False)


def test_a_deactivated_person_is_out_at_once() -> None:
    sam = make_user("sales")
    client = client_of(sam)
    assert client.get("/people/me/").status_code == 200
    change(sam, by=make_user("revops"), is_active=False)
    assert client.get("/people/me/").status_code == 302
    assert not Client().login(email=sam.email, password=PASSWORD)


def test_history_tells_who_changed_what_about_a_person() -> None:
    rosa = make_user("revops", name="Rosa Delgado")
    sam = create_user(email="sam@example.com", name="Sam", function="sales", by=rosa)
    change(sam, by=rosa, function="revops", is_active=False)
    set_password(user=sam)
    User.objects.filter(pk=sam.pk).update(last_login=timezone.now())
    changed, created = user_history(sam)
    assert created.parts == ["Created with the function Sales"]
    assert changed.parts == ["Function from Sales to RevOps", "May sign in from yes to no"]
    assert {changed.author, created.author} == {"Rosa Delgado"}


def test_a_weak_password_is_refused_and_a_generated_one_works() -> None:
    sam = make_user("sales")
    with pytest.raises(ValidationError) as error:
        set_password(user=sam, password="12345")
    assert list(error.value.message_dict) == ["password"]
    assert Client().login(email=sam.email, password=set_password(user=sam))


@pytest.mark.parametrize("function", [f for f in Function.values if f != "revops"])
def test_others_are_told_whom_to_ask(function: str) -> None:
    make_user("revops", name="Rosa Delgado", email="rosa@example.com")
    sam = make_user("sales")
    client = client_as(function)
    for path in (LIST, NEW, f"{LIST}{sam.pk}/"):
        response = client.get(path)
        assert response.status_code == 403
        assert "Rosa Delgado (rosa@example.com)" in response.content.decode()
    assert client.post(f"{LIST}{sam.pk}/password/").status_code == 403
    assert client.post(f"{LIST}{sam.pk}/two-step/").status_code == 403
    sam.refresh_from_db()
    assert sam.check_password(PASSWORD)


def listed(client: Client, query: str = "") -> list[str]:
    html = client.get(LIST + query).content.decode()
    return re.findall(r'<a href="/people/users/\d+/">([^<]+)</a>', html)


def test_the_list_is_searched_filtered_and_sorted() -> None:
    User.objects.all().delete()
    client = client_as("revops", name="Rosa Delgado")
    make_user("sales", name="Zoe Adler", title="Account executive")
    make_user("support", name="adam Berg", email="berg@example.org")
    gone = make_user("support", name="Gone Person")
    change(gone, is_active=False)
    assert listed(client) == ["adam Berg", "Rosa Delgado", "Zoe Adler"]
    assert listed(client, "?sort=-name") == ["Zoe Adler", "Rosa Delgado", "adam Berg"]
    assert listed(client, "?q=EXECUTIVE") == ["Zoe Adler"]
    assert listed(client, "?q=berg+adam") == ["adam Berg"]
    assert listed(client, "?q=example.org") == ["adam Berg"]
    assert listed(client, "?function=support&status=all") == ["adam Berg", "Gone Person"]
    assert listed(client, "?status=inactive") == ["Gone Person"]
    assert listed(client, "?q=nobody") == []
    assert "Nobody fits" in client.get(f"{LIST}?q=nobody").content.decode()


def cursor(*values: object) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_a_place_past_every_number_shows_an_empty_page() -> None:
    assert listed(client_as("revops"), "?after=" + cursor("zzz", 10**30)) == []


def test_pages_of_the_list_meet_without_gap_or_repeat_in_both_directions() -> None:
    User.objects.all().delete()
    client = client_as("revops", name="Rosa")
    now = timezone.now()
    for index in range(120):
        user = make_user("sales", name=f"Same name {index % 3}")
        if index % 2:  # microseconds apart, and half of them never signed in
            User.objects.filter(pk=user.pk).update(last_login=now + timedelta(microseconds=index))
    for sort in ("name", "-function", "-seen", "seen"):
        page, seen, before = f"?sort={sort}", [], ""
        while page:
            html = client.get(LIST + page).content.decode()
            seen += re.findall(r'href="/people/users/(\d+)/"', html)
            following = re.search(r'rel="next" href="(\?[^"]+)"', html)
            before = page
            page = following[1].replace("&amp;", "&") if following else ""
        assert len(seen) == len(set(seen)) == 121
        html = client.get(LIST + before).content.decode()
        back = re.search(r'rel="prev" href="(\?[^"]+)"', html)
        assert back
        html = client.get(LIST + back[1].replace("&amp;", "&")).content.decode()
        assert re.findall(r'href="/people/users/(\d+)/"', html) == seen[50:100]


@pytest.mark.parametrize(
    "query",
    [
        "?after=x",
        "?after=WzFd",
        "?before=%00",
        "?after=" + "A" * 5000,
        "?after=" + cursor("a", 10**30)[:-1],
        "?after=" + cursor("a", None),
        "?after=" + cursor("a"),
        "?after=" + cursor("a\x00", 1),
        "?before=" + cursor({}, []),
        "?sort=evil",
        "?function=x&status=y",
        "?q=%00",
    ],
)
def test_a_garbled_address_shows_the_first_page(query: str) -> None:
    client = client_as("revops", name="Rosa Delgado")
    assert "Rosa Delgado" in listed(client, query)


def test_revops_creates_a_person_who_then_signs_in() -> None:
    client = client_as("revops")
    data = {
        "name": "Nia Cole",
        "email": "Nia@Example.com",
        "function": "legal",
        "title": "Counsel",
        "time_zone": "Europe/Berlin",
        "password": PASSWORD,
    }
    response = client.post(NEW, data, follow=True)
    assert "Nia Cole can sign in as nia@example.com" in response.content.decode()
    assert Client().login(email="nia@example.com", password=PASSWORD)


def test_what_was_typed_survives_an_error_that_says_what_to_do() -> None:
    make_user("sales", email="taken@example.com")
    client = client_as("revops")
    data = {
        "name": "Nia Cole",
        "email": "taken@example.com",
        "function": "legal",
        "title": "Counsel",
        "time_zone": "UTC",
        "password": "",
    }
    response = client.post(NEW, data)
    html = response.content.decode()
    assert response.status_code == 422
    assert 'value="Nia Cole"' in html
    assert "already exists" in html
    html = client.post(NEW, data | {"email": "n@example.com", "password": "123"}).content.decode()
    assert "too short" in html
    assert not User.objects.filter(email="n@example.com").exists()


def test_revops_changes_function_and_title() -> None:
    sam = make_user("sales")
    client = client_as("revops")
    response = client.post(
        f"{LIST}{sam.pk}/", fields_of(sam, function="marketing", title="Lead", email="sam@example.com")
    )
    assert response.status_code == 302
    sam.refresh_from_db()
    assert (sam.function, sam.title, sam.email, sam.is_active) == (
        "marketing",
        "Lead",
        "sam@example.com",
        True,
    )


def test_whoever_leaves_revops_lands_on_a_page_they_may_read() -> None:
    make_user("revops")
    rosa = make_user("revops")
    response = client_of(rosa).post(f"{LIST}{rosa.pk}/", fields_of(rosa, function="sales"), follow=True)
    assert response.redirect_chain == [("/people/me/", 302)]
    assert response.status_code == 200


def test_the_guard_of_the_last_revops_person_speaks_beside_the_field() -> None:
    User.objects.filter(function=Function.REVOPS).update(is_active=False)
    rosa = make_user("revops")
    response = client_of(rosa).post(f"{LIST}{rosa.pk}/", fields_of(rosa, function="sales"))
    assert response.status_code == 422
    assert "last active person of RevOps" in response.content.decode()
    rosa.refresh_from_db()
    assert rosa.function == "revops"


def test_a_zone_outside_the_list_survives_a_save() -> None:
    sam = make_user("sales", time_zone="US/Eastern")
    response = client_as("revops").post(f"{LIST}{sam.pk}/", fields_of(sam, title="Lead"))
    assert response.status_code == 302
    sam.refresh_from_db()
    assert (sam.time_zone, sam.title) == ("US/Eastern", "Lead")


def test_a_new_password_is_shown_once_and_ends_sessions() -> None:
    sam = make_user("sales")
    theirs = client_of(sam)
    response = client_as("revops").post(f"{LIST}{sam.pk}/password/")
    secret = re.search(r'people-secret-text">([^<]+)<', response.content.decode())
    assert secret
    assert "no-store" in response["Cache-Control"]
    assert theirs.get("/people/me/").status_code == 302
    assert Client().login(email=sam.email, password=secret[1])


def test_one_changes_ones_own_password_in_ones_settings_only() -> None:
    rosa = make_user("revops")
    response = client_of(rosa).post(f"{LIST}{rosa.pk}/password/")
    assert response.status_code == 302
    rosa.refresh_from_db()
    assert rosa.check_password(PASSWORD)


def test_two_step_sign_in_can_be_turned_off_for_a_lost_phone() -> None:
    sam = make_user("sales")
    Authenticator.objects.create(user=sam, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = client_as("revops")
    assert "Turn off two-step sign-in" in client.get(f"{LIST}{sam.pk}/").content.decode()
    client.post(f"{LIST}{sam.pk}/two-step/")
    assert not Authenticator.objects.filter(user=sam).exists()


@pytest.mark.parametrize("pk", ["0", "999999999999999999999999999999"])
def test_an_unknown_person_is_not_found(pk: str) -> None:
    assert client_as("revops").get(f"{LIST}{pk}/").status_code == 404
