"""Every page, in both themes and both widths: axe has nothing serious to say, and nothing scrolls sideways."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from django.utils import timezone
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import PHONE, WIDE, check_accessibility, check_fits, reload_until, settle
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
FIRST = {
    "account": "/accounts/",
    "contract": "/contracts/",
    "invoice": "/finance/invoices/",
    "payment": "/finance/payments/",
    "calendar": "/support/calendars/",
}
# When the document that is shown began: another one means another page.
BEGUN = "performance.timeOrigin"
# {account} is the first account of the list, and so are {contract}, {invoice}, {payment} and {calendar} of theirs.
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
    "/support/calendars/",
    "{calendar}?start=2026-11-27T16:30&minutes=600",
    "{calendar}change/",
    "/support/calendars/new/",
    "/support/policies/",
    "/support/policies/1/",
    "/support/escalations/?show=all",
    "/support/escalations/ladder/",
    "/support/escalations/ladder/edit/",
    "/support/queue/",
    "/support/queue/board/?hours=24",
    "/support/queue/?state=over&priority=urgent",
    "/support/attainment/?months=12",
    "/support/routing/",
    "/support/teams/",
    "/support/teams/1/",
    "/support/teams/new/",
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
    "/people/me/notices/",
    "/people/me/notices/?show=unread&topic=tasks",
    "/approvals/",
    "/approvals/delegations/",
    "/people/absences/",
    "/people/skills/",
    "/people/skills/?show=people",
    "/people/skills/new/",
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
    "/tasks/",
    "/tasks/?show=all",
    "/health-checks/",
    "/health-checks/checklist/",
    "/surveys/",
    "/surveys/rules/",
    "/collections/",
    "/collections/?column=unasked",
    "/collections/messages/",
    "/collections/policy/",
    "/collections/policy/1/preview/",
    "/contracts/",
    "{contract}",
    "{contract}paper/",
    "/contracts/obligations/",
    "/contracts/renewals/",
    "/contracts/calendar/",
    "/clauses/",
    "/clauses/termination/",
    "/deviations/",
    "/deviations/use/",
    "/finance/invoices/drafts/due/",
    "/finance/invoices/drafts/",
    "{account}billing/",
    "{account}statement/",
    "/finance/invoices/",
    "{invoice}",
    "/finance/invoices/accuracy/",
    "/finance/ageing/",
    "/finance/payments/",
    "{payment}",
    "/nowhere/",
)
# What RevOps doesn't read.
COSTS = ("/finance/cost-to-serve/", "/finance/cost-to-serve/rates/", "/finance/cost-to-serve/rates/new/")
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
    "/sync/imports/{done}/",
    "/sync/imports/{done}/undo/",
    "/sync/connections/{connection}/runs/{run}/",
    "/accounts/lists/{by_hand}/",
    "/accounts/lists/{by_rule}/",
    "/accounts/lists/{by_rule}/condition/",
    "/accounts/lists/{by_rule}/history/",
    "/accounts/duplicates/",
    "/accounts/duplicates/waiting/",
    "/accounts/duplicates/merge/{twin}/{other}/",
    "/accounts/duplicates/merges/{merge}/",
    "/accounts/duplicates/merges/new/?winner=nobody&loser=",
    "/finance/retention/",
    "/finance/retention/?definition=flow&rates=dated&by=industry",
    "/finance/retention/?to=2001-01",
    "/finance/retention/accounts/?step=churn",
    "/finance/retention/changes/?measure=grr",
    "/finance/retention/cohorts/",
    "/finance/retention/differences/",
    "/finance/retention/forecast/?quarter=1",
    "/finance/retention/months/",
    "/finance/retention/policy/?definition=flow",
)


def look_at(page: Page, width: int, problems: dict[tuple[str, str], str], name: str) -> None:
    """Check the page that is shown in each theme that its width asks for; note what is wrong with it."""
    for theme, rules in LOOKS if width == WIDE else PHONE_LOOKS:
        page.emulate_media(color_scheme=theme)
        # On a busy machine a click returns before its page has come: look again at the one that then stands.
        for attempts_left in reversed(range(10)):
            page.wait_for_load_state()
            begun = page.evaluate(BEGUN)
            try:
                settle(page)
                check_accessibility(page, *rules)
                check_fits(page)
            except AssertionError as error:
                problems[name, theme] = str(error)
            except Error:
                # A page that goes has lost its document before the next one has begun.
                if not attempts_left:
                    raise
                continue
            if page.evaluate(BEGUN) == begun:
                break
            problems.pop((name, theme), None)


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_every_page_is_accessible_and_fits(visit, sample, width: int) -> None:
    page = visit("revops", "/accounts/", width)
    first = {}
    for name, listed in FIRST.items():
        page.goto(sample + listed)
        link = page.locator(f"tbody a[href^='{listed}']").first
        first[name] = link.get_attribute("href")
    problems: dict[tuple[str, str], str] = {}
    for path in PAGES:
        page.goto(sample + path.format(**first))
        look_at(page, width, problems, path)
    page.troubles[:] = [line for line in page.troubles if "404" not in line]
    assert problems == {}


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_what_accounts_cost_is_accessible_and_fits(visit, sample, width: int) -> None:
    page = visit("finance", COSTS[0], width)
    problems: dict[tuple[str, str], str] = {}
    for path in COSTS:
        page.goto(sample + path)
        look_at(page, width, problems, path)
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
    problems: dict[tuple[str, str], str] = {}
    look = partial(look_at, page, width, problems)
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
    problems: dict[tuple[str, str], str] = {}
    look = partial(look_at, page, width, problems)
    page.get_by_role("button", name="Begin a draft of points").click()
    points = page.url
    look("points")
    for name in ("rules/1/", "terms/", "discard/"):
        page.goto(f"{points}{name}")
        look(f"points {name}")
    page.get_by_role("button", name="Throw this draft away").click()

    page.get_by_role("button", name="Begin a draft of rules").click()
    look("version")
    draft = page.url
    for name in ("rules/new/", "terms/", "rules/1/"):
        page.goto(f"{draft}{name}")
        look(name)
    stay = page.get_by_label("To stay")
    stay.fill("900000")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("harder to meet than the one to enter")).to_be_visible()
    # The message stands below its field, as wide as that, and not beside it.
    assert page.locator(".abe-condition-line .abe-error").bounding_box()["height"] < 100
    look("threshold refused")
    page.goto(f"{draft}terms/")
    page.get_by_label("Minimum dwell, days").fill("-1")
    page.get_by_role("button", name="Save", exact=True).click()
    look("terms refused")
    page.goto(f"{draft.replace('versions', 'entitlements')}")
    look("entitlements of a draft")
    page.get_by_role("link", name="Edit Strategic").click()
    look("entitlements edited")
    page.goto(draft)
    page.get_by_role("button", name="Preview it").click()
    preview = page.url
    look("preview at work")
    sample.work()
    reload_until(page, preview, "#accounts")
    look("preview")
    page.goto(f"{draft}discard/")
    page.get_by_role("button", name="Throw this draft away").click()
    page.troubles[:] = [line for line in page.troubles if "422" not in line]
    assert problems == {}


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_what_rules_and_overrides_do_to_an_account_is_accessible_and_fits(visit, sample, width: int) -> None:
    page = visit("revops", "/tiers/", width)
    problems: dict[tuple[str, str], str] = {}
    look = partial(look_at, page, width, problems)
    page.get_by_role("button", name="Begin a draft of rules").click()
    version = page.url
    page.get_by_role("button", name="Preview it").click()
    sample.work()
    reload_until(page, page.url, "#accounts")
    page.get_by_role("button", name=re.compile("^Publish Version")).click()
    look("publication at work")
    publication = page.url
    sample.work()
    page.goto(publication)
    look("publication done")
    page.goto(version)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Published")
    look("version in force")
    account = page.goto(f"{sample}/accounts/?tier=growth") and page.locator("tbody th a").first
    path = account.get_attribute("href").split("?")[0].replace("/accounts/", "/tiers/accounts/")
    page.goto(sample + path)
    page.get_by_role("button", name="Put into this tier").click()
    look("decision refused")
    page.get_by_label("Tier", exact=True).select_option("strategic")
    page.get_by_label("First day without it").fill(f"{timezone.localdate() + timedelta(days=9)}")
    page.get_by_label("Reason").fill("Looked at")
    page.get_by_role("button", name="Put into this tier").click()
    page.locator("summary", has_text="End it today").click()
    look("override")
    page.get_by_label("Why it ends").fill("Looked at")
    page.get_by_role("button", name="End the override to Strategic today").click()
    for name in ("path/", "entitlements/first_response/"):
        page.goto(f"{sample}{path}{name}")
        look(name)
    for name in ("/tiers/overrides/?ended=1", "/tiers/entitlements/", "/tiers/guide/", "/tiers/guide/links/"):
        page.goto(sample + name)
        look(name)
    page.get_by_label("For whom").fill("A customer")
    page.get_by_role("button", name="Make a link").click()
    look("link made")
    shared = re.search(r"/tiers/shared/[\w-]+/", page.content())
    assert shared
    stranger = page.context.browser.new_context(viewport={"width": width, "height": 860}).new_page()
    stranger.goto(sample + shared[0])
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Our customer tiers")
    look_at(stranger, width, problems, "shared guide")
    stranger.context.close()
    page.goto(f"{version}retire/")
    look("retire")
    page.get_by_role("button", name=re.compile("^Retire Version")).click()
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
    expect(page.get_by_text("Fill in “Reason”.")).to_be_visible()


def _delivery(page: Page, site: str, ids: dict[str, str]) -> None:
    page.goto(f"{site}/sync/webhooks/{ids['endpoint']}/")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("heading", name="webhook.test")).to_be_visible()


def _replay(page: Page, site: str, ids: dict[str, str]) -> None:
    page.goto(f"{site}/sync/webhooks/{ids['endpoint']}/")
    page.get_by_label("Everything since").fill(f"{timezone.localdate() - timedelta(days=1)}T00:00:00")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("button", name="Send again")).to_be_visible()


def _importing(page: Page, site: str, ids: dict[str, str]) -> None:
    page.goto(f"{site}/sync/imports/new/")
    file = {"name": "more.csv", "mimeType": "text/csv", "buffer": b"Company;Website\nMore;more.example\n"}
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload and read").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name=re.compile("^Import 1 row")).click()
    expect(page.locator("#import-page")).to_be_visible()


# Pages that a form answers with.
ANSWERS = {
    "importing": _importing,
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
