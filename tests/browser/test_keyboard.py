"""The product without a mouse, and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import focused, settle, sign_in, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_keyboard_alone_leads_from_sign_in_to_a_lens(window, sample) -> None:
    page = window()
    page.goto(sample)
    page.keyboard.press("Tab")
    tab_to(page, "login", at_most=6)
    page.keyboard.type("sales@ferrowick.example")
    tab_to(page, "password", at_most=3)
    page.keyboard.type("every-account-counts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_url(sample + "/")
    # The address may change before the page does.
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()

    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    tab_back = page.get_by_role("navigation", name="Main").get_by_role("link", name="Accounts")
    tab_back.focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(50)
    names = page.locator("tbody th a").all_inner_texts()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tbody tr.is-active th a")).to_have_text(names[1])
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(names[1])

    page.keyboard.press("Tab")
    tab_to(page, "Success")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Lenses").locator("[aria-current]")).to_have_text("Success")
    expect(page).to_have_url(re.compile("lens=success"))


def test_slash_searches_and_enter_shows_results(visit) -> None:
    page = visit("sales", "/accounts/")
    name = page.locator("tbody th a").first.inner_text()
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/search/"))
    expect(page.locator("main").get_by_role("link", name=name, exact=True)).to_be_visible()


def test_the_palette_finds_an_account_and_goes_there(visit) -> None:
    page = visit("sales", "/accounts/")
    name = page.locator("tbody th a").nth(2).inner_text()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog")
    expect(palette).to_be_visible()
    page.keyboard.type(name)
    option = palette.get_by_role("option", name=name).first
    expect(option).to_be_visible()
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_escape_leaves_the_palette_where_it_was_opened(visit) -> None:
    page = visit("sales", "/accounts/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url.endswith("/accounts/")


def test_everything_that_matters_works_without_javascript(window, sample) -> None:
    page = window(javascript=False)
    page.goto(sample)
    sign_in(page, "customer_success")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Accounts").click()
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Strategic").check()
    page.get_by_role("button", name="Show accounts").click()
    expect(page.locator("tbody .abe-tier.is-strategic")).to_have_count(page.locator("tbody tr").count())
    page.get_by_role("columnheader", name="Account").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Account")).to_have_attribute("aria-sort", "ascending")
    name = page.locator("tbody th a").first.inner_text()
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)

    page.get_by_role("navigation", name="Lenses").get_by_role("link", name="Support").click()
    expect(page).to_have_url(re.compile("lens=support"))
    expect(page.get_by_role("navigation", name="Lenses").locator("[aria-current]")).to_have_text("Support")
    page.locator(".abe-figure-data summary").first.click()
    expect(page.locator(".abe-figure-data table").first).to_be_visible()

    page.locator(".abe-header .abe-explained").first.click()
    expect(page).to_have_url(re.compile("/metrics/explain/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    page.get_by_role("searchbox", name="Search").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("main").get_by_role("link", name=name, exact=True)).to_be_visible()

    page.locator("summary", has_text=re.compile("Tomas|TL")).click()
    page.get_by_role("link", name="Your settings").click()
    page.get_by_label("Title").fill("Customer success manager, EMEA")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text("Your settings are saved.")).to_be_visible()
    page.get_by_role("button", name="Dark").last.click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


@pytest.mark.parametrize("javascript", [True, False])
def test_revops_changes_the_policy_after_a_look_and_undoes_it(window, sample, javascript: bool) -> None:
    page = window(javascript=javascript)
    page.goto(sample + "/people/access/")
    sign_in(page, "revops")
    assert page.get_by_role("button", name="Review changes").is_hidden()
    page.get_by_label("Marketing: Contracts").select_option("Totals only")
    page.get_by_role("button", name="Review changes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 change")
    page.get_by_role("link", name="Keep editing").click()
    expect(page.get_by_label("Marketing: Contracts")).to_have_value("totals")
    page.get_by_role("button", name="Review changes").click()
    page.get_by_role("button", name="Save 1 change").click()
    expect(page.get_by_text("1 change saved.")).to_be_visible()
    history = page.get_by_role("region", name="What was changed").locator("tbody tr").first
    expect(history).to_contain_text("Diego Herrera")
    expect(history).to_contain_text("Marketing: Contracts from Nothing to Totals only")
    history.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Save 1 change").click()
    expect(page.get_by_label("Marketing: Contracts")).to_have_value("none")


def test_lenses_keep_the_place_on_the_page(visit) -> None:
    page = visit("customer_success", "/accounts/?tier=strategic")
    page.locator("tbody th a").first.click()
    settle(page)
    page.evaluate("scrollTo(0, 120)")
    before = page.evaluate("scrollY")
    page.get_by_role("navigation", name="Lenses").get_by_role("link", name="Support").click()
    expect(page.get_by_role("navigation", name="Lenses").locator("[aria-current]")).to_have_text("Support")
    assert abs(page.evaluate("scrollY") - before) <= 1
