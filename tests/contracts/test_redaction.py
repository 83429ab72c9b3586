"""A figure that a function may not read is in no answer to it, whatever the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts.models import Account
from sync.services import issue_token
from tests.accounts.rows import SECRET_FORMS, days_ago, make_busy
from tests.users import client_as

pytestmark = pytest.mark.django_db

Get = Callable[[str], bytes]


@pytest.fixture
def busy() -> Account:
    return make_busy()


def person(function: str) -> Get:
    client = client_as(function)

    def get(url: str) -> bytes:
        response = client.get(url)
        assert response.status_code < 500, url
        return b"".join(response.streaming_content) if response.streaming else response.content

    return get


def program(function: str) -> Get:
    issued = issue_token(source="crm", scopes=["*:read"], function=function)
    headers = {"Authorization": f"Bearer {issued.secret}"}

    def get(url: str) -> bytes:
        response = Client().get(url, headers=headers)
        assert response.status_code < 500, url
        return response.content

    return get


def pages(account: Account) -> Iterator[str]:
    yield "/"
    yield "/search/?q=Busy"
    yield "/search/?q=Busy&palette=1"
    yield "/search/?q=7654321"
    for query in (
        "columns=finance.arr,finance.mrr,finance.nrr",
        "lens=finance",
        "sort=-finance.arr",
        "arr_min=7654321",
        "arr_max=7654321.00",
    ):
        yield f"/accounts/?{query}"
        yield f"/accounts/export.csv?{query}"
    for key in ("finance.arr", "finance.mrr"):
        for day in ("", f"&as_of={days_ago(3)}"):
            yield f"/metrics/explain/{key}/?account={account.pk}{day}"
    yield "/metrics/"
    yield f"/accounts/{account.pk}/timeline/"


def endpoints(account: Account) -> Iterator[str]:
    for resource in ("accounts", "contacts", "contracts", "contract-lines", "tickets"):
        yield f"/api/v1/{resource}/"
        yield f"/api/v1/{resource}/{account.pk}/"
    for lens in ("overview", "sales", "success", "support", "finance", "product"):
        yield f"/api/v1/accounts/{account.pk}/360/?lens={lens}"
    for key in ("finance.arr", "finance.mrr"):
        yield f"/api/v1/metrics/?key={key}&dimension=account&account={account.pk}"
        yield f"/api/v1/metrics/?key={key}"


def leaks(get: Get, urls: Iterator[str]) -> list[str]:
    """Return the addresses whose answer, without the question it repeats, holds the figure."""
    found = []
    for url in urls:
        body = get(url).decode()
        # What the question itself holds, its answer may repeat in a link.
        if any(form in body for form in SECRET_FORMS if form not in url):
            found.append(url)
    return found


@pytest.mark.parametrize("function", ["support", "product", "marketing", "legal", "people"])
def test_pages_and_exports_keep_revenue_to_themselves(function: str, busy: Account) -> None:
    assert leaks(person(function), pages(busy)) == []


@pytest.mark.parametrize("function", ["support", "product", "marketing", "legal", "people"])
def test_the_api_keeps_revenue_to_itself(function: str, busy: Account) -> None:
    assert leaks(program(function), endpoints(busy)) == []
    assert leaks(person(function), endpoints(busy)) == []


def test_those_who_read_revenue_find_it_in_the_same_places(busy: Account) -> None:
    """The test above means something only where the figure would be there to leak."""
    shown = leaks(person("finance"), pages(busy))
    assert {"/", "/accounts/?lens=finance", "/accounts/export.csv?lens=finance"} <= set(shown)
    assert any(url.startswith("/metrics/explain/finance.arr/") for url in shown)
    assert leaks(program("finance"), endpoints(busy))
