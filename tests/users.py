"""People for tests, one call each."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.test import Client

from people.models import User
from people.services import create_user

PASSWORD = "a quiet harbour at 6"
_numbers = count(1)


def make_user(function: str, **fields: Any) -> User:
    """Create a person who signs in with ``PASSWORD``."""
    number = next(_numbers)
    defaults = {"email": f"{function}-{number}@example.com", "name": f"{function.title()} Person {number}"}
    return create_user(**{**defaults, "function": function, "password": PASSWORD, **fields})


def client_of(user: User) -> Client:
    """Return a client signed in as ``user``."""
    client = Client()
    client.force_login(user)
    return client


def client_as(function: str, **fields: Any) -> Client:
    """Return a client signed in as a new person of ``function``."""
    return client_of(make_user(function, **fields))
