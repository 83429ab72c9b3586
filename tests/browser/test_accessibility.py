"""Every page, in both themes and both widths: axe has nothing serious to say, and nothing scrolls sideways."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, check_accessibility, check_fits, settle
from tests.browser.furnishing import Furnished

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# The theme changes colours and nothing else, so contrast is what the second look is about.
LOOKS: tuple[tuple[str, tuple[str, ...]], ...] = (("light", ()), ("dark", ("color-contrast",)))
# On the phone colours are those of the wide page; one theme shows what its layout does.
PHONE_LOOKS = (("dark", ()),)
CONDITION = (
    '{"all":[{"field":"finance.arr","op":"gte","value":50000},{"any":[{"field":"accounts.country","op":"in","value":'
    '["DE","FR"]},{"not":{"all":[{"field":"finance.renewal_on","op":"within_next_days","value":90},{"field":'
    '"accounts.tier","op":"in","value":["strategic"]}]}},{"field":"custom.gone","op":"is_set"}]}]}'
)
# {account} is the first account of the list.
PAGES = (
    "/",
    "/accounts/",
    "/accounts/?tier=strategic&accounts.country=FR",
    "/accounts/?q=zzzz-nothing",
    f"/accounts/?where={quote(CONDITION)}",
    f"/accounts/where/?where={quote(CONDITION)}",
    "{account}?lens=overview",
    "{account}?lens=sales",
    "{account}?lens=success",
    "{account}?lens=support",
    "{account}?lens=finance",
    "{account}?lens=product",
    "{account}timeline/",
    "/search/?q=wil",
    "/metrics/",
    "/metrics/runs/",
    "/metrics/explain/finance.nrr/",
    "/people/access/",
    "/people/access/?draft=support:revenue:totals",
    "/people/access/review/?defaults=1",
    "/people/users/",
    "/people/users/new/",
    "/people/users/1/",
    "/people/me/",
    "/approvals/",
    "/approvals/delegations/",
    "/configuration/",
    "/settings/",
    "/sync/",
    "/sync/batches/2/",
    "/sync/pending/",
    "/sync/sources/",
    "/sync/sources/zendesk/support_history/",
    "/sync/webhooks/",
    "/sync/webhooks/new/",
    "/sync/tokens/",
    "/sync/tokens/new/",
    "/sync/precedence/",
    "/sync/precedence/edit/?resource=accounts",
    "/sync/connections/",
    "/sync/connections/new/",
    "/sync/connections/new/salesforce/",
    "/sync/imports/",
    "/accounts/views/",
    "/accounts/views/new/?tier=strategic&columns=accounts.tier",
    "/accounts/lists/",
    "/accounts/lists/new/?kind=rule",
    "/accounts/lists/add/?tier=strategic",
    "/accounts/duplicates/",
    "/accounts/duplicates/waiting/",
    "/accounts/duplicates/apart/",
    "/accounts/duplicates/merges/",
    "/accounts/duplicates/domains/",
    "/product/events/",
    "/scores/",
    "/scores/?of=customers&by=engagement",
    "/scores/models/fit/",
    "/scores/models/fit/1/",
    "/scores/models/fit/1/preview/",
    "/scores/models/intent/2/",
    "/scores/models/intent/2/preview/",
    "/scores/models/intent/2/rules/1/",
    "/scores/models/intent/2/rules/new/",
    "/tiers/",
    "/tiers/overrides/",
    "/nowhere/",
)
# What the data platform shows once it is at work; the names are those of ``Furnished.ids``.
WORKING = (
    "/sync/batches/{batch}/",
    "/sync/batches/{batch}/undo/",
    "/sync/pending/",
    "/sync/pending/{pending}/",
    "/sync/sources/",
    "/sync/sources/erp/account_profile/",
    "/sync/records/accounts/{shared}/",
    "/sync/records/accounts/{shared}/industry/",
    "/sync/records/accounts/{shared}/industry/pin/",
    "/sync/records/accounts/{shared}/lifecycle/pin/",
    "/sync/tokens/{token}/limit/",
    "/sync/tokens/{token}/revoke/",
    "/sync/webhooks/{endpoint}/",
    "/sync/webhooks/{endpoint}/edit/",
    "/sync/webhooks/{endpoint}/remove/",
    "/sync/connections/{connection}/",
    "/sync/connections/{connection}/settings/",
    "/sync/connections/{connection}/objects/companies/",
    "/sync/connections/{connection}/delete/",
    "/sync/imports/{import}/",
    "/accounts/duplicates/waiting/",
    "/accounts/duplicates/merge/{twin}/{other}/",
    "/accounts/duplicates/merges/{merge}/",
    "/accounts/duplicates/merges/new/?winner=nobody&loser=",
)


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_every_page_is_accessible_and_fits(visit, sample, width: int) -> None:
    page = visit("revops", "/accounts/", width)
    account = page.locator("tbody a[href^='/accounts/']").first.get_attribute("href")
    problems = {}
    for path in PAGES:
        page.goto(sample + path.format(account=account))
        settle(page)
        for theme, rules in LOOKS if width == WIDE else PHONE_LOOKS:
            page.emulate_media(color_scheme=theme)
            try:
                check_accessibility(page, *rules)
                check_fits(page)
            except AssertionError as error:
                problems[path, theme] = str(error)
    page.troubles[:] = [line for line in page.troubles if "404" not in line]
    assert problems == {}


@pytest.fixture(scope="module")
def furnished() -> dict[str, Furnished]:
    """What was brought in for the pages of the data platform, by the first who needs it."""
    return {}


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_the_data_platform_at_work_is_accessible_and_fits(
    visit, sample, furnished, tmp_path: Path, width: int
) -> None:
    page = visit("revops", "/sync/", width)
    if sample not in furnished:
        furnished[sample] = Furnished(page, sample, tmp_path)
    ids = furnished[sample].ids
    problems = {}

    def look(name: str) -> None:
        settle(page)
        for theme, rules in LOOKS if width == WIDE else PHONE_LOOKS:
            page.emulate_media(color_scheme=theme)
            try:
                check_accessibility(page, *rules)
                check_fits(page)
            except AssertionError as error:
                problems[name, theme] = str(error)

    for path in WORKING:
        page.goto(sample + path.format(**ids))
        look(path)
    for name, bring in ANSWERS.items():
        bring(page, sample, ids)
        look(name)
    page.troubles[:] = [line for line in page.troubles if "422" not in line]
    assert problems == {}


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_the_pages_of_tier_rules_are_accessible_and_fit(visit, sample, width: int) -> None:
    page = visit("revops", "/tiers/", width)
    problems = {}

    def look(name: str) -> None:
        settle(page)
        for theme, rules in LOOKS if width == WIDE else PHONE_LOOKS:
            page.emulate_media(color_scheme=theme)
            try:
                check_accessibility(page, *rules)
                check_fits(page)
            except AssertionError as error:
                problems[name, theme] = str(error)

    page.get_by_role("button", name="Begin a draft of rules").click()
    look("version")
    draft = page.url
    for name in ("rules/1/", "rules/new/", "terms/"):
        page.goto(f"{draft}{name}")
        look(name)
    page.get_by_label("Minimum dwell, days").fill("-1")
    page.get_by_role("button", name="Save", exact=True).click()
    look("terms refused")
    page.goto(draft)
    page.get_by_role("button", name="Preview it").click()
    look("preview")
    page.goto(draft)
    page.get_by_role("button", name="Throw this draft away").click()
    page.goto(f"{sample}/tiers/")
    page.get_by_role("button", name="Begin a draft of points").click()
    look("points")
    page.goto(f"{page.url}terms/")
    look("thresholds")
    page.troubles[:] = [line for line in page.troubles if "422" not in line]
    assert problems == {}


def _discard(page: Page, site: str, ids: dict[str, str]) -> None:
    page.goto(f"{site}/sync/pending/{ids['pending']}/")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", name="Discard 1 record?")).to_be_visible()


def _order(page: Page, site: str, ids: dict[str, str]) -> None:
    page.goto(f"{site}/sync/precedence/edit/?resource=accounts")
    page.get_by_label("Place 1", exact=True).select_option("erp")
    page.get_by_role("button", name="Show the effect").click()
    expect(page.get_by_role("button", name="Save the order")).to_be_visible()


def _bad_pin(page: Page, site: str, ids: dict[str, str]) -> None:
    page.goto(f"{site}/sync/records/accounts/{ids['shared']}/employees/pin/")
    page.get_by_label("Value").fill("many")
    page.get_by_role("button", name="Pin the value").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()


def _delivery(page: Page, site: str, ids: dict[str, str]) -> None:
    page.goto(f"{site}/sync/webhooks/{ids['endpoint']}/")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("heading", name="webhook.test")).to_be_visible()


def _replay(page: Page, site: str, ids: dict[str, str]) -> None:
    page.goto(f"{site}/sync/webhooks/{ids['endpoint']}/")
    page.get_by_label("Everything since").fill(f"{timezone.localdate() - timedelta(days=1)}T00:00:00")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("button", name="Send again")).to_be_visible()


# Pages that a form answers with.
ANSWERS = {
    "discard": _discard,
    "order": _order,
    "bad pin": _bad_pin,
    "delivery": _delivery,
    "replay": _replay,
}


@pytest.mark.parametrize(("width", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_a_forbidden_page_says_whom_to_ask(visit, width: int, theme: str) -> None:
    page = visit("support", "/sync/", width, theme)
    check_accessibility(page)
    check_fits(page)
    assert re.search(r"ask .+@ferrowick\.example", page.locator("main").inner_text())
    page.troubles[:] = [line for line in page.troubles if "403" not in line]


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_the_entrance_is_accessible_and_fits(window, sample, width: int) -> None:
    page = window(width)
    for path in ("/login/login/", "/login/password/reset/"):
        page.goto(sample + path)
        for theme, rules in LOOKS:
            page.emulate_media(color_scheme=theme)
            check_accessibility(page, *rules)
            check_fits(page)
