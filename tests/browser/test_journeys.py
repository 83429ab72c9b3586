"""A working day's first minutes, for each function, on the sample company."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from people.functions import Function
from people.models import Category, Level, default_level
from tests.browser.conftest import (
    PHONE,
    check_accessibility,
    check_fits,
    focused,
    reload_until,
    settle,
    sign_in,
    tab_to,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@dataclass(frozen=True)
class Journey:
    """What a function meets first, and where it goes next."""

    function: Function
    home: str
    lens: str
    then: str


JOURNEYS = (
    Journey(Function.SALES, "Risks, dates and chances", "Sales", "Success"),
    Journey(Function.CUSTOMER_SUCCESS, "Risks, dates and chances", "Success", "Support"),
    Journey(Function.MARKETING, "Target lists", "Marketing", "Sales"),
    Journey(Function.PRODUCT, "Usage fell most against its norm", "Product", "Support"),
    Journey(Function.ENGINEERING, "Urgent tickets", "Product", "Support"),
    Journey(Function.SUPPORT, "Late and not taken up", "Support", "Product"),
    Journey(Function.FINANCE, "Overdue invoices", "Finance", "Overview"),
    Journey(Function.LEGAL, "Deviations from the standard", "Legal", "Finance"),
    Journey(Function.PEOPLE, "Customers by owner", "Overview", "Success"),
    Journey(Function.REVOPS, "Rules fired last night", "Overview", "Finance"),
    Journey(Function.LEADERSHIP, "Concentration of revenue", "Leadership", "Finance"),
)


def expect_revenue_by_policy(page: Page, function: Function) -> None:
    """Find the headline ARR, or in its place the reason why this function may not read it."""
    figure = page.locator(".abe-header .abe-stat", has=page.get_by_text("ARR", exact=True))
    if default_level(function, Category.REVENUE) != Level.NONE:
        expect(figure.locator(".abe-redacted")).to_have_count(0)
    else:
        expect(figure.locator(".abe-redacted")).to_contain_text(
            f"{function.label} does not read revenue. RevOps can change this."
        )


def test_every_function_has_a_journey() -> None:
    assert {journey.function for journey in JOURNEYS} == set(Function)


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.function.value)
def test_a_day_begins(window, visit, sample, cookies, journey: Journey) -> None:
    page = window()
    page.goto(sample)
    expect(page).to_have_title(re.compile("Sign in"))
    sign_in(page, journey.function)
    cookies[journey.function] = page.context.cookies()

    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Home")).to_have_attribute(
        "aria-current", "page"
    )
    settle(page)
    expect(page.locator("main .abe-panel-title").first).to_have_text(journey.home)
    assert page.locator("main .abe-panel").count() >= 2
    check_accessibility(page)

    page.get_by_role("link", name="Accounts", exact=True).first.click()
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_role("navigation", name="Columns by lens").locator("[aria-current]")).to_have_text(
        journey.lens
    )

    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Strategic").check()
    page.get_by_role("button", name="Show accounts").click()
    expect(page.get_by_role("list", name="Filters in force")).to_contain_text("Strategic")
    expect(page.locator("tbody .abe-tier.is-strategic")).to_have_count(page.locator("tbody tr").count())

    page.get_by_role("columnheader", name="Account").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Account")).to_have_attribute("aria-sort", "ascending")
    names = page.locator("tbody th a").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    listed = page.url

    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(names[0])
    tabs = page.get_by_role("navigation", name="Lenses")
    expect(tabs.locator("[aria-current]")).to_have_text(journey.lens)
    expect_revenue_by_policy(page, journey.function)
    settle(page)
    check_accessibility(page)

    tabs.get_by_role("link", name=journey.then).click()
    expect(tabs.locator("[aria-current]")).to_have_text(journey.then)
    expect(page).to_have_url(re.compile(f"lens={journey.then.lower()}"))
    expect(page.get_by_role("heading", level=1)).to_have_text(names[0])
    settle(page)

    page.locator(".abe-header .abe-explained").first.click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("heading").first).to_be_visible()
    expect(sheet).to_contain_text("by the refresh")
    check_accessibility(page)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()

    page.go_back()
    expect(tabs.locator("[aria-current]")).to_have_text(journey.lens)
    page.go_back()
    expect(page).to_have_url(listed)
    expect(page.locator("tbody th a").first).to_have_text(names[0])


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.function.value)
def test_the_first_screen_fits_a_phone_in_the_dark(visit, journey: Journey) -> None:
    page = visit(journey.function, "/", PHONE, "dark")
    settle(page)
    check_fits(page)
    check_accessibility(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_revops_drafts_rules_by_keyboard_alone(visit, sample, javascript: bool) -> None:
    page = visit("revops", "/tiers/", javascript=javascript)
    tab_to(page, "Begin a draft of rules")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is begun. Nothing changes for accounts")).to_be_visible()
    first, *_, moved, _last = page.locator("#rules tbody th").all_inner_texts()
    tab_to(page, f"Edit {first}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(first)
    tab_to(page, "rule-1-value")
    page.keyboard.press("Control+a")
    page.keyboard.type("300,000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("ARR ≥ $250,000 became ARR ≥ $300,000").first).to_be_visible()
    tab_to(page, f"Move {moved} up")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"“{moved}” is one place higher.")).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == f"Edit {moved}", "the keyboard goes on where the rule stands now"
    tab_to(page, "Preview it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Preview of")).to_be_visible()
    preview = page.url
    sample.work()
    reload_until(page, preview, "#accounts")
    tab_to(page, page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").last.inner_text())
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Throw this draft away")).to_be_visible()
    tab_to(page, "Throw this draft away")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It can be brought back")).to_be_visible()
    tab_to(page, "Throw this draft away")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is thrown away.")).to_be_visible()
