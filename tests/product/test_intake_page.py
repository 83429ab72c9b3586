"""What RevOps and Product see of the events that come in."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.product.tracking import Tracker, make_accounts, track
from tests.users import client_as

pytestmark = pytest.mark.django_db
PAGE = "/product/events/"


@pytest.mark.parametrize("function", ["revops", "product"])
def test_the_page_says_what_came_and_what_waits(function: str) -> None:
    make_accounts("Acme", workspace_ids=["ws_1"])
    make_accounts("Both", "Twice", workspace_ids=["ws_double"])
    tracker = Tracker()
    tracker.batch(
        {"type": "group", "userId": "g", "groupId": "ws_lost", "traits": {"name": "Lost <b>Ltd"}},
        track("m1"),
        track("m1b", event=None),
        *(track(f"lost{n}", context={"groupId": "ws_lost"}) for n in range(1234)),
        *(track(f"double{n}", context={"groupId": "ws_double"}) for n in range(3)),
        track("alone", context=None),
    )
    tracker.batch(track("m1"))
    html = client_as(function).get(PAGE).content.decode()
    assert html.index("ws_lost") < html.index("ws_double"), "the most frequent first"
    assert "Lost &lt;b&gt;Ltd" in html
    assert "1,234" in html
    assert "2 accounts claim this workspace" in html
    assert 'analytics.host = "http://testserver"' in html
    assert ("/sync/tokens/new/" in html) == (function == "revops")


def test_an_empty_page_says_what_to_do() -> None:
    html = client_as("revops").get(PAGE).content.decode()
    assert "No event has come yet" in html
    assert "Every group is an account" in html


@pytest.mark.parametrize("function", ["finance", "sales", "engineering"])
def test_others_are_told_whom_to_ask(function: str) -> None:
    assert client_as(function).get(PAGE).status_code == 403


def test_the_page_costs_the_same_however_much_waits() -> None:
    client = client_as("revops")
    Tracker().batch(track("m1"))
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for source in ("one", "two"):
        Tracker(source).batch(*(track(f"m{n}", context={"groupId": f"ws_{n}"}) for n in range(40)))
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    assert len(many) <= len(few)
