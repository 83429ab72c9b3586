"""Every page, in both themes and both widths: axe has nothing serious to say, and nothing scrolls sideways."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE, WIDE, check_accessibility, check_fits, settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# The theme changes colours and nothing else, so contrast is what the second look is about.
LOOKS: tuple[tuple[str, tuple[str, ...]], ...] = (("light", ()), ("dark", ("color-contrast",)))
# On the phone colours are those of the wide page; one theme shows what its layout does.
PHONE_LOOKS = (("dark", ()),)
# {account} is the first account of the list.
PAGES = (
    "/",
    "/accounts/",
    "/accounts/?tier=strategic&accounts.country=FR",
    "/accounts/?q=zzzz-nothing",
    "{account}?lens=overview",
    "{account}?lens=sales",
    "{account}?lens=success",
    "{account}?lens=support",
    "{account}?lens=finance",
    "{account}?lens=product",
    "{account}timeline/",
    "/search/?q=wil",
    "/metrics/",
    "/metrics/runs/",
    "/metrics/explain/finance.nrr/",
    "/people/access/",
    "/people/access/?draft=support:revenue:totals",
    "/people/access/review/?defaults=1",
    "/people/users/",
    "/people/users/new/",
    "/people/users/1/",
    "/people/me/",
    "/sync/",
    "/sync/batches/2/",
    "/sync/pending/",
    "/sync/sources/",
    "/sync/sources/zendesk/support_history/",
    "/sync/webhooks/",
    "/sync/webhooks/new/",
    "/sync/tokens/",
    "/sync/tokens/new/",
    "/nowhere/",
)


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_every_page_is_accessible_and_fits(visit, sample, width: int) -> None:
    page = visit("revops", "/accounts/", width)
    account = page.locator("tbody a[href^='/accounts/']").first.get_attribute("href")
    problems = {}
    for path in PAGES:
        page.goto(sample + path.format(account=account))
        settle(page)
        for theme, rules in LOOKS if width == WIDE else PHONE_LOOKS:
            page.emulate_media(color_scheme=theme)
            try:
                check_accessibility(page, *rules)
                check_fits(page)
            except AssertionError as error:
                problems[path, theme] = str(error)
    page.troubles[:] = [line for line in page.troubles if "404" not in line]
    assert problems == {}


@pytest.mark.parametrize(("width", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_a_forbidden_page_says_whom_to_ask(visit, width: int, theme: str) -> None:
    page = visit("support", "/sync/", width, theme)
    check_accessibility(page)
    check_fits(page)
    assert re.search(r"ask .+@ferrowick\.example", page.locator("main").inner_text())
    page.troubles[:] = [line for line in page.troubles if "403" not in line]


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_the_entrance_is_accessible_and_fits(window, sample, width: int) -> None:
    page = window(width)
    for path in ("/login/login/", "/login/password/reset/"):
        page.goto(sample + path)
        for theme, rules in LOOKS:
            page.emulate_media(color_scheme=theme)
            check_accessibility(page, *rules)
            check_fits(page)
