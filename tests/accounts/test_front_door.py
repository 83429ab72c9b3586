"""The address that an installation prints answers anybody."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.users import client_as

pytestmark = pytest.mark.django_db


def test_the_front_door_shows_sign_in_to_a_stranger_and_nothing_else() -> None:
    response = Client().get("/")
    assert response.status_code == 200
    page = response.content.decode()
    assert 'name="password"' in page
    assert "What wants attention" not in page
    assert "private" in response["Cache-Control"] or "no-store" in response["Cache-Control"]


def test_it_shows_the_first_screen_to_whoever_is_signed_in() -> None:
    assert "What wants attention" in client_as("finance").get("/").content.decode()


def test_it_takes_no_form() -> None:
    assert Client().post("/").status_code == 405
