"""The weights of a health model's draft: by number, by drag and by keyboard, with the shares told at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, check_accessibility, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def shares(page: Page) -> list[int]:
    return [int(text.rstrip("%")) for text in page.locator("[data-share]").all_inner_texts()]


def begin(visit, *options) -> Page:
    page = visit("revops", "/metrics/health/new/", *options)
    page.get_by_role("button", name="Begin the draft").click()
    page.wait_for_url("**/edit/")
    return page


def test_weights_are_dragged_typed_and_moved_by_keyboard(visit) -> None:
    page = begin(visit)
    sliders = page.get_by_role("slider")
    expect(page.get_by_text("Drag a bar")).to_be_visible()
    first, others = page.locator("[data-weight]").first, page.locator("[data-weight]").nth(1)
    kept = others.input_value()
    box = sliders.first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert 49 <= shares(page)[0] <= 51
    assert abs(sum(shares(page)) - 100) <= len(shares(page)) / 2
    expect(others).to_have_value(kept)
    sliders.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert 51 <= shares(page)[0] <= 53
    expect(sliders.first).to_have_attribute(
        "aria-valuetext", f"{shares(page)[0]}% of the whole, weight {first.input_value()}"
    )
    first.fill("0")
    assert shares(page)[0] == 0
    check_accessibility(page)
    page.get_by_role("button", name="Save the draft").click()
    error = page.locator(".health-weight .abe-error")
    expect(error).to_have_count(1)
    page.troubles[:] = [line for line in page.troubles if "422" not in line]
    expect(others).to_have_value(kept)
    first.fill("40")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator("[data-weight]").first).to_have_value("40")
    expect(page.locator(".health-weight .abe-error")).to_have_count(0)


def test_a_draft_is_edited_on_a_phone_without_javascript(visit) -> None:
    page = visit("revops", "/metrics/health/new/", PHONE, javascript=False)
    page.get_by_role("button", name="Begin the draft").click()
    check_fits(page)
    expect(page.get_by_text("Drag a bar")).to_be_hidden()
    page.locator("[data-weight]").first.fill("33")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator("[data-weight]").first).to_have_value("33")
    page.locator("#id_add").select_option(index=1)
    page.get_by_role("button", name="Add", exact=True).click()
    before = page.locator("[data-weight]").count()
    page.get_by_role("button", name="Remove", exact=False).first.click()
    expect(page.locator("[data-weight]")).to_have_count(before - 1)
