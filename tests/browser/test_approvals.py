"""Approvals and the audit of the configuration in a browser: by keyboard, without JavaScript, accessible, fitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from people.approvals.models import ApprovalRequest
from people.approvals.services import comment_on_request, delegate
from people.configuration.history import Asked, read_saves
from people.configuration.registry import sections
from people.models import User
from people.services import change_access
from tests.browser.conftest import PHONE, WIDE, check_accessibility, check_fits
from tests.people.approving import Discount, ask, declared
from tests.users import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner() -> Iterator[Discount]:
    with declared() as owner:
        yield owner


@pytest.fixture
def request_of_sales(owner: Discount) -> ApprovalRequest:
    facts = [
        {"label": "Discount", "before": "none", "after": 12, "unit": "percent"},
        {"label": "ARR", "after": 182_000, "currency": "EUR", "category": "support_history"},
    ]
    return ask(make_user("sales", name="Sam Sales"), title="12 % for Nordwind", data={"facts": facts})


@pytest.fixture
def open_as(window: Callable[..., Page], live_server: Any) -> Callable[..., Page]:
    """Open a window of somebody who is signed in already."""

    def open_page(user: User, *options: Any, **more: Any) -> Page:
        client = Client()
        client.force_login(user)
        page = window(*options, **more)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}]
        )
        return page

    return open_page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_its_pages_are_accessible_and_fit(
    open_as: Any, live_server: Any, request_of_sales: ApprovalRequest, width: int, theme: str
) -> None:
    revops, controller = make_user("revops"), make_user("finance")
    today = timezone.localdate()
    delegate(giver=controller, taker=revops, starts_on=today, ends_on=today + timedelta(days=3))
    comment_on_request(request=request_of_sales, by=controller, text="Since when?")
    change_access(levels={("support", "revenue"): "totals"}, by=revops)
    save = read_saves(Asked([sections["access"]]), size=1)[0][0]
    page = open_as(revops, width, theme)
    for path in (
        "/approvals/",
        "/approvals/?show=all&q=nothing",
        f"/approvals/{request_of_sales.pk}/",
        "/approvals/delegations/",
        "/configuration/",
        save.restore_url,
    ):
        page.goto(live_server.url + path)
        check_accessibility(page)
        check_fits(page)


def test_a_request_is_found_and_decided_by_keyboard(
    open_as: Any, live_server: Any, request_of_sales: ApprovalRequest, owner: Discount
) -> None:
    page = open_as(make_user("finance"))
    page.goto(f"{live_server.url}/approvals/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="12 % for Nordwind")).to_be_visible()
    page.get_by_label("Comment").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You approved “12 % for Nordwind”.")).to_be_visible()
    assert owner.outcomes == [("approved", request_of_sales.subject_id)]


def test_a_refusal_keeps_what_was_typed_and_works_without_javascript(
    open_as: Any, live_server: Any, request_of_sales: ApprovalRequest, owner: Discount
) -> None:
    page = open_as(make_user("finance"), javascript=False)
    page.goto(f"{live_server.url}/approvals/{request_of_sales.pk}/")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Say why, so that whoever asked knows what to do.")).to_be_visible()
    page.troubles.clear()  # the console's own line about the answer 422
    page.get_by_label("Comment").fill("Not this year.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("You rejected “12 % for Nordwind”.")).to_be_visible()
    assert owner.outcomes == [("rejected", request_of_sales.subject_id)]


def test_a_change_of_access_is_taken_back_from_the_audit(open_as: Any, live_server: Any) -> None:
    revops = make_user("revops")
    change_access(levels={("support", "revenue"): "totals"}, by=revops)
    page = open_as(revops)
    page.goto(f"{live_server.url}/configuration/?section=access")
    page.get_by_role("link", name="Take back the change of Who reads what").first.click()
    expect(page.get_by_text("from Totals only to Nothing")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("It is taken back.")).to_be_visible()
    expect(page.get_by_text("from Totals only to Nothing").first).to_be_visible()
