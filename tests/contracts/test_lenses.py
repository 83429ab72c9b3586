"""What holds for every lens, panel and first screen that anyone will ever declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.home import home_of, home_panels
from accounts.lenses import Panel, lenses, panels
from accounts.lenses.registry import Lens
from accounts.models import Account
from common.charts import Chart
from people.access import access_of
from people.functions import Function
from tests.accounts.rows import SECRET_FORMS, TODAY, days_ago, make_busy, make_quiet
from tests.users import client_as

pytestmark = pytest.mark.django_db

PARTIAL = {"HX-Request": "true"}
MOST_QUERIES = 12
# A page of a past day also asks for the profile of that day, for the newest run by then and for its score.
MORE_OF_THE_PAST = 3
# Who signs in costs the user's row and the policy's; the savepoint is there because a test is a transaction.
# The badges of approvals and tasks stand in the navigation of every page.
BESIDE = (
    'WHERE "people_user"."id" = ',
    "people_accessgrant",
    "SAVEPOINT",
    "django_session",
    "people_approval",
    'SELECT COUNT(*) AS "__count" FROM "pods_task"',
)

every_lens = pytest.mark.parametrize("lens", list(lenses), ids=lambda lens: lens.key)
every_function = pytest.mark.parametrize("function", Function.values)


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


@pytest.fixture
def busy() -> Account:
    return make_busy()


@pytest.fixture
def quiet() -> Account:
    return make_quiet()


def queries_of(client: Client, url: str) -> list[str]:
    """Return the page's own queries, without those of signing in."""
    client.get(url)  # templates and caches are warm on every request but the first
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    found = [query["sql"] for query in caught.captured_queries]
    return [text for text in found if not any(mark in text for mark in BESIDE)]


@every_lens
@pytest.mark.parametrize("as_of", ["", f"&as_of={days_ago(3)}"], ids=["newest", "past"])
@pytest.mark.parametrize("function", ["revops", "customer_success"])
def test_a_busy_account_costs_no_more_queries(
    lens: Lens, as_of: str, function: str, busy: Account, quiet: Account
) -> None:
    client = client_as(function)
    of_quiet = queries_of(client, quiet.get_absolute_url(lens=lens.key) + as_of)
    of_busy = queries_of(client, busy.get_absolute_url(lens=lens.key) + as_of)
    assert len(of_busy) <= len(of_quiet)
    most = MOST_QUERIES + (MORE_OF_THE_PAST if as_of else 0)
    assert len(of_busy) <= most, "\n".join(of_busy)


@every_lens
def test_a_partial_is_no_page(lens: Lens, revops: Client, busy: Account) -> None:
    url = busy.get_absolute_url(lens=lens.key)
    partial, page = revops.get(url, headers=PARTIAL), revops.get(url)
    assert b"<html" not in partial.content
    assert b"<html" in page.content
    assert "HX-Request" in partial["Vary"]
    restored = revops.get(url, headers={**PARTIAL, "HX-History-Restore-Request": "true"})
    assert b"<html" in restored.content


@every_lens
def test_a_lens_has_two_panels_and_a_chart(lens: Lens, busy: Account) -> None:
    access = access_of("revops")
    loaded = [panels[key].load_for(busy, TODAY, access) for key in lens.panels]
    assert len(loaded) >= 2
    assert any(isinstance(value, Chart) and not value.is_empty for data in loaded for value in data.values())


@every_function
def test_access_is_enforced_in_every_lens(function: str, busy: Account) -> None:
    client, access = client_as(function), access_of(function)
    for lens in lenses:
        page = client.get(busy.get_absolute_url(lens=lens.key))
        cards = {card.key: card for card in page.context["cards"]}
        assert list(cards) == list(lens.panels)
        for key, card in cards.items():
            may = access.allows(panels[key].category, panels[key].level)
            assert (card.state == "forbidden") is not may, key
            if not may:
                assert not card.data
                assert card.reason in _plain(page)


