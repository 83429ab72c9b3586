"""Walking the list: any column, either way, with ties and blanks, shows every account once and in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.lenses import columns
from accounts.lenses.registry import Column
from accounts.listing.keyset import BadCursorError, Cursor, Order, decode_cursor, read_page
from accounts.lists.names import LISTS_FIELD
from accounts.models import Account
from tests.accounts.rows import TODAY, make_standing, tier_of

VALUES: dict[str, Any] = {
    "arr": st.decimals(0, 5, places=2),
    "mrr": st.decimals(0, 5, places=2),
    "nrr": st.decimals(0, 2, places=4),
    "health": st.decimals(0, 100, places=1),
    "health_change": st.decimals(-9, 9, places=1),
    "renewal_on": st.integers(0, 4).map(lambda days: TODAY + timedelta(days=days)),
    "open_tickets": st.integers(0, 3),
    "usage_events": st.integers(0, 3),
    "usage_trend": st.decimals(0, 2, places=4),
    "last_touch_on": st.integers(0, 4).map(lambda days: TODAY - timedelta(days=days)),
    "fit_score": st.decimals(0, 3, places=2),
    "engagement_score": st.decimals(0, 3, places=2),
    "intent_score": st.decimals(0, 3, places=2),
    "balance": st.decimals(-3, 3, places=2),
    "overdue": st.decimals(0, 3, places=2),
    "name": st.sampled_from(["Acme", "acme", "Ärzte", "Zeta", "A"]),
    "industry": st.sampled_from(["", "Energy", "Retail"]),
    "country": st.sampled_from(["", "DE", "US"]),
    "lifecycle": st.sampled_from(["customer", "target"]),
    "employees": st.integers(1, 3),
    "domain": st.sampled_from(["", "a.example", "b.example"]),
    "owner_email": st.sampled_from(["", "a@example.com", "b@example.com"]),
    "sponsor_email": st.sampled_from(["", "a@example.com"]),
}
TIERS = ("strategic", "standard")
# Which lists hold an account is known only to a list that somebody reads: tests/accounts/lists. What a column works
# out for its reader is walked in tests/metrics/test_health_disagreements.py.
STORED = sorted(
    (column for column in columns if column.field != LISTS_FIELD and column.annotation is None),
    key=lambda column: column.key,
)


def field_of(column: Column) -> str:
    return column.field.removeprefix("standing__")


def expected(accounts: Sequence[Account], column: Column, *, descending: bool) -> list[int]:
    """Return the ids in the documented order: values with the id as tie-break, then blanks by id."""

    def value(account: Account) -> Any:
        holder: Any = account
        if column.field.startswith("standing__"):
            holder = getattr(account, "standing", None)
        return getattr(holder, field_of(column), None)

    valued = [account for account in accounts if value(account) not in (None, "")]
    blank = [account for account in accounts if value(account) in (None, "")]
    valued.sort(key=lambda account: (value(account), account.pk), reverse=descending)
    blank.sort(key=lambda account: account.pk, reverse=descending)
    return [account.pk for account in (*valued, *blank)]


def walk(order: Order, size: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return the pages forwards to the end, and those met on the way back from it."""
    accounts = Account.objects.live()
    there, back = [], []
    page = read_page(accounts, order, ["name"], size)
    while True:
        there.append([row[0] for row in page.rows])
        if not page.next:
            break
        page = read_page(accounts, order, ["name"], size, after=decode_cursor(page.next, order.column))
    while page.previous:
        page = read_page(accounts, order, ["name"], size, before=decode_cursor(page.previous, order.column))
        back.append([row[0] for row in page.rows])
    return there, back


class Walks(TestCase):
    """Hypothesis makes the accounts; every example is rolled back."""

    @given(data=st.data())
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_every_column_is_walked_in_order_both_ways(self, data: st.DataObject) -> None:
        column = data.draw(st.sampled_from(STORED), label="column")
        size = data.draw(st.integers(1, 4), label="rows a page")
        name = field_of(column)
        strategy = st.sampled_from(TIERS) if name == "tier_id" else VALUES[name]
        for value in data.draw(st.lists(st.one_of(st.none(), strategy), max_size=9), label="values"):
            make(column, name, value)
        made = list(Account.objects.select_related("standing"))
        for descending in (False, True):
            order = Order(column, descending)
            there, back = walk(order, size)
            assert [pk for page in there for pk in page] == expected(made, column, descending=descending)
            assert back == there[-2::-1]


def make(column: Column, name: str, value: Any) -> None:
    """Create an account with one value; None is a standing without it, or no standing at all."""
    if not column.field.startswith("standing__"):
        fields = {} if value is None else {name: value}
        Account.objects.create(**{"name": "Named", **fields})
        return
    account = Account.objects.create(name="Listed")
    if name == "tier_id":
        make_standing(account, tier=tier_of(value) if value else None)
    elif value is not None or account.pk % 2:
        make_standing(account, **{name: value})


@pytest.mark.parametrize("column", STORED, ids=lambda column: column.key)
def test_every_column_has_a_sort_that_the_test_knows(column: Column) -> None:
    assert field_of(column) == "tier_id" or field_of(column) in VALUES


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("finance.arr", Decimal("12.30")),
        ("finance.renewal_on", TODAY),
        ("accounts.name", "Ä % _ \\"),
        ("finance.nrr", None),
    ],
)
def test_a_cursor_comes_back_as_it_went(key: str, value: Any) -> None:
    cursor = Cursor(value, 7)
    assert decode_cursor(cursor.encode(), columns[key]) == cursor


@pytest.mark.parametrize("key", ["finance.arr", "finance.renewal_on", "accounts.name", "accounts.tier"])
@given(text=st.text(max_size=40))
def test_no_text_but_a_cursor_is_taken_for_one(key: str, text: str) -> None:
    try:
        cursor = decode_cursor(text, columns[key])
    except BadCursorError:
        return
    assert decode_cursor(cursor.encode(), columns[key]) == cursor
