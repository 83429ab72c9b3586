"""The frame and the building blocks as people meet them, with and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDE, check_accessibility, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.urls("tests.browser.gallery")]


@pytest.fixture
def site(live_server):
    return live_server.url


def refused(page):
    """Forget the console's own line about an answer that the test wanted to fail."""
    page.troubles[:] = [line for line in page.troubles if "500" not in line]


@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_building_block_is_accessible_and_fits(window, site, width, theme):
    page = window(width, theme)
    page.goto(site)
    expect(page.locator(".abe-chart:has(canvas)")).to_have_count(7)
    page.evaluate(
        "document.querySelectorAll('.abe-figure-data').forEach((details) => { details.open = true })"
    )
    check_accessibility(page)
    check_fits(page)


def test_a_lazy_panel_loads_when_it_is_seen_and_draws_its_chart(window, site):
    page = window()
    page.goto(site)
    page.get_by_role("heading", name="lazy").scroll_into_view_if_needed()
    loaded = page.locator(".abe-panel", has=page.get_by_role("heading", name="Loaded"))
    expect(loaded.locator("canvas")).to_be_visible()


def test_a_panel_that_fails_says_so_in_its_place_and_can_be_retried(window, site):
    page = window()
    page.goto(f"{site}/?breaking=1")
    panel = page.locator("#panel-breaks")
    panel.scroll_into_view_if_needed()
    expect(panel.get_by_role("alert")).to_contain_text("Something went wrong on our side")
    expect(panel.get_by_role("alert")).to_contain_text("ab12cd34ef")
    refused(page)
    page.context.add_cookies([{"name": "again", "value": "1", "url": site}])
    panel.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Now it came.")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_palette_goes_where_the_arrows_point(window, site, theme):
    page = window(theme=theme)
    page.goto(site)
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog")
    page.keyboard.type("acm")
    expect(dialog.get_by_role("option", name="acm 1")).to_have_attribute("aria-selected", "true")
    check_accessibility(page)
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("option", name="acm 2")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explain/?found=2")


def test_slash_searches_and_escape_leaves_the_palette(window, site):
    page = window()
    page.goto(site)
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("/")
    expect(page.locator("[data-search]")).to_have_value("/")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_rows_are_walked_selected_and_opened_by_keys(window, site):
    page = window()
    page.goto(site)
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator(".abe-bulkbar")).to_contain_text("1 selected")
    expect(page.get_by_label("Select Borealis Maritime Holding International")).to_be_checked()
    page.get_by_label("Select all").check()
    expect(page.locator(".abe-bulkbar")).to_contain_text("3 selected")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".abe-bulkbar")).to_be_hidden()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explain/?Acme")


def test_single_letters_can_be_switched_off(window, site):
    page = window()
    page.goto(site)
    page.locator("summary.abe-user").click()
    page.get_by_role("button", name="Single-key shortcuts").click()
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("/")
    expect(page.locator("tr.is-active")).to_have_count(0)
    expect(page.locator("[data-search]")).not_to_be_focused()


def test_an_explanation_opens_beside_the_page_and_gives_the_focus_back(window, site):
    page = window()
    page.goto(site)
    opener = page.get_by_role("link", name="How ARR is counted")
    opener.click()
    expect(page.get_by_role("dialog")).to_contain_text("12 × MRR")
    check_accessibility(page)
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    assert page.url.rstrip("/") == site


def test_a_theme_is_kept_and_drawn_by_the_server(window, site):
    page = window()
    page.goto(site)
    page.locator("summary[aria-label=Theme]").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert '<html lang="en" data-bs-theme="dark"' in page.request.get(site).text()


def test_the_navigation_folds_and_stays_folded(window, site):
    page = window()
    page.goto(site)
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Fold navigation").click()
    expect(page.locator("html")).to_have_attribute("data-nav", "slim")
    page.reload()
    expect(page.get_by_role("button", name="Widen navigation")).to_be_visible()
    check_accessibility(page)


def test_menus_close_on_escape_and_elsewhere(window, site):
    page = window()
    page.goto(site)
    menu = page.locator("details[data-menu]").first
    menu.locator("summary").click()
    expect(menu).to_have_attribute("open", "")
    check_accessibility(page)
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    page.get_by_role("heading", name="Gallery").click()
    expect(menu).not_to_have_attribute("open", "")


def test_a_chart_is_handed_out_as_its_table(window, site):
    page = window()
    page.goto(site)
    figure = page.locator("#chart-of-waterfall-figure")
    with page.expect_download() as download:
        figure.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "Month,ARR"
    assert lines[3] == "Aug,-20"
    with page.expect_download() as download:
        figure.get_by_role("button", name="PNG").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_redacted_value_gives_its_reason_to_the_keyboard(window, site):
    page = window()
    page.goto(site)
    page.locator(".abe-redacted").first.focus()
    expect(page.locator(".abe-tooltip")).to_have_text("Support reads no revenue.")


def test_without_scripts_navigation_theme_and_figures_work(window, site):
    page = window(PHONE, javascript=False)
    page.goto(site)
    navigation = page.locator("#abe-nav")
    expect(navigation).to_be_hidden()
    page.get_by_role("button", name="Open navigation").click()
    expect(navigation).to_be_visible()
    page.get_by_role("button", name="Close navigation").click()
    page.locator("summary[aria-label=Theme]").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.get_by_role("link", name="Show lazy")).to_have_attribute("href", "/lazy/")
    page.locator(".abe-figure-data summary").first.click()
    expect(page.locator(".abe-figure-data table").first).to_be_visible()
    page.get_by_role("link", name="How ARR is counted").click()
    expect(page.get_by_role("heading", name="How ARR is counted")).to_be_visible()


def test_signing_in_looks_as_it_should_and_names_what_is_wrong(window, site):
    page = window(PHONE)
    page.goto(f"{site}/login/login/")
    check_accessibility(page)
    check_fits(page)
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value("nobody@example.com")
    check_accessibility(page)


def test_a_part_that_asks_again_keeps_the_focus_and_has_it_in_the_end(window, site):
    page = window()
    page.goto(f"{site}/polled/")
    page.get_by_role("button", name="Cancel").focus()
    # It asks five times a second, so a slow machine may never see one step.
    expect(page.locator("#part")).to_have_attribute("data-asked", re.compile(r"[4-9]|\d\d"))
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.context.add_cookies([{"name": "done", "value": "1", "url": site}])
    expect(page.get_by_text("All is known.")).to_be_visible()
    expect(page.locator("#part")).to_be_focused()
