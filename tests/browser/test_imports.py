"""A file goes from upload to its dry run by keyboard alone, on pages that are accessible and fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, check_accessibility, check_fits, settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDE = 1440
FILE = "Company;Website;Seen;Staff\nFirma 1;one.example;03/04/2026;7\nFirma 2;two.example;05/06/2026;many\n"


def look(page: Page) -> None:
    settle(page)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        check_accessibility(page)
        check_fits(page)


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_a_file_is_tried_out_by_keyboard(visit, sample, tmp_path: Path, width: int) -> None:
    path = tmp_path / "f.csv"
    path.write_text(FILE)
    page = visit("revops", "/sync/imports/new/", width)
    look(page)
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Upload and read").press("Enter")
    expect(page.get_by_role("heading", name="f.csv")).to_be_visible()
    look(page)

    seen = page.get_by_label("Seen goes to")
    seen.focus()
    seen.select_option("source_updated_at")
    # The part is drawn anew with the question, and the focus is where it was.
    form = page.get_by_label("Seen is written")
    expect(form).to_be_visible()
    expect(seen).to_be_focused()
    look(page)
    page.get_by_role("button", name="Try it out").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("1 thing to settle")
    look(page)
    form.select_option("dmy")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(form).to_have_value("dmy")
    page.get_by_role("button", name="Try it out").press("Enter")
    expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()
    expect(page.locator("main")).to_contain_text("“many” is no number")
    look(page)
    page.get_by_role("button", name="Throw it away").press("Enter")
    expect(page.locator("main")).to_contain_text("Nothing of it came in")
    look(page)
    page.troubles[:] = [line for line in page.troubles if "422" not in line]
