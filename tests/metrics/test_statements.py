"""SQL from files: parts and values by name, in the right order."""

from __future__ import annotations

import pytest

from accounts.models import Account
from metrics.statements import Statement, compile_query, compose, load
from tests.metrics.facts import make_account


def test_parts_are_put_in_with_their_parameters_in_order() -> None:
    inner = Statement("SELECT %s", ("in",))
    made = compose("SELECT {first}, ({inner}), {first}", first=1, inner=inner)
    assert made == Statement("SELECT %s, (SELECT %s), %s", (1, "in", 1))


def test_a_place_without_a_part_is_an_error() -> None:
    with pytest.raises(KeyError, match="missing"):
        compose("SELECT {missing}")


@pytest.mark.django_db
def test_a_query_that_can_hold_nothing_is_a_source_without_rows() -> None:
    assert compile_query(Account.objects.none().values("pk")).fetch() == []


@pytest.mark.django_db
def test_values_never_become_sql() -> None:
    make_account(name="'; DROP TABLE accounts_account; --")
    nasty = "'; DROP TABLE accounts_account; --"
    rows = compose("SELECT count(*) FROM accounts_account WHERE name = {name}", name=nasty).fetch()
    assert rows == [(1,)]


@pytest.mark.django_db
def test_rows_come_by_name_too() -> None:
    assert compose("SELECT {value}::integer AS number", value=3).fetch_dicts() == [{"number": 3}]
    assert load("metrics", "slices", count=1).fetch() == []
