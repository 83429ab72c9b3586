"""Chromium for the tests of this folder: one for all, a fresh window for each.

Playwright's own browser is not used: scripts/browser.sh finds or fetches one.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from demo.team import DOMAIN, PASSWORD
from tests.browser.sample_site import Site, sample_site

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDE, PHONE = 1440, 390
# Whether the focused element, or what frames it, is marked.
SHOWS_FOCUS = """(() => {
  const marked = (one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== "none" || style.boxShadow !== "none";
  };
  const one = document.activeElement;
  return marked(one) || (one.parentElement !== null && marked(one.parentElement));
})()"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; a clear failure where there is none."""
    found = subprocess.run(
        ["sh", "scripts/browser.sh"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.fail(f"The browser tests need Chromium. {found.stderr}", pytrace=False)
    with sync_playwright() as playwright:
        path = found.stdout.strip().splitlines()[-1]
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open windows: ``window(width, theme, javascript)`` gives a page whose console errors fail the test.

    A test that provokes errors on purpose clears ``page.troubles`` or reads it.
    """
    contexts = []
    pages: list[Page] = []

    def open_window(width: int = WIDE, theme: str = "light", *, javascript: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 860},
            color_scheme=theme,
            java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        troubles: list[str] = []

        def note(message: ConsoleMessage) -> None:
            if message.type == "error":
                troubles.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.troubles = troubles
        pages.append(page)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert [page.troubles for page in pages if page.troubles] == []


@pytest.fixture(scope="session")
def sample(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Address of an installation with the sample company; ABE_BROWSER_SITE names one that runs already."""
    running = os.environ.get("ABE_BROWSER_SITE", "")
    if running:
        yield Site(running.rstrip("/"))
        return
    with sample_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def cookies() -> dict[str, list[Any]]:
    """The sessions of those who signed in already, by function."""
    return {}


@pytest.fixture
def visit(window: Callable[..., Page], sample: str, cookies: dict[str, list[Any]]) -> Callable[..., Page]:
    """Open windows of people: ``visit(function, path, width, theme)``; each signs in by the form once a run."""

    def open_page(function: str, path: str = "/", *options: Any, **more: Any) -> Page:
        page = window(*options, **more)
        if function in cookies:
            page.context.add_cookies(cookies[function])
            page.goto(sample + path)
        else:
            page.goto(sample + path)
            sign_in(page, function)
            cookies[function] = page.context.cookies()
        return page

    return open_page


def sign_in(page: Page, function: str) -> None:
    """Fill in the sign-in form as the sample company's person of ``function``."""
    page.get_by_label("Email").fill(f"{function.replace('_', '-')}@{DOMAIN}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login/" not in url)


def settle(page: Page) -> None:
    """Wait until every lazy panel has loaded, and fail where one says that it could not."""
    for _ in range(300):
        # In one step, since a panel may be swapped while we look for it.
        if not page.evaluate(
            "(() => { const lazy = document.querySelector('.abe-lazy');"
            " lazy?.scrollIntoView(); return lazy !== null })()"
        ):
            break
        page.wait_for_timeout(100)
    expect(page.locator(".abe-lazy")).to_have_count(0)
    expect(page.locator("main .abe-state.is-error")).to_have_count(0)


def check_accessibility(page: Page, *rules: str) -> None:
    """Fail on what axe calls serious or critical, with the rule and the elements; ``rules`` names a few."""
    options = {"runOnly": list(rules)} if rules else {}
    found = Axe().run(page, options=options).response["violations"]
    bad = [
        f"{item['id']}: {[node['target'] for node in item['nodes']][:5]}"
        for item in found
        if item["impact"] in ("serious", "critical")
    ]
    assert bad == []


def check_fits(page: Page) -> None:
    """Fail where the page scrolls sideways; only frames inside it may."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def focused(page: Page) -> str:
    """Return what has the focus: its label, else what it says, else its name."""
    return str(
        page.evaluate(
            "(({activeElement: one}) => one.getAttribute('aria-label') || one.innerText || one.name || '')(document)"
        )
    ).strip()


def tab_to(page: Page, text: str, *, at_most: int = 120) -> None:
    """Press Tab until the focus stands on ``text``, where it must be seen."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if focused(page) == text:
            assert page.evaluate(SHOWS_FOCUS), f"The focus on {text!r} is not to be seen"
            return
    pytest.fail(f"Tab never reaches {text!r}")


def reload_until(page: Page, url: str, found: str) -> None:
    """Look at a page again and again until workers have brought something to it."""
    page.goto(url)
    for _ in range(150):
        if page.locator(found).count():
            return
        page.wait_for_timeout(200)
        page.goto(url)
    pytest.fail(f"{url} never has {found}")
