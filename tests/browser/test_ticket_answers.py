"""A ticket is answered by keyboard, and without scripts; a ladder is changed without scripts, its effect seen first."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FIRST = "tbody tr:first-child th a"


def test_a_note_is_left_by_keyboard_and_stands_in_the_story(visit) -> None:
    page = visit("support", "/support/queue/")
    page.goto(page.url.replace("/support/queue/", page.locator(FIRST).get_attribute("href")))
    page.get_by_label("Internal note").focus()
    page.keyboard.press("Space")
    tab_to(page, "body")
    page.keyboard.type("Ask Ada before you answer.")
    tab_to(page, "Record")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Recorded: your note.")).to_be_visible()
    expect(page.locator("#story")).to_contain_text("Ask Ada before you answer.")
    expect(page.locator("#story")).to_contain_text("noted, for colleagues only")


def test_a_reply_is_recorded_without_scripts(visit) -> None:
    page = visit("support", "/support/queue/", javascript=False)
    page.locator(FIRST).click()
    page.get_by_label("Reply to the customer").check()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_text("Write something, or choose another status or priority.")).to_be_visible()
    page.troubles.clear()  # Chromium notes the refusal.
    page.get_by_label("Text").fill("It works again.")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_text("Recorded: your reply.")).to_be_visible()
    expect(page.locator("#story")).to_contain_text("It works again.")


def test_a_ladder_is_previewed_and_put_in_force_without_scripts(visit) -> None:
    page = visit("revops", "/support/escalations/ladder/", javascript=False)
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("After minutes").first.fill("5")
    expect(page.get_by_role("button", name="Put in force")).to_have_count(0)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("What it would have meant in the last 90 days")).to_be_visible()
    page.get_by_role("button", name="Put in force").click()
    expect(page).to_have_url(re.compile(r"/support/escalations/ladder/$"))
    expect(page.get_by_text("After 5 min who has the ticket").first).to_be_visible()
