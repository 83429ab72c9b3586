"""A support engineer looks for a revenue figure everywhere and finds the reason instead."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

REASON = "Support does not read revenue. RevOps can change this."
EXPORT = "/accounts/export.csv"
LENSES = ("overview", "sales", "success", "support", "finance", "product")


@pytest.fixture
def secret(visit) -> tuple[str, str, str]:
    """Return an account's address and name, and its ARR as finance reads it: digits and commas."""
    page: Page = visit("finance", "/accounts/?tier=strategic&sort=-finance.arr")
    link = page.locator("tbody th a").first
    address, name = link.get_attribute("href") or "", link.inner_text()
    page.goto(page.url.split("/accounts/")[0] + address)
    figure = page.locator(".abe-header .abe-stat", has=page.get_by_text("ARR", exact=True))
    found = re.search(r"[\d,]{7,}", figure.inner_text())
    assert found, "The sample's largest account has an ARR of millions or hundreds of thousands."
    return address, name, found[0]


def test_support_meets_the_reason_in_the_place_of_every_revenue_figure(visit, sample, secret) -> None:
    address, name, amount = secret
    page = visit("support", address)
    settle(page)
    figure = page.locator(".abe-header .abe-stat", has=page.get_by_text("ARR", exact=True))
    mark = figure.locator(".abe-redacted")
    expect(mark).to_contain_text(REASON)
    mark.focus()
    expect(page.locator(".abe-tooltip")).to_have_text(REASON)

    digits = amount.replace(",", "")
    for lens in LENSES:
        page.goto(f"{sample}{address}?lens={lens}")
        settle(page)
        html = page.content()
        assert amount not in html
        assert digits not in html

    listing = f"{sample}/accounts/?lens=finance&q={name}"
    page.goto(listing)
    expect(page.locator("tbody tr")).to_have_count(1)
    assert digits not in page.content().replace(",", "")
    for query in ("sort=-finance.arr", "finance.arr=100000..", "columns=finance.arr"):
        assert digits not in page.request.get(f"{sample}/accounts/?{query}").text().replace(",", "")


def test_support_gets_no_revenue_figure_by_export_search_explanation_or_api(visit, sample, secret) -> None:
    address, name, amount = secret
    page = visit("support", "/")
    digits = amount.replace(",", "")
    pk = re.search(r"\d+", address)
    assert pk
    answers = {
        path: page.request.get(sample + path)
        for path in (
            f"{EXPORT}?lens=finance&q={name}",
            f"{EXPORT}?columns=finance.arr&id={pk[0]}",
            f"/search/?q={name}",
            f"/metrics/explain/finance.arr/?account={pk[0]}",
            f"/api/v1/accounts/{pk[0]}/",
            f"/api/v1/contract-lines/?account={pk[0]}",
            "/api/v1/metrics/?key=finance.arr&dimension=all",
        )
    }
    assert {path: answer.status for path, answer in answers.items() if answer.status >= 500} == {}
    assert [path for path, answer in answers.items() if digits in answer.text().replace(",", "")] == []
    export = answers[f"{EXPORT}?lens=finance&q={name}"]
    assert export.status == 200
    assert name in export.text()
    assert "redacted" in export.text().lower()


def test_finance_reads_what_support_may_not(visit, sample, secret) -> None:
    address, name, amount = secret
    page = visit("finance", address)
    expect(page.locator(".abe-header")).to_contain_text(amount)
    export = page.request.get(f"{sample}{EXPORT}?lens=finance&q={name}").text()
    assert amount.replace(",", "") in export.replace(",", "")
