"""The editor of conditions by keyboard: in place with JavaScript, and by whole pages without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, check_accessibility, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_a_condition_is_built_by_keyboard_and_kept_in_place(visit) -> None:
    page = visit("revops", "/accounts/")
    page.get_by_role("link", name="Condition", exact=True).click()
    page.locator("#where-1-field").focus()
    page.locator("#where-1-field").select_option("finance.arr")
    expect(page.locator("#where-1-op")).to_be_focused()
    page.keyboard.press("Tab")
    assert focused(page) == "where-1-value"
    page.keyboard.type("100,000")
    page.locator("#where-0-add").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#where-2-field")).to_be_focused()
    expect(page.locator("#where-1-value")).to_have_value("100,000")
    page.locator("#where-2-field").select_option("accounts.tier")
    expect(page.locator("#where-2-op")).to_be_focused()
    page.get_by_label("Strategic").check()
    page.locator("#where-0-group").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#where-3-match")).to_be_focused()
    check_accessibility(page)
    page.get_by_role("button", name="Remove this group").click()
    expect(page.locator("#where-0-add")).to_be_focused()
    page.locator("#where-1-value").focus()
    page.keyboard.press("Enter")
    chip = page.get_by_role("link", name="ARR ≥ $100,000 and Tier is one of Strategic", exact=True)
    expect(chip).to_be_visible()
    chip.click()
    expect(page.locator("#where-1-value")).to_have_value("100000")
    page.locator("#where-1-value").fill("a lot")
    page.get_by_role("button", name="Show accounts").click()
    expect(page.locator("#where-1-value")).to_be_focused()
    expect(page.locator("#where-1-value-error")).to_contain_text("“a lot” is no number.")
    check_accessibility(page)


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_a_condition_is_built_without_javascript(visit, width: int) -> None:
    page = visit("revops", "/accounts/where/", width, javascript=False)
    page.locator("#where-1-field").select_option("finance.renewal_on")
    page.get_by_role("button", name="Show its values").click()
    page.locator("#where-1-op").select_option("within_next_days")
    page.get_by_role("button", name="Show its values").click()
    page.locator("#where-1-value").fill("90")
    page.get_by_role("button", name="Add a condition").click()
    expect(page.locator("#where-1-value")).to_have_value("90")
    page.get_by_role("button", name="Remove condition 2").click()
    page.get_by_role("button", name="Show accounts").click()
    expect(
        page.get_by_role("link", name="Next renewal is within the next 90 days", exact=True)
    ).to_be_visible()
    check_fits(page)