@every_function
def test_a_panel_of_its_own_asks_for_access_too(function: str, busy: Account) -> None:
    client, access = client_as(function), access_of(function)
    for panel in panels:
        partial = client.get(reverse("accounts:panel", args=[busy.pk, panel.key]), headers=PARTIAL)
        assert partial.status_code == 200
        assert b"<html" not in partial.content
        assert ("You can't see this" in _plain(partial)) is not access.allows(panel.category, panel.level)
        assert "could not be loaded" not in _plain(partial)


def test_every_panel_says_something_about_an_account_without_data(revops: Client) -> None:
    empty = Account.objects.create(name="Just arrived")
    for panel in panels:
        text = _plain(revops.get(reverse("accounts:panel", args=[empty.pk, panel.key]), headers=PARTIAL))
        assert "could not be loaded" not in text, panel.key
        assert panel.title in text


@every_function
def test_every_function_has_a_first_screen(function: str, busy: Account) -> None:
    client, access = client_as(function), access_of(function)
    assert len(home_of(function)) >= 2
    page = client.get(reverse("home"))
    for card in page.context["cards"]:
        panel = home_panels[card.key]
        assert card.state != "error", card.key
        assert (card.state == "forbidden") is not access.allows(panel.category, panel.level)


@every_function
def test_a_first_screen_without_any_data_says_what_to_do(function: str) -> None:
    page = client_as(function).get(reverse("home"))
    assert "issue_token" in page.content.decode()
    assert [card.key for card in page.context["cards"] if card.state == "error"] == []


def test_every_home_card_loads_by_itself(busy: Account, revops: Client) -> None:
    for panel in home_panels:
        text = _plain(revops.get(reverse("home_panel", args=[panel.key]), headers=PARTIAL))
        assert panel.title in text
        assert "could not be loaded" not in text, panel.key


@every_function
def test_what_a_function_may_not_read_is_on_none_of_its_pages(function: str, busy: Account) -> None:
    """The ARR of an account is in no answer to a function that does not read revenue, and in others' answers."""
    client = client_as(function)
    may = access_of(function).allows("revenue", "totals")
    bodies = {url: _plain(client.get(url)) for url in _pages(busy)}
    shown = {url for url, body in bodies.items() if any(form in body for form in SECRET_FORMS)}
    assert bool(shown) is may, sorted(shown)


def _pages(account: Account) -> Iterator[str]:
    yield reverse("home")
    yield f"{reverse('accounts:list')}?columns=finance.arr,finance.mrr"
    yield f"{reverse('search')}?q=Busy"
    for lens in lenses:
        yield account.get_absolute_url(lens=lens.key)
        yield f"{account.get_absolute_url(lens=lens.key)}&as_of={days_ago(3)}"


class Broken(Panel):
    """A panel whose query the database refuses."""

    key: ClassVar[str] = "test.broken"
    title: ClassVar[str] = "Broken panel"
    template: ClassVar[str] = "accounts/panels/chart.html"

    def load(self, account: Account, as_of: Any) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")
        return {}


def test_a_panel_that_breaks_leaves_the_others_standing(
    revops: Client, busy: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(panels._items, "test.broken", Broken())
    monkeypatch.setitem(
        lenses._items,
        "test",
        Lens(key="test", label="Test", panels=("test.broken", "support.open_tickets"), columns=(), order=999),
    )
    page = revops.get(busy.get_absolute_url(lens="test"))
    broken, standing = page.context["cards"]
    assert (broken.state, standing.state) == ("error", "loaded")
    text = _plain(page)
    assert broken.error_id in text
    assert reverse("accounts:panel", args=[busy.pk, "test.broken"]) in text
    assert "Question" in text


def _plain(response: Any) -> str:
    return response.content.decode().replace("&#x27;", "'").replace("&#39;", "'")
