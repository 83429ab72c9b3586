"""``manage.py create_admin``: the first person of a new installation."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from people.functions import Function
from people.models import User
from tests.users import make_user

pytestmark = pytest.mark.django_db


def run(**options: str) -> str:
    out = StringIO()
    call_command("create_admin", stdout=out, **options)
    return out.getvalue()


def test_it_asks_nothing_and_prints_a_password_that_works() -> None:
    said = run(email="Ada.King@example.com")
    password = said.strip().rpartition(" ")[2]
    user = User.objects.get(email="ada.king@example.com")
    assert (user.name, user.function) == ("Ada King", Function.REVOPS)
    assert Client().login(email=user.email, password=password)


def test_a_given_password_is_used_and_not_repeated() -> None:
    said = run(email="ada@example.com", name="Ada King", password="a quiet harbour at 6")
    assert "harbour" not in said
    assert Client().login(email="ada@example.com", password="a quiet harbour at 6")


def test_run_twice_it_changes_nothing_and_says_so() -> None:
    run(email="ada@example.com", password="a quiet harbour at 6")
    said = run(email="ADA@example.com", name="Somebody else", password="another harbour at 7")
    assert "Nothing was changed" in said
    assert User.objects.get(email="ada@example.com").name == "Ada"
    assert Client().login(email="ada@example.com", password="a quiet harbour at 6")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"email": "nobody"}, "valid email"),
        ({"email": "ada@example.com", "password": "123"}, "too short"),
    ],
)
def test_an_unusable_option_is_named(options: dict[str, str], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        run(**options)
    assert not User.objects.filter(email__startswith="ada").exists()


def test_it_promotes_nobody_by_the_way() -> None:
    sam = make_user("sales", email="sam@example.com")
    with pytest.raises(CommandError, match="is a user already, with the function Sales, and is no admin"):
        run(email="sam@example.com")
    sam.refresh_from_db()
    assert sam.function == "sales"
