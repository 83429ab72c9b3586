"""A day at the queue by keyboard: move, choose, take; and what changes meanwhile moves nothing under the reader."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LIVE = "window.htmx.trigger(document.querySelector('[data-live]'), 'live')"


def order(page) -> list[str]:
    """Return the tickets shown, in order."""
    return page.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.dataset.key)")


def test_an_agent_works_through_the_queue_by_keyboard(visit) -> None:
    page = visit("support", "/support/queue/")
    keys = order(page)
    assert len(keys) > 2
    page.keyboard.press("?")
    expect(page.get_by_text("Next ticket")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    active = page.locator("tbody tr.is-active")
    expect(active).to_have_attribute("data-key", keys[1])
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()

    # What comes meanwhile changes words, not places: the row stays, chosen and with the focus.
    with page.expect_response(lambda answer: answer.url.endswith("/support/queue/")):
        page.evaluate(LIVE)
    expect(active).to_have_attribute("data-key", keys[1])
    expect(active.locator("input[type=checkbox]")).to_be_checked()
    assert page.evaluate("document.activeElement.closest('tr')?.dataset.key") == keys[1]

    page.get_by_role("button", name="Take").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("One ticket is with you now.")).to_be_visible()

    page.get_by_role("link", name="Mine").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("who=mine"))
    assert keys[1] in order(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/support/tickets/\d+/"))


def test_rows_that_moved_are_told_and_shown_when_asked_for(visit) -> None:
    page = visit("support", "/support/queue/")
    keys = order(page)
    page.keyboard.press("j")
    # As if a ticket had come since: the one on top was not there when the page was drawn.
    page.evaluate("document.querySelector('tbody tr').remove()")
    page.keyboard.press("j")
    with page.expect_response(lambda answer: answer.url.endswith("/support/queue/")):
        page.evaluate(LIVE)
    expect(page.get_by_text("The list has changed: 1 ticket came.")).to_be_visible()
    assert order(page) == keys[1:]
    page.get_by_role("button", name="Show now").click()
    expect(page.locator("tbody tr")).to_have_count(len(keys))
    assert order(page) == keys
    expect(page.locator("tbody tr.is-active")).to_have_attribute("data-key", keys[1])
