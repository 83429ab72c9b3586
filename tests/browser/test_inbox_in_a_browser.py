"""The bell and the list of notices in a browser: counted beside the page, by keyboard, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from people.models import Notice, User
from people.notices.services import notify, withdraw_notices
from tests.browser.conftest import PHONE, WIDE, check_accessibility, check_fits, tab_to
from tests.users import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/people/me/notices/"
# As the browser tells it when somebody turns to another tab.
TURN = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def user() -> User:
    return make_user("finance", name="Fiona Finance")


@pytest.fixture
def open_page(window: Callable[..., Page], live_server: Any, user: User) -> Callable[..., Page]:
    """Open a window of the reader, who is signed in already."""

    def open_page(path: str = LIST, *options: Any, **more: Any) -> Page:
        client = Client()
        client.force_login(user)
        page = window(*options, **more)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}]
        )
        page.goto(live_server.url + path)
        return page

    return open_page


def tell(user: User, *texts: str, topic: str = "tasks") -> None:
    for text in texts:
        notify(
            to=[user],
            topic=topic,
            about=f"thing:{text}"[-80:],
            event="said",
            text=text,
            url="/people/skills/",
        )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_bell_and_list_are_accessible_and_fit(open_page: Any, user: User, width: int, theme: str) -> None:
    tell(user, *(f"A task of a name that goes on and on without a blank{'-and-on' * 12} {n}" for n in "12"))
    tell(user, "Something else", topic="approvals")
    Notice.objects.filter(text="Something else").update(sent_at="2026-11-20T00:00Z")
    withdraw_notices(about=["thing:Something else"])
    page = open_page(LIST, width, theme)
    for query in ("", "?show=unread", "?topic=approvals&show=unread"):
        page.goto(page.url.split("?")[0] + query)
        expect(page.get_by_role("link", name="Notices, 2 unread")).to_be_visible()
        check_accessibility(page)
        check_fits(page)


def test_the_bell_says_what_comes_once_it_is_seen(open_page: Any, user: User) -> None:
    page = open_page("/people/me/")
    bell = page.locator("#abe-bell")
    # Until the first answer a screen reader would hear the count of every page.
    expect(bell).to_have_attribute("aria-live", "polite")
    expect(page.get_by_role("link", name="Notices", exact=True).first).to_be_visible()
    tell(user, "Call Nordwind")
    page.evaluate("htmx.trigger('#abe-bell', 'look')")
    link = page.get_by_role("link", name="Notices, 1 unread")
    expect(link).to_be_visible()
    link.focus()

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(TURN, True)
    page.evaluate("htmx.trigger('#abe-bell', 'look')")
    tell(user, "Call Brill")
    page.evaluate("htmx.trigger('#abe-bell', 'look')")
    page.wait_for_timeout(300)
    assert asked == [], "nobody sees the tab"
    page.clock.install()
    page.clock.fast_forward(61_000)
    page.evaluate(TURN, False)
    expect(page.get_by_role("link", name="Notices, 2 unread")).to_be_focused()


def test_a_bell_that_gets_no_answer_disturbs_nobody(open_page: Any, user: User) -> None:
    page = open_page("/people/me/")
    expect(page.locator("#abe-bell")).to_have_attribute("aria-live", "polite")
    page.get_by_label("Title").fill("Half typed")
    page.context.clear_cookies()
    with page.expect_response(lambda answer: "/login/" in answer.url and answer.status == 200):
        page.evaluate("htmx.trigger('#abe-bell', 'look')")
    page.route("**/bell/*", lambda route: route.abort())
    page.route("**/bell/", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.evaluate("htmx.trigger('#abe-bell', 'look')")
    page.wait_for_timeout(300)
    expect(page.get_by_label("Title")).to_have_value("Half typed")
    expect(page.locator(".abe-toast")).to_have_count(0)
    page.troubles.clear()  # the console's own lines about the request that failed


def test_notices_are_read_by_keyboard(open_page: Any, user: User) -> None:
    tell(user, "Call Brill", "Call Nordwind", "Call Acme")
    page = open_page()
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Unread: Call Acme")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Skills")
    expect(page.get_by_role("link", name="Notices, 2 unread")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("link", name="Call Nordwind")).to_be_visible()
    tab_to(page, "Mark read: Call Acme")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Call Acme")).to_be_visible()
    tab_to(page, "Mark all read")
    page.keyboard.press("Enter")
    expect(page.get_by_text("One notice is read.")).to_be_visible()
    expect(page.get_by_role("link", name="Notices", exact=True).first).to_be_visible()


def test_without_scripts_the_bell_leads_to_notices_that_open(open_page: Any, user: User) -> None:
    tell(user, "Call Nordwind")
    page = open_page("/people/me/", javascript=False)
    page.locator("a.abe-bell").click()
    page.get_by_role("button", name="Unread: Call Nordwind").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Skills")
    assert Notice.objects.get().read_at is not None
