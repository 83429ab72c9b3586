"""No address of the account pages breaks, whatever stands in it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.lenses import columns, lenses, panels
from accounts.listing.filters import FILTERS
from accounts.models import Account
from tests.accounts.rows import make_listed
from tests.users import client_as

INJECTED = '"><script>alert(1)</script>'
KEYS = [
    *FILTERS,
    "q",
    "sort",
    "columns",
    "lens",
    "after",
    "before",
    "as_of",
    "span",
    "palette",
    "custom.a",
    "custom.",
]
WORDS = [
    *(column.key for column in columns),
    *(lens.key for lens in lenses),
    "mine",
    "strategic",
    "red",
    "2026-11-01",
    INJECTED,
]
TEXTS = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).map(lambda word: f"-{word}"),
    st.integers().map(str),
    st.decimals().map(str),
    st.dates().map(str),
    st.text(max_size=30),
    st.text(alphabet="\x00'\"%_\\<>&;,~=-+", max_size=8),
)
QUERIES = st.lists(st.tuples(st.one_of(st.sampled_from(KEYS), st.text(max_size=8)), TEXTS), max_size=6)


class AnyInput(TestCase):
    """One account and one reader serve every example."""

    account: Account
    client_of_revops: Client

    @classmethod
    def setUpTestData(cls) -> None:
        cls.account = make_listed(
            "Northwind", "strategic", industry="Energy", standing={"arr": 5, "health": 9}
        )

    def setUp(self) -> None:
        self.client_of_revops = client_as("revops")

    @given(query=QUERIES, place=st.integers(0, 7))
    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_no_query_breaks_a_page(self, query: list[tuple[str, str]], place: int) -> None:
        pk = self.account.pk
        path = (
            "/",
            "/accounts/",
            "/accounts/export.csv",
            "/search/",
            f"/accounts/{pk}/",
            f"/accounts/{pk}/timeline/",
            f"/accounts/{pk}/panels/{next(iter(panels)).key}/",
            f"/api/v1/accounts/{pk}/360/",
        )[place]
        text = urlencode(query, errors="surrogatepass")
        answer = self.client_of_revops.get(f"{path}?{text}")
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code in (200, 400)
        assert b"<script>alert" not in body
